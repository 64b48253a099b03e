"""The tax invoices that the service holds, and how far each has come: reckoned from the clock, so nothing has to run.

300 issued; on the day of filing 301; filed at 15:00 of the next business day, or at once when told: 302, then 303 while
the tax office works, and after 20 minutes 304, or 305 when a failure was ordered.
"""

from __future__ import annotations

import json
import secrets
import string
from datetime import date, datetime, time, timedelta
from typing import Any

from portal.core.clock import SEOUL
from portal.sandbox.business_status import standing
from portal.sandbox.popbill.checks import business_day, check, deadline
from portal.sandbox.popbill.refusals import Refused
from portal.sandbox.world import World

SCHEMA = """
CREATE TABLE IF NOT EXISTS popbill_invoice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mgt_key TEXT NOT NULL UNIQUE,
    item_key TEXT NOT NULL,
    document TEXT NOT NULL,
    confirm_num TEXT NOT NULL,
    issued_at TEXT NOT NULL,
    send_at TEXT NOT NULL,
    cancelled_at TEXT,
    failure TEXT NOT NULL,
    mailed_to TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS popbill_told (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    failure TEXT NOT NULL
);
"""
SYSTEM = "41000000"
FILES_AT = time(15, 0)
WAITS, TAKES = timedelta(minutes=1), timedelta(minutes=20)
FAILURES = {
    "SYN002": "전자서명이 올바르지 않습니다.",
    "SYN003": "이미 사용된 승인번호입니다.",
    "SYN004": "문서 형식이 올바르지 않습니다.",
    "ERR001": "공급자 사업자등록번호가 올바르지 않습니다.",
}
STATES = {
    300: "발행완료",
    301: "전송전",
    302: "전송대기",
    303: "전송중",
    304: "전송성공",
    305: "전송실패",
    600: "발행취소",
}
_CLOSED = {"unknown": 0, "active": 1, "closed": 2, "suspended": 3}


class Papers:
    """Reads and writes the service's rows. Every verb is one transaction."""

    def __init__(self, world: World) -> None:
        self._world, self._store = world, world.store

    def issue(self, document: dict[str, Any]) -> str:
        """Check, keep and issue. Returns the tax office's approval number."""
        now = self._world.now()
        today = now.astimezone(SEOUL).date()
        check(document, self._world.settings.supplier.business_number, today, self._standing)
        key, number = document["invoicer"]["MgtKey"], _confirm_number(today)
        with self._store.open() as rows:
            if rows.execute("SELECT 1 FROM popbill_invoice WHERE mgt_key = ?", (key,)).fetchone():
                raise Refused(-11001902)
            ordered = rows.execute("SELECT * FROM popbill_told ORDER BY id LIMIT 1").fetchone()
            if ordered:
                rows.execute("DELETE FROM popbill_told WHERE id = ?", (ordered["id"],))
            rows.execute(
                "INSERT INTO popbill_invoice (mgt_key, item_key, document, confirm_num, issued_at, send_at, failure)"
                " VALUES (?,?,?,?,?,?,?)",
                (
                    key,
                    f"0{today:%y%m%d}{secrets.randbelow(10**11):011}",
                    json.dumps(document, ensure_ascii=False),
                    number,
                    now.isoformat(),
                    _next_filing(today).isoformat(),
                    ordered["failure"] if ordered else "",
                ),
            )
        return number

    def cancel(self, key: str) -> None:
        row = self.row(key)
        if self.state(row) not in {300, 301}:
            raise Refused(-11001911)
        self._set(key, cancelled_at=self._store.stamp())

    def send(self, key: str) -> None:
        """File at once; one that failed is filed anew."""
        row = self.row(key)
        if self.state(row) not in {300, 301, 305}:
            raise Refused(-11001912)
        failed = self.state(row) == 305  # noqa: PLR2004 - the service's own number
        self._set(key, send_at=self._world.now().isoformat(), failure="" if failed else row["failure"])

    def mail(self, key: str, receiver: str) -> None:
        self.row(key)
        self._set(key, mailed_to=receiver)

    def fail(self, failure: str, key: str = "") -> None:
        """Order a failure of the filing: of one invoice, or of the next that is issued."""
        if key:
            self.row(key)
            self._set(key, failure=failure)
            return
        with self._store.open() as rows:
            rows.execute("INSERT INTO popbill_told (failure) VALUES (?)", (failure,))

    def row(self, key: str) -> dict[str, Any]:
        found = self._store.rows("SELECT * FROM popbill_invoice WHERE mgt_key = ?", key)
        if not found:
            raise Refused(-11000005)
        return found[0]

    def rows(self) -> list[dict[str, Any]]:
        """The last hundred, newest first, each with its state and what was written on it."""
        found = self._store.rows("SELECT * FROM popbill_invoice ORDER BY id DESC LIMIT 100")
        return [self.shown(row) for row in found]

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        state = self.state(row)
        return {**row, "paper": json.loads(row["document"]), "state": state, "word": STATES[state]}

    def address(self, key: str) -> str:
        """Where a person sees it."""
        return f"{self._world.settings.public_url}/sandbox/popbill/{key}"

    def state(self, row: dict[str, Any]) -> int:
        return self._state(row)[0]

    def info(self, row: dict[str, Any]) -> dict[str, Any]:
        """GetInfo's answer."""
        state, since = self._state(row)
        paper = json.loads(row["document"])
        buyer, seller = paper["invoicee"], paper["invoicer"]
        written = datetime.strptime(paper["writeDate"], "%Y%m%d").date()  # noqa: DTZ007 - a day in Seoul
        issued, sent = datetime.fromisoformat(row["issued_at"]), datetime.fromisoformat(row["send_at"])
        is_sent, is_over = state in {302, 303, 304, 305}, state in {304, 305}
        failed = row["failure"] if state == 305 else ""  # noqa: PLR2004 - the service's own number
        return {
            "itemKey": row["item_key"],
            "stateCode": state,
            "stateMemo": STATES[state],
            "stateDT": _stamp(since),
            "taxType": paper["taxType"],
            "purposeType": paper["purposeType"],
            "modifyCode": paper.get("modifyCode"),
            "issueType": paper["issueType"],
            "lateIssueYN": issued.astimezone(SEOUL).date() > deadline(written),
            "interOPYN": False,
            "writeDate": paper["writeDate"],
            "invoicerCorpName": seller["CorpName"],
            "invoicerCorpNum": seller["CorpNum"],
            "invoicerMgtKey": row["mgt_key"],
            "invoiceeCorpName": buyer["CorpName"],
            "invoiceeCorpNum": buyer["CorpNum"],
            "invoiceeMgtKey": None,
            "closeDownState": _CLOSED[self._standing(buyer["CorpNum"])],
            "closeDownStateDate": None,
            "supplyCostTotal": paper["supplyCostTotal"],
            "taxTotal": paper["taxTotal"],
            "issueDT": _stamp(issued),
            "regDT": _stamp(issued),
            "openYN": False,
            "openDT": None,
            "ntsconfirmNum": row["confirm_num"],
            "ntssendDT": _stamp(sent) if is_sent else None,
            "ntsresult": (FAILURES.get(failed, "") if failed else "정상") if is_over else None,
            "ntsresultDT": _stamp(sent + TAKES) if is_over else None,
            "ntssendErrCode": (failed or "SUC001") if is_over else None,
        }

    def _state(self, row: dict[str, Any]) -> tuple[int, datetime]:
        """The state and since when."""
        if row["cancelled_at"]:
            return 600, datetime.fromisoformat(row["cancelled_at"])
        now = self._world.now()
        issued, sent = datetime.fromisoformat(row["issued_at"]), datetime.fromisoformat(row["send_at"])
        morning = datetime.combine(sent.astimezone(SEOUL).date(), time(), SEOUL)
        reached = [(300, issued)]
        reached += [(301, morning)] if issued < morning else []
        reached += [(302, sent), (303, sent + WAITS), (305 if row["failure"] else 304, sent + TAKES)]
        return next((state, since) for state, since in reversed(reached) if since <= now or state == 300)  # noqa: PLR2004

    def _standing(self, number: str) -> str:
        return standing(self._world, number)["state"]

    def _set(self, key: str, **values: object) -> None:
        with self._store.open() as rows:
            for name, value in values.items():
                rows.execute(f"UPDATE popbill_invoice SET {name} = ? WHERE mgt_key = ?", (value, key))  # noqa: S608 - our own names


def _next_filing(issued: date) -> datetime:
    """15:00 of the business day after."""
    return datetime.combine(business_day(issued + timedelta(days=1)), FILES_AT, SEOUL)


def _confirm_number(issued: date) -> str:
    """yyyyMMdd, the service's number at the tax office, eight letters and digits."""
    serial = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
    return f"{issued:%Y%m%d}{SYSTEM}{serial}"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(SEOUL):%Y%m%d%H%M%S}"
