"""No card number, key, password or session lies in clear in any database, log, page, or in anything Redis was ever told.

A company lives a month on real processes, with a card, a charge, a tax invoice, keys, a second factor, and pages that fail
while secrets are in hand. Then everything left behind is searched. That the search can fail is shown by planting a word.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pyotp
import pytest
from redis import Redis
from sqlalchemy import select, text

from jobs.ports import free_port
from portal.accounts import service as accounts
from portal.billing import service as billing
from portal.billing.models import Invoice, InvoiceState, PayBy
from portal.core import clock
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.core.mail import Mail, MailState
from portal.core.outbox import CompanyReceipt
from portal.core.queue import WORK, queue
from portal.core.seal import unseal
from portal.payments.cards import PURPOSE
from portal.payments.models import Card, CardState
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from portal.tenants import keys
from portal.tenants import service as tenants
from portal.tenants.databases import place_of
from portal.tenants.models import Tenant
from tests.billing.office import DETAILS, Office, noon
from tests.engines import PostgresServer, RedisServer, start_tethered, stop, wait_for
from tests.house import search
from tests.tenants.premises import ROOT, Premises, open_company, premises

CARD_NUMBER = "5433 1299 8877 4321"
SIGNED_UP, CLOSED, DUE = date(2026, 10, 1), date(2026, 11, 3), date(2026, 11, 17)
#: Tables that are away for a moment, so that what needs them fails with a secret in hand.
BROKEN = ("person", "api_key", "card", "device")


@dataclass
class Life:
    """A portal with a web process, its secrets by name, and the error pages that it showed."""

    place: Premises
    redis: RedisServer
    postgres: PostgresServer | None
    web: str
    outside: str
    secrets: dict[str, str] = field(default_factory=dict)
    errors: dict[str, bytes] = field(default_factory=dict)
    browsers: list[httpx.Client] = field(default_factory=list)

    def browser(self) -> httpx.Client:
        self.browsers.append(httpx.Client(base_url=self.web, trust_env=False, timeout=60))
        return self.browsers[-1]

    def until(self, condition: object, what: str) -> None:
        """Wait for what the processes do; `condition` is a query that is to find a row."""
        wait_for(lambda: self._finds(condition), what, 120)

    def _finds(self, condition: object) -> bool:
        db.session.rollback()
        return db.session.scalar(condition) is not None  # type: ignore[call-overload]  # a query

    def at(self, day: date) -> None:
        clock.set_to(noon(day))

    def left_behind(self) -> dict[str, bytes]:
        """Everything: rows of all databases, files raw, what Redis was told, logs, error pages."""
        places = search.files_of(self.place.folder) | search.told_to_redis(self.redis.folder) | self.errors
        for path in (self.place.folder / "platform.db", *(self.place.folder / "companies").glob("*.db")):
            if path.exists():
                places |= search.rows_of_sqlite(path)
        for name in search.databases_of(self.postgres) if self.postgres else []:
            places |= search.rows_of_postgres(self.postgres, name)  # type: ignore[arg-type]  # there is one
        return places


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def life(request: pytest.FixtureRequest, tmp_path: Path, engine_folder: Path) -> Iterator[Life]:
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        request.getfixturevalue("postgres_url")
        postgres = request.getfixturevalue("postgres")
    server = RedisServer(engine_folder / f"told-{uuid4().hex[:8]}", options=("--appendonly", "yes")).start()
    port, sandbox = free_port(), free_port()
    settings = {
        "SANDBOX_PORT": str(sandbox),
        "PORT": str(port),
        "PUBLIC_URL": f"http://localhost:{port}",
        "TOSS_SECRET_KEY": f"test_sk_{secrets.token_hex(16)}",
        "POPBILL_SECRET_KEY": base64.b64encode(secrets.token_bytes(24)).decode(),
        "NTS_STATUS_KEY": secrets.token_hex(16),
    }
    with premises(tmp_path, server.url, postgres, **settings) as place:
        made = Life(place, server, postgres, f"http://localhost:{port}", f"http://127.0.0.1:{sandbox}")
        made.secrets = {name: place.environ[name] for name in settings if name.endswith("_KEY")}
        made.secrets["SECRET_KEY"] = place.environ["SECRET_KEY"]
        if postgres is not None:
            made.secrets["database password"] = postgres.password
        commands = (("portal.sandbox",), ("jobs", "clock"), ("jobs", "worker", "work"))
        with _web(made), ExitStack() as processes:
            for command in commands:
                processes.enter_context(place.process(*command))
            wait_for(lambda: _answers(f"{made.outside}/_control/mail"), "the sandbox answers", 60)
            wait_for(lambda: _answers(f"{made.web}/healthz"), "the portal answers", 60)
            yield made
            for browser in made.browsers:
                browser.close()
    server.stop()


@contextmanager
def _web(life: Life) -> Iterator[None]:
    """The web process of the Procfile."""
    words = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", life.place.environ["PORT"], "--workers", "1"]
    with (life.place.folder / "web.log").open("ab") as log:
        process = start_tethered(
            [sys.executable, "-m", "granian", *words, "--blocking-threads", "8", "--no-ws", "--log-level", "warning",
             "wsgi:app"],
            env=os.environ | life.place.environ, cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield
    finally:
        stop(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


# ----- a month, with every secret in it ------------------------------------------------------------------------------


def _invited(life: Life, tenant: Tenant) -> httpx.Client:
    """The owner follows the link of the invitation, sets a password and is in."""
    address = tenant.owner.email
    life.until(select(Mail.id).where(Mail.recipient == address, Mail.state == MailState.SENT), "the invitation is sent")
    (mail,) = httpx.get(f"{life.outside}/_control/mail", params={"to": address}, trust_env=False).json()
    token = re.search(r"/invitations/([\w-]+)", str(mail))
    assert token is not None
    life.secrets |= {"link of an invitation": token[1], "password": f"고래-{secrets.token_hex(8)}"}
    owner = life.browser()
    form = {"password": life.secrets["password"], "again": life.secrets["password"]}
    assert owner.post(f"/invitations/{token[1]}", data=form).status_code == 303
    life.secrets["session of the owner"] = owner.cookies["planroom"]
    return owner


def _card(life: Life, owner: httpx.Client) -> str:
    """Register a card in the window; the address that the window sent the browser back to."""
    window = owner.post("/payment-methods/card").headers["Location"]
    assert window.startswith("/sandbox/")
    query = dict(httpx.QueryParams(urlsplit(window).query))
    back = owner.post(urlsplit(window).path, data=query | {"choice": "card:", "number": CARD_NUMBER}).headers[
        "Location"
    ]
    life.secrets |= {
        "card number": CARD_NUMBER,
        "card number without spaces": CARD_NUMBER.replace(" ", ""),
        "one-time key of the window": httpx.QueryParams(urlsplit(back).query)["authKey"],
    }
    assert owner.get(back).status_code == 303
    life.until(select(Card.id).where(Card.state == CardState.ACTIVE), "the card is registered")
    card = db.session.scalars(select(Card)).one()
    life.secrets["billing key"] = unseal(card.billing_key or "", PURPOSE)
    return back


def _staff(life: Life) -> httpx.Client:
    """Somebody of the staff signs in with a second factor, after having mistyped the password."""
    totp, password = pyotp.random_base32(), f"우산-{secrets.token_hex(8)}"
    wrong = f"{password}-wrong"
    life.secrets |= {"TOTP secret": totp, "password of staff": password, "mistyped password": wrong}
    with write() as session:
        accounts.make_staff(
            session, email="bill@example.com", name="박필", roles=["billing"], password=password, totp_secret=totp
        )
    staff = life.browser()
    staff.post("/sign-in", data={"email": "bill@example.com", "password": wrong})
    assert staff.post("/sign-in", data={"email": "bill@example.com", "password": password}).status_code == 303
    code = pyotp.TOTP(totp).at(clock.fresh())
    assert staff.post("/sign-in/code", data={"code": code}).status_code == 303
    assert staff.get("/staff").status_code == 200
    life.secrets["session of staff"] = staff.cookies["planroom"]
    return staff


def _keys(life: Life, tenant_id: int) -> None:
    """A key made and used, and one that nobody made."""
    with write() as session:
        _row, life.secrets["API key"] = keys.create(session, "usage", tenant_id=tenant_id, label="현장", by="test")
    life.secrets["wrong API key"] = f"plr_{secrets.token_urlsafe(32)}"
    event = {"id": "1", "tenant": tenant_id, "meter": "drawing_views", "quantity": 1, "at": noon(SIGNED_UP).isoformat()}
    for name, status in (("API key", 200), ("wrong API key", 401)):
        assert _send(life, life.secrets[name], [event]).status_code == status


def _send(life: Life, key: str, events: list[dict[str, object]]) -> httpx.Response:
    with life.browser() as program:
        return program.post("/api/v1/usage/events", json={"events": events}, headers={"Authorization": f"Bearer {key}"})


@contextmanager
def _away(table: str) -> Iterator[None]:
    """Without one table, every process that needs it fails."""
    for before, after in ((table, f"{table}_away"), (f"{table}_away", table)):
        with write() as session:
            session.execute(text(f'ALTER TABLE "{before}" RENAME TO "{after}"'))
        if before == table:
            yield


def _fail(life: Life, owner: httpx.Client, back: str) -> None:
    """Pages that break while a secret is in hand; what they show is kept."""
    password = {"email": "bill@example.com", "password": life.secrets["password of staff"]}
    asked = {
        "person": lambda: life.browser().post("/sign-in", data=password),
        "api_key": lambda: _send(life, life.secrets["API key"], []),
        "card": lambda: owner.get(back),
        "device": lambda: owner.get("/me/devices"),
    }
    for table in BROKEN:
        with _away(table):
            answer = asked[table]()
        assert answer.status_code >= 500, (table, answer.text)
        life.errors[f"error page without {table}"] = answer.content
    with write() as session:
        session.execute(text("UPDATE charge SET state = 'nonsense'"))
    answer = owner.get(f"/invoices/{db.session.scalars(select(Invoice.id)).one()}/pay")
    assert answer.status_code == 500
    life.errors["error page of a bug"] = answer.content


def _live(life: Life) -> None:
    life.at(SIGNED_UP)
    tenant = open_company("한빛종합건설", "owner@hanbit.example")
    if life.postgres is not None:
        life.secrets["password of the company's database"] = place_of(tenant).password
    life.until(select(Tenant.id).where(Tenant.id == tenant.id), "the company is there")
    owner = _invited(life, tenant)
    billing.open_trial(str(uuid4()), tenant.id)
    who = Caller(person_id=tenant.owner_id, tenant_id=tenant.id, tenant_name=tenant.name, role="owner")
    billing.convert(who, "team", replace(DETAILS, pay_by=PayBy.CARD))
    Office(life.place.app).seat(tenant.id, tenant.owner_id, SIGNED_UP)
    back = _card(life, owner)
    _keys(life, tenant.id)
    life.at(CLOSED)
    life.until(select(TaxInvoice.id).where(TaxInvoice.state == TaxInvoiceState.ISSUED), "the tax invoice is issued")
    life.at(DUE)
    life.until(select(Invoice.id).where(Invoice.state == InvoiceState.PAID), "the invoice is paid")
    staff = _staff(life)
    owner = life.browser()
    owner.post("/sign-in", data={"email": tenant.owner.email, "password": life.secrets["password"]})
    life.secrets["later session of the owner"] = owner.cookies["planroom"]
    _fail(life, owner, back)
    staff.post("/sign-out")


def test_no_secret_is_left_in_clear_anywhere(life: Life) -> None:
    _live(life)
    places = life.left_behind()
    assert len(life.secrets) >= 16
    assert all(len(secret) >= 16 for secret in life.secrets.values())
    assert any(b"Traceback" in said for place, said in places.items() if place.endswith(".log"))
    assert search.hits(places, life.secrets) == []
    logs = {place: said for place, said in places.items() if place.endswith(".log")}
    assert search.hits(logs, {"e-mail": "bill@example.com", "company": "한빛종합건설"}) == []
    _plant(life)
    found = search.hits(life.left_behind(), {"planted": PLANTED})
    for place in (":mail", ":receipt", "Redis", "web.log", "error page"):
        assert any(place in hit for hit in found), (place, found)


PLANTED = "plr_planted-word-that-must-be-found"


def _plant(life: Life) -> None:
    """The word in a cell of the platform and of a company, in a packed job, in a log and on a page."""
    with write() as session:
        row = session.scalars(select(Mail)).first()
        assert row is not None
        row.subject = PLANTED
    with write(tenants.session_by_id(db.session.scalars(select(Tenant.id)).one())) as company:
        company.add(CompanyReceipt(event_id="planted", job=PLANTED, at=clock.now()))
    with Redis.from_url(life.place.environ["REDIS_URL"]) as client:
        queue(client, WORK).enqueue("jobs.mail.deliver", PLANTED)
    with (life.place.folder / "web.log").open("a") as log:
        log.write(PLANTED)
    life.errors["error page that was planted"] = PLANTED.encode()
