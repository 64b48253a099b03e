"""The sample company's year: use of every day, and the invoices of its months, closed, proved and paid by the real verbs.

The clock of the whole portal goes back to each of those days and at last to today, so that rows, tax invoices and charges
carry the days on which they would have come, in our books and in the sandbox's. That is done in an empty portal only.
Without a sandbox nothing is invented: deposits of a bank's list pay, and tax invoices wait for the worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as hour
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import Evidence, Invoice, InvoiceState, PayBy
from portal.core import calls, clock, workdays
from portal.core.clock import SEOUL
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.core.outbox import Message
from portal.core.settings import settings
from portal.metering import service as metering
from portal.payments import cards, charges, dunning
from portal.payments import service as payments
from portal.taxinvoices import service as taxinvoices
from portal.taxinvoices.models import TaxInvoiceState
from portal.tenants.models import Tenant

MONTHS = 12
PLAN = "team"
#: The close of a month comes on this day of the next one: late enough for its late usage, in time for its tax invoice.
CLOSE_ON = 5
#: So many months were paid by transfer, before the company registered a card.
BY_TRANSFER = 3
GB = 1_000_000_000
PATIENCE = 4.0


def first_day(today: date) -> date:
    """The first of the month a year before today: from then on the company pays."""
    return billing.month_before(billing.month(today), MONTHS).from_date


def at(day: date, o_clock: int = 10) -> None:
    """The portal's clock stands on a day in Seoul."""
    db.session.rollback()
    clock.set_to(datetime.combine(day, hour(o_clock), SEOUL))


def back_to_today() -> None:
    db.session.rollback()
    clock.set_back()


def open_trial(tenant: Tenant, owner: Caller, editor_id: int) -> None:
    """The trial's agreement, and seats for those who change drawings."""
    billing.open_trial(str(uuid4()), tenant.id)
    metering.assign(owner, owner.person_id)
    metering.assign(owner, editor_id)


def live_through(owner: Caller, biller: Caller, people: tuple[int, ...], today: date) -> int:
    """Choose a plan a year ago, use, be billed, pay; the last month's invoice stays open. Gives how many invoices."""
    begun = first_day(today)
    at(begun)
    billing.convert(owner, PLAN, _details(owner, PayBy.TRANSFER))
    _use(owner.tenant_id, people, begun, today)
    outside = _outside_answers()
    period = billing.month(begun)
    count = 0
    while period.to_date <= today:
        last = billing.month(period.to_date).to_date > today
        if count == BY_TRANSFER and outside:
            _register_card(owner)
            billing.update_profile(owner, _details(owner, PayBy.CARD))
        if last:
            billing.update_profile(owner, _details(owner, PayBy.TRANSFER))
        day = min(period.to_date.replace(day=CLOSE_ON), today)
        at(day)
        invoice_id = _close(owner.tenant_id, period.from_date)
        if outside:
            _prove(invoice_id, day, today)
        if not last:
            _pay(biller, invoice_id, by_card=outside and count >= BY_TRANSFER)
        count += 1
        period = billing.month(period.to_date)
        at(min(period.from_date, today))
    return count


def _details(owner: Caller, pay_by: PayBy) -> billing.Details:
    tenant = db.session.get_one(Tenant, owner.tenant_id)
    return billing.Details(
        name=tenant.name,
        business_number=tenant.business_number,
        ceo="이한빛",
        address="06236 서울특별시 강남구 테헤란로 152",
        business_type="건설업",
        business_class="종합건설",
        contact_name=owner.person_name,
        emails=(owner.email,),
        phone="02-6000-0115",
        evidence=Evidence.TAX_INVOICE_FIRST,
        pay_by=pay_by,
    )


# ----- use -----------------------------------------------------------------------------------------------------------


def _use(tenant_id: int, people: tuple[int, ...], begun: date, today: date) -> None:
    """Looks, uploads and stored bytes of every day: the same in every demo, more on working days, growing over the year."""
    events = []
    for number in range((today - begun).days):
        day = begun + timedelta(days=number)
        working = workdays.is_business_day(day)
        for place, person_id in enumerate(people):
            looks = (70 + number // 5 + number * 37 % 41 if working else number % 7) // (place + 1)
            if looks:
                events.append(_event(tenant_id, "drawing_views", looks, day, f"person:{person_id}", place))
        if working and number % 3 == 0:
            events.append(_event(tenant_id, "uploads", 2 + number % 5, day, f"person:{people[0]}"))
            events.append(_event(tenant_id, "stored_bytes", (1 + number % 3) * GB, day))
    with write() as session:
        metering.take(session, events, "product")


def _event(  # noqa: PLR0913 - what an event is
    tenant_id: int, meter: str, quantity: int, day: date, key: str = "", place: int = 0
) -> metering.Event:
    moment = datetime.combine(day, hour(9 + place, 30), SEOUL)
    return metering.Event(f"demo:{meter}:{day}:{place}", tenant_id, meter, quantity, moment, key)


# ----- invoices ------------------------------------------------------------------------------------------------------


def _close(tenant_id: int, first: date) -> int:
    """The real close run and what is heard of it, in one transaction: here and now, and not once more by a worker."""
    period = billing.month(first)
    with write() as session:
        billing.start(period)
        step = billing.close_company(period, tenant_id)
        if step is None or step.invoice_id is None:
            message = f"{first:%Y-%m} of the sample company was not closed: {step.reason if step else 'no step'}"
            raise RuntimeError(message)
        for hear in (dunning.open_for, taxinvoices.heard_finalised):
            _hear("invoice.finalised", step.invoice_id, hear)
        _done_here(session, "billing.close_company", "invoice.finalised", "taxinvoices.move_on")
        return step.invoice_id


def _done_here(session: Session, *names: str) -> None:
    """Messages of these names need no worker any more, inside write()."""
    session.flush()
    waiting = update(Message).where(Message.sent_at.is_(None), Message.name.in_(names))
    session.execute(waiting.values(sent_at=clock.now()))


def _hear(event: str, invoice_id: int, hear: Callable[[str, int], None]) -> None:
    """Do what a worker does on an event, under the event's own id: whoever comes second changes nothing."""
    told = select(Message.id, Message.args).where(Message.name == event).order_by(Message.created_at.desc())
    for message_id, args in list(db.session.execute(told.limit(10))):
        if args == [invoice_id]:
            hear(message_id, invoice_id)


def _prove(invoice_id: int, day: date, today: date) -> None:
    """The tax invoice: issued on the day of the invoice, at the tax office the business day after."""
    _move(invoice_id, {TaxInvoiceState.ISSUED, TaxInvoiceState.FILING, TaxInvoiceState.FILED})
    filed = workdays.after(day)
    if filed < today:
        at(filed, 17)
        _move(invoice_id, {TaxInvoiceState.FILED})


def _move(invoice_id: int, wanted: set[TaxInvoiceState]) -> None:
    """Take it further until it has come so far; a worker may have it in hand just now."""

    def there() -> bool:
        for paper in taxinvoices.papers_of(invoice_id):
            if paper.state not in wanted:
                taxinvoices.move_on(paper.id)
        db.session.rollback()
        return all(paper.state in wanted for paper in taxinvoices.papers_of(invoice_id))

    _until(there)


def _pay(biller: Caller, invoice_id: int, *, by_card: bool) -> None:
    """By card on the due day, or by a transfer that stands in the bank's list."""
    invoice = db.session.get_one(Invoice, invoice_id, populate_existing=True)
    due, won, name, number = invoice.due_on, invoice.open_won, invoice.parties["customer"]["name"], invoice.number
    if due is None:
        return
    at(due)
    if by_card:
        _until(lambda: _charged(invoice_id))
    else:
        line = f"{due:%Y-%m-%d},14:05:00,{won},{name},{number}\n"
        payments.import_list(biller, f"입금-{due:%Y%m}.csv", f"거래일자,거래시간,입금액,입금자,적요\n{line}".encode())
    _hear("invoice.paid", invoice_id, dunning.settled)


def _charged(invoice_id: int) -> bool:
    with write() as session:
        dunning.step_due()
        _done_here(session, "payments.charge")
    for charge in payments.charges_of(invoice_id):
        charges.perform(charge.id)
    db.session.rollback()
    return db.session.get_one(Invoice, invoice_id, populate_existing=True).state == InvoiceState.PAID


# ----- the outside world ---------------------------------------------------------------------------------------------


def _outside_answers() -> bool:
    """Whether the sandbox is there to register cards and to issue tax invoices."""
    if not settings().embedded:
        return False
    try:
        return (
            httpx.get(f"{settings().sandbox_url}/", timeout=2, trust_env=False, verify=calls.trusted()).status_code
            == httpx.codes.OK
        )
    except httpx.HTTPError:
        return False


def _register_card(owner: Caller) -> None:
    """As the owner does it: the payment company's window, one press, and back with its one-time key."""
    back = f"{settings().public_url}/payment-methods/card/{{card}}"
    card, window = payments.open_window(owner, f"c-{uuid4().hex}", f"{back}/back", f"{back}/failed")
    address = urlsplit(window.url)
    asked = dict(parse_qsl(address.query, keep_blank_values=True))
    answer = httpx.post(
        f"{settings().sandbox_url}/toss/window",
        data={**asked, "choice": "card:", "number": "4330 1234 5678 9012", "owner": "법인"},
        timeout=10,
        trust_env=False,
        verify=calls.trusted(),
    )
    told = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    payments.come_back(owner, card.id, told["customerKey"], told["authKey"])

    def registered() -> bool:
        cards.register(card.id)
        db.session.rollback()
        return cards.active(owner.tenant_id) is not None

    _until(registered)


def _until(look: Callable[[], bool]) -> None:
    """Look until it is so, for a while; what is not so by then is left to the workers."""
    deadline = time.monotonic() + PATIENCE
    while not look() and time.monotonic() < deadline:
        time.sleep(0.05)
