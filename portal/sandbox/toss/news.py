"""What the payment company tells unasked: cancels and deleted billing keys, unsigned. A finished charge is never told.

The first try is made at once; one that is not answered by 200 comes again after 1, 4, 16 ... minutes of the sandbox's
clock, whenever `/_control/toss/tick` says that time has passed.
"""

from __future__ import annotations

import secrets
import threading
from datetime import datetime, timedelta
from typing import Any

import httpx

from portal.core.clock import SEOUL
from portal.sandbox.toss.book import Book, Refused
from portal.sandbox.world import World

RETRY_MINUTES = (1, 4, 16, 64, 256, 1024, 4096)
PATIENCE = 10.0


class News:
    """Writes down what is to be told and tells it."""

    def __init__(self, world: World, book: Book) -> None:
        self._world, self._book = world, book

    def tell(self, kind: str, about: str) -> None:
        """`about` is a payment key, or a card's number in the book. Returns at once; the first try runs beside."""
        number, at = secrets.token_hex(16), self._world.store.stamp()
        with self._world.store.open() as rows:
            rows.execute(
                "INSERT INTO toss_news (id, kind, about, made_at, next_at) VALUES (?,?,?,?,?)",
                (number, kind, about, at, at),
            )
        threading.Thread(target=self._try, args=(number,), name="toss-news", daemon=True).start()

    def tick(self) -> dict[str, int]:
        """Try whatever is due by now. Returns how many were tried and how many arrived."""
        due = self._world.store.rows("SELECT id FROM toss_news WHERE next_at <= ?", self._world.store.stamp())
        tried = [self._try(row["id"]) for row in due]
        return {"tried": sum(done is not None for done in tried), "delivered": sum(bool(done) for done in tried)}

    def all(self) -> list[dict[str, Any]]:
        return self._world.store.rows("SELECT * FROM toss_news ORDER BY made_at, id")

    def target(self) -> str:
        """Where it is told: the portal of this machine, unless another address was registered."""
        told = self._world.store.rows("SELECT url FROM toss_target")
        return str(told[0]["url"]) if told else f"http://127.0.0.1:{self._world.settings.port}/webhooks/toss"

    def register(self, url: str) -> None:
        with self._world.store.open() as rows:
            rows.execute("DELETE FROM toss_target")
            if url:
                rows.execute("INSERT INTO toss_target (id, url) VALUES (1, ?)", (url,))

    def _try(self, number: str) -> bool | None:
        """Whether it arrived; None when another try of the same is due later or was just made."""
        news = self._claimed(number)
        if news is None:
            return None
        if not self._sent(news):
            return False
        with self._world.store.open() as rows:
            at = self._world.store.stamp()
            rows.execute("UPDATE toss_news SET delivered_at = ?, next_at = NULL WHERE id = ?", (at, number))
        return True

    def _claimed(self, number: str) -> dict[str, Any] | None:
        """The news, its next try already set, so that no other thread makes the same one."""
        now = self._world.now()
        with self._world.store.open() as rows:
            found = rows.execute(
                "SELECT * FROM toss_news WHERE id = ? AND next_at <= ?", (number, self._world.store.stamp())
            ).fetchone()
            if found is None:
                return None
            left = RETRY_MINUTES[found["tried"] :]
            later = (now + timedelta(minutes=left[0])).isoformat(timespec="microseconds") if left else None
            rows.execute("UPDATE toss_news SET tried = tried + 1, next_at = ? WHERE id = ?", (later, number))
            return dict(found)

    def _sent(self, news: dict[str, Any]) -> bool:
        at = self._world.now().astimezone(SEOUL)
        body = {
            "eventType": news["kind"],
            "createdAt": _local(datetime.fromisoformat(news["made_at"])),
            "data": self._data(news),
        }
        headers = {
            "tosspayments-webhook-transmission-id": news["id"],
            "tosspayments-webhook-transmission-time": at.isoformat(timespec="seconds"),
            "tosspayments-webhook-transmission-retried-count": str(news["tried"]),
        }
        try:
            answer = httpx.post(self.target(), json=body, headers=headers, timeout=PATIENCE, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.status_code == httpx.codes.OK

    def _data(self, news: dict[str, Any]) -> dict[str, Any]:
        if news["kind"] == "BILLING_DELETED":
            return self._book.opened({"billingKey": int(news["about"]), "reason": "삭제 API 요청"})
        try:
            return self._book.find(payment_key=news["about"])
        except Refused:
            return {}


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(SEOUL):%Y-%m-%dT%H:%M:%S.%f}"
