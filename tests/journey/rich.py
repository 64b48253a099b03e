"""A portal that has lived for half a year, for looking at its pages: companies in every state, with rows in every list.

Everything is done by the verbs of the services, on a clock that walks from month to month; what would be told to workers
is done here and now, and the payment company and the tax-invoice service are the real sandbox.
"""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from uuid import uuid4

from flask import Flask, request
from sqlalchemy import select
from werkzeug.serving import make_server

from portal import create_app
from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.billing import closing, receivables, subscriptions
from portal.billing import service as billing
from portal.billing.models import Invoice, InvoiceState, PayBy
from portal.billing.rules.terms import Period
from portal.core import clock, outbox
from portal.core.clock import SEOUL
from portal.core.db import db, dispose, write
from portal.core.gate import Caller
from portal.core.migrate import PLATFORM, upgrade
from portal.drawings import receiving, renders
from portal.drawings.models import Revision
from portal.metering import seats
from portal.metering import service as metering
from portal.payments import cards, dunning, refunds, transfers
from portal.payments.models import Charge, ChargeState, Refund, RefundState, Transfer
from portal.quality import changes
from portal.retention import service as retention
from portal.retention.models import Case
from portal.taxinvoices import service as taxinvoices
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from portal.tenants import keys
from portal.tenants import service as tenants
from portal.tenants.models import Membership, Role
from portal.trials import service as trials
from tests.billing.office import DETAILS
from tests.house.cast import drawing_with
from tests.quality.conftest import junit
from tests.sandbox.cards import auth_key
from tests.taxinvoices.conftest import Service
from tests.tenants.premises import NUMBER, open_company

LONG_NAME = "한빛종합건설엔지니어링그룹주식회사서울특별시강남지사설계본부기전설비통합관리및품질안전환경지원센터"
MONTHS = [date(2026, month, 1) for month in range(6, 12)]
#: The day on which the portal is looked at.
TODAY = datetime(2026, 11, 20, 10, 30, tzinfo=SEOUL)
STATES = ("due", "asked", "sealed", "destroyed")
PLACED = ("doubtful", "matched")
HEAD = "거래일시,입금자명,입금액,메모\n"


@dataclass
class Rich:
    """The companies by their short names, and the members of staff by theirs."""

    app: Flask
    outside: Service
    owners: dict[str, Caller] = field(default_factory=dict)
    staff: dict[str, Caller] = field(default_factory=dict)

    def at(self, day: date, hour: int = 10) -> None:
        clock.set_to(datetime.combine(day, time(hour), SEOUL))
        self.outside.follow()

    def work(self, rounds: int = 12) -> None:
        """Do what workers would: every message of the platform, until there is none."""
        events = self.app.extensions["planroom.subscriptions"].events
        for _ in range(rounds):
            waiting = outbox.unsent(db.session(), limit=500)
            told = [(row.id, row.kind, row.name, list(row.args)) for row in waiting]
            db.session.rollback()
            if not told:
                return
            outbox.mark_sent(db.session(), [row[0] for row in told])
            for event_id, kind, name, args in told:
                for job in [name] if kind == "job" else events.get(name, []):
                    room, _, verb = job.partition(".")
                    if room not in {"mail", "tenants", "accounts"}:
                        getattr(import_module(f"jobs.{room}"), verb)(event_id, *args)

    def person(self, name: str, email: str, roles: tuple[str, ...] = ()) -> Person:
        with write() as session:
            person = accounts.ensure_person(session, email=email, name=name)
            person.staff_roles = list(roles)
            session.flush()
            person_id = person.id
        return db.session.get_one(Person, person_id)

    def company(self, key: str, name: str, opened: date) -> Caller:
        self.at(opened)
        tenant = open_company(name, f"{key}@{key}.example")
        self.work()
        person = db.session.get_one(Person, tenant.owner_id)
        self.owners[key] = Caller(
            person_id=person.id, person_name=person.name, email=person.email, tenant_id=tenant.id, tenant_name=name,
            role="owner",
        )  # fmt: skip
        return self.owners[key]

    def joins(self, key: str, name: str, role: Role) -> None:
        """A person of the company, with a seat where there is one left."""
        who = self.owners[key]
        person = self.person(name, f"{uuid4().hex[:8]}@{key}.example")
        with write() as session:
            session.add(Membership(person_id=person.id, tenant_id=who.tenant_id, role=role, created_at=clock.now()))
        if role is not Role.VIEWER:  # who only looks needs none
            seats.assign(who, person.id)

    def use(self, key: str, first: date, days: int) -> None:
        """A month's figures, uneven as life is."""
        tenant_id = self.owners[key].tenant_id
        events = []
        for day in range(days):
            when = datetime.combine(first + timedelta(days=day), time(14), SEOUL)
            if when > clock.now():
                break
            weekend = when.weekday() > 4
            for meter, most in (("drawing_views", 420), ("uploads", 9), ("renders", 9)):
                if meter in metering.meters():
                    person = f"person:{self.owners[key].person_id}" if meter != "renders" else ""
                    quantity = (day * 37 + len(meter) * 11 + first.month * 53) % most // (6 if weekend else 1)
                    events.append(
                        metering.Event(f"{key}-{meter}-{when:%m%d}", tenant_id, meter, quantity + 1, when, person)
                    )
        with write() as session:
            metering.take(session, events, "test")

    def close(self, first: date) -> None:
        """Bill a month: on the third of the next one, as the schedule does."""
        period = Period(first, date(first.year, first.month + 1, 1))
        self.at(date(first.year, first.month + 1, 1) + timedelta(days=2))
        closing.start(period)
        for row in closing.board(period):
            closing.close_company(period, row.tenant.id)
        self.work()

    def invoice(self, key: str, first: date) -> Invoice:
        query = select(Invoice).where(
            Invoice.tenant_id == self.owners[key].tenant_id, Invoice.period_from == first,
            Invoice.state != InvoiceState.VOID,
        )  # fmt: skip
        return db.session.scalars(query.execution_options(populate_existing=True)).one()

    def card(self, key: str, behaviour: str = "") -> None:
        who, customer = self.owners[key], f"c-{uuid4().hex}"
        card, _window = cards.open_window(who, customer, "http://x/{card}", "http://x/{card}")
        cards.come_back(who, card.id, customer, auth_key(self.outside, customer, behaviour))
        cards.register(card.id)

    def deposit(self, *rows: str) -> None:
        transfers.import_list(self.staff["bill"], "입금.csv", (HEAD + "\n".join(rows) + "\n").encode())
        self.work()

    def papers(self, days: int = 4) -> None:
        """Let the tax-invoice service issue and file what it has."""
        clock.set_to(clock.fresh() + timedelta(days=days))
        self.outside.follow()
        for _ in range(3):
            for paper in db.session.scalars(select(TaxInvoice)).all():
                with write() as session:
                    session.get_one(TaxInvoice, paper.id).lease_until = None
                taxinvoices.move_on(paper.id)


def make(app: Flask, outside: Service) -> Rich:
    """The whole world; the clock stands at TODAY afterwards."""
    rich = Rich(app, outside)
    _people(rich)
    _companies(rich)
    _months(rich)
    _money(rich)
    _leaving(rich)
    rich.at(TODAY.date())
    _quality(rich)
    _programs(rich)
    _applications(rich)
    rich.at(TODAY.date())
    return rich


def _people(rich: Rich) -> None:
    rich.at(date(2026, 5, 20))
    for key, name, roles in (
        ("admin", "한도윤", ("admin",)), ("bill", "박필", ("billing",)), ("lee", "이청구", ("billing",)),
        ("dana", "다나", ("developer",)), ("sue", "서지원", ("support",)),
    ):  # fmt: skip
        person = rich.person(name, f"{key}@planroom.example", roles)
        rich.staff[key] = Caller(
            person_id=person.id, person_name=name, email=person.email, staff_roles=frozenset(roles)
        )


def _companies(rich: Rich) -> None:
    who = rich.company("alice", "한빛종합건설㈜", date(2026, 5, 20))
    rich.company("late", "대성정밀㈜", date(2026, 5, 21))
    rich.company("long", LONG_NAME, date(2026, 5, 22))
    rich.at(MONTHS[0])
    for key, plan, pay_by in (
        ("alice", "team", PayBy.CARD),
        ("late", "team", PayBy.CARD),
        ("long", "team", PayBy.TRANSFER),
    ):
        owner = rich.owners[key]
        billing.convert(owner, plan, replace(DETAILS, name=owner.tenant_name, pay_by=pay_by))
        seats.assign(owner, owner.person_id)
        rich.work()
    for name, role in (("박지훈", Role.EDITOR), ("최인", Role.VIEWER), ("남궁민서경", Role.ADMIN)):
        rich.joins("alice", name, role)
    receiving.receive(who, [receiving.Sent("평면도.dxf", io.BytesIO(drawing_with("평면도")))], receiving.Place())
    for revision_id in tenants.session_by_id(who.tenant_id).scalars(select(Revision.id)).all():
        renders.render(who.tenant_id, revision_id)


def _months(rich: Rich) -> None:
    rich.card("alice")
    rich.card("late", "EXCEED_MAX_AMOUNT")
    for first in MONTHS[:5]:
        for key in ("alice", "late", "long"):
            rich.at(first + timedelta(days=27))
            rich.use(key, first, 30)
        rich.close(first)
        rich.papers()
        if first.month < 10:
            rich.at(rich.invoice("alice", first).due_on)
            dunning.step_due()
            rich.work()
            rich.deposit(
                f"{clock.today()},{LONG_NAME[:12]},{rich.invoice('long', first).total},{rich.invoice('long', first).number}"
            )
    rich.at(TODAY.date())
    rich.use("alice", MONTHS[5], 20)


def _money(rich: Rich) -> None:
    """The till in every state: refunds, deposits nobody knows, what is overdue, void and given up."""
    bill, lee = rich.staff["bill"], rich.staff["lee"]
    receivables.fall_due()
    dunning.step_due()
    rich.work()
    paid = db.session.scalars(select(Charge).where(Charge.state == ChargeState.SUCCEEDED).order_by(Charge.id)).all()
    if paid:
        refunds.agree(lee, refunds.ask(bill, paid[0].id, 3300, "장애 보상").id)
        rich.work()
        refunds.ask(bill, paid[-1].id, 1100, "좌석을 잘못 셌습니다.")
    rich.deposit(
        "2026-11-18 09:12:00,김아무개,13200,", "2026-11-18 10:00:00,대성정밀,5000,", f"2026-11-19,{LONG_NAME[:12]},999999,",
        "2026-11-19 15:20:00,이자,37,",
    )  # fmt: skip
    billing.void(bill, rich.invoice("long", MONTHS[1]).id, "요금제를 잘못 적용했습니다.")
    receivables.give_up(bill, rich.invoice("late", MONTHS[0]).id, "연락이 닿지 않고 폐업을 확인했습니다.")
    rich.work()
    first, second = db.session.scalars(select(TaxInvoice).where(TaxInvoice.state == TaxInvoiceState.FILED)).all()[:2]
    taxinvoices.amend(bill, first.id, 2, -1000)
    rich.work()
    rich.outside.post("/_control/business", json={"number": "1248100998", "state": "closed", "end_dt": "20261001"})
    taxinvoices.amend(bill, second.id, 2, -500)
    rich.work()
    subscriptions.cancel(rich.owners["late"])


def _leaving(rich: Rich) -> None:
    """Companies on every step of the way out."""
    for key, name, opened in (
        ("gone", "푸른하늘설비", date(2026, 5, 25)), ("sealed", "두레건축", date(2026, 6, 1)),
        ("asked", "새솔기계", date(2026, 6, 2)), ("kept", "온누리전기", date(2026, 8, 20)),
        ("held", "바른토목", date(2026, 8, 25)), ("looking", "가온엔지니어링", date(2026, 10, 18)),
        ("trial", "누리설비", date(2026, 11, 2)),
    ):  # fmt: skip
        rich.company(key, name, opened)
        rich.at(min(opened + timedelta(days=31), TODAY.date()))
        billing.end_due()
        rich.work()
    sue, admin = rich.staff["sue"], rich.staff["admin"]
    case = {key: retention.live_case(rich.owners[key].tenant_id) for key in ("gone", "sealed", "asked", "kept", "held")}
    for days in range(0, 170, 10):
        rich.at(min(date(2026, 6, 26) + timedelta(days=days), TODAY.date()))
        retention.step_due()
        rich.work()
        gone = retention.case_with(case["gone"].id)
        if gone.state == "due":
            retention.ask(sue, gone.id, rich.owners["gone"].tenant_name)
            retention.agree(admin, gone.id)
    rich.at(TODAY.date())
    retention.step_due()
    rich.work()
    for key in ("sealed", "asked"):
        row = retention.case_with(case[key].id)
        if row.state == "due":
            retention.ask(sue, row.id, rich.owners[key].tenant_name)
    if retention.case_with(case["sealed"].id).state == "asked":
        retention.agree(admin, case["sealed"].id)
    retention.place_hold(sue, rich.owners["held"].tenant_id, "소송 2026가합1234: 법원의 자료 보전 요청")


def _quality(rich: Rich) -> None:
    with write() as session:
        _row, secret = keys.create(session, "reports", tenant_id=None, label="Jenkins", by="test")
    client = rich.app.test_client()
    for number, cases in enumerate((("+a", "+b"), ("-a", "+b", "~c"), ("-a:other", "-b"), ("+a", "-b")), start=41):
        build = {
            "job": "planroom", "number": number, "branch": "main", "platform": "linux", "commit": "abcdef0123456789",
            "authors": ["dana@planroom.example"], "url": f"https://ci.example/job/planroom/{number}",
        }  # fmt: skip
        data = {"build": json.dumps(build), "report": [(io.BytesIO(junit(*cases)), "TEST-1.xml")]}
        client.post("/api/v1/test-reports", data=data, headers={"Authorization": f"Bearer {secret}"})
    alice, dana = rich.owners["alice"], rich.staff["dana"]
    made = [
        changes.file(
            alice,
            uuid4().hex,
            title,
            "도면 목록에서 정렬한 뒤 새로 고치면 처음 순서로 돌아갑니다.\n두 번 확인했습니다.",
        )
        for title in ("정렬이 풀립니다", "치수가 겹쳐 보입니다", "휴대전화에서 레이어 이름이 잘립니다")
    ]
    changes.take(dana, made[0].id)
    changes.answer(dana, made[0].id, "어느 브라우저를 쓰시는지 알려 주시겠습니까?")
    changes.say(alice, made[0].id, "크롬 142입니다.")
    release = changes.plan_release(dana, "2026.11.2", "정렬을 기억합니다.\n치수 글자의 자리를 고쳤습니다.")
    changes.take(dana, made[1].id)
    changes.tie(dana, made[1].id, None, release.id)
    changes.decline(dana, made[2].id, "레이어 이름은 눌러서 모두 보실 수 있습니다.")


def _applications(rich: Rich) -> None:
    for name in ("가람기공", "나래종합건축"):
        trials.submit(
            trials.Submission(
                form_key=f"rich-{name}", company=name, business_number=NUMBER, ceo="오누리", industry="trade",
                people="6-20", purpose="현장에서 도면을 봅니다.", applicant="문가람", email=f"moon@{name}.example",
                phone="031-500-2010",
            )
        )  # fmt: skip
    rich.at(TODAY.date(), hour=13)


def _programs(rich: Rich) -> None:
    alice = rich.owners["alice"]
    with write() as session:
        for label in ("현장 관리 시스템", "ERP"):
            keys.create(session, "usage", tenant_id=alice.tenant_id, label=label, by=f"person:{alice.person_id}")
        _row, _secret = keys.create(session, "usage", tenant_id=None, label="사용량 수집기", by="person:1")
    keys.revoke(keys.keys_of(alice.tenant_id)[-1].id, alice.tenant_id, "person:1")


@dataclass
class Living:
    """The rich portal while it answers: the callers are handed in by the header X-As, `ids` names rows to look at."""

    url: str
    ids: dict[str, int]


@contextmanager
def living(folder: Path, redis_url: str) -> Iterator[Living]:
    """Make the world in `folder` and serve it, with its sandbox, until the block ends."""
    for name in ("outside", "data"):
        (folder / name).mkdir(parents=True)
    outside = Service(folder / "outside")
    outside.follow()
    outside.start()
    settings = {"DATA_DIR": str(folder / "data"), "SECRET_KEY": "b" * 40, "SESSION_STORE": "memory"}
    app = create_app({**settings, "REDIS_URL": redis_url, "SANDBOX_PORT": str(outside.port)})
    try:
        with app.app_context():
            upgrade(db.engine, PLATFORM)
            rich = make(app, outside)
            ids = _ids(rich)
            db.session.remove()
        identify = app.extensions["planroom.identify"]
        people = rich.owners | rich.staff
        app.extensions["planroom.identify"] = lambda: people.get(request.headers.get("X-As", "")) or identify()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Living(f"http://127.0.0.1:{server.server_port}", ids)
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
    finally:
        dispose(app)
        outside.stop()


def _ids(rich: Rich) -> dict[str, int]:
    """One row of each state that has a page of its own."""
    first, last = MONTHS[1], MONTHS[4]
    paid = rich.invoice("alice", first)
    voided = db.session.scalars(select(Invoice).where(Invoice.state == InvoiceState.VOID)).first()
    refund = db.session.scalars(select(Refund).where(Refund.state == RefundState.CREATED)).first()
    declined = db.session.scalars(select(Charge).where(Charge.state == ChargeState.DECLINED)).first()
    papers = select(TaxInvoice).order_by(TaxInvoice.id)
    paper = db.session.scalars(papers.where(TaxInvoice.tenant_id == rich.owners["alice"].tenant_id)).first()
    amended = db.session.scalars(papers.where(TaxInvoice.modify_code.is_not(None))).first()
    assert None not in (voided, refund, declined, paper, amended)
    cases = {state: db.session.scalars(select(Case).where(Case.state == state)).first() for state in STATES}
    deposits = {state: db.session.scalars(select(Transfer).where(Transfer.state == state)).first() for state in PLACED}
    return {
        "paid": paid.id, "statement": paid.statement_id or 0, "overdue": rich.invoice("late", last).id,
        "void": voided.id, "refunded": refund.charge_id, "declined": declined.id, "paper": paper.id,
        "amended": amended.id, **{name: row.id for name, row in (cases | deposits).items() if row is not None},
    }  # fmt: skip
