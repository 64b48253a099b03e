"""Cards: registered in the payment company's own window, kept as a sealed billing key, forgotten at both ends.

The window's one-time key is exchanged under an idempotency key of the row, so a lost answer is asked for again and gives the
same billing key; a card number never comes here.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import PayBy
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import later
from portal.core.seal import seal, unseal
from portal.core.settings import settings
from portal.payments.models import CARD, Card, CardState
from portal.payments.providers import CardWindow, Declined, Deleted, IssuedKey, Provider, toss
from portal.tenants import rules as tenant_rules

C = CardState
#: What sealed values of this room are sealed for.
PURPOSE = "billing keys"
#: An exchange without an answer is tried again after this long; the one-time key holds at least that long.
AGAIN_AFTER = timedelta(seconds=30)
MOST_TRIES_FOR = timedelta(hours=1)
#: A window that nobody came back from is forgotten.
WINDOW_OPEN = timedelta(hours=2)
BY = "payments"


def provider() -> Provider:
    """The payment company of the settings. Refusal where there is none."""
    found = toss.of(settings())
    if found is None:
        raise Refusal("카드 결제가 설정되어 있지 않습니다.", "계좌 입금으로 내 주십시오.", 503)
    return found


def cards_set_up() -> bool:
    return settings().cards_set_up


def active(tenant_id: int) -> Card | None:
    """The card that is charged, when there is one."""
    return db.session.scalar(select(Card).where(Card.tenant_id == tenant_id, Card.state == C.ACTIVE))


def missing(tenant_id: int) -> bool:
    """Whether a company that is to pay by card has none that could be charged, and could register one."""
    profile = billing.profile_of(tenant_id)
    return profile is not None and profile.pay_by == PayBy.CARD and cards_set_up() and active(tenant_id) is None


def cards_of(who: Caller) -> list[Card]:
    """The caller's own cards that mean something to a person: the newest while it is under way or failed, the active one."""
    _only_payers(who)
    mine = select(Card).where(Card.tenant_id == who.tenant_id)
    newest = db.session.scalars(mine.order_by(Card.id.desc()).limit(1)).first()
    told = newest is not None and newest.state in {C.RETURNED, C.UNKNOWN, C.FAILED}
    rows = (newest if told else None, active(who.tenant_id))
    return [row for row in rows if row is not None]


def card_for(who: Caller, card_id: int) -> Card:
    """The caller's own card; NotFound when it is foreign or absent."""
    _only_payers(who)
    card = db.session.scalar(select(Card).where(Card.id == card_id, Card.tenant_id == who.tenant_id))
    if card is None:
        raise NotFound
    return card


def open_window(who: Caller, customer_key: str, success_url: str, fail_url: str) -> tuple[Card, CardWindow]:
    """Begin a registration. `customer_key` is random; `{card}` in the addresses becomes the row's id."""
    _only_payers(who)
    company = provider()
    with write() as session:
        card = Card(
            tenant_id=who.tenant_id,
            state=C.OPENED,
            customer_key=customer_key,
            opened_by=who.person_id,
            opened_at=now(),
            state_since=now(),
        )
        session.add(card)
        session.flush()
        audit.record(session, "card.open", actor=who.actor, subject=f"card:{card.id}", tenant_id=who.tenant_id)
    window = company.window(
        customer_key,
        success_url.replace("{card}", str(card.id)),
        fail_url.replace("{card}", str(card.id)),
        email=who.email,
        name=who.tenant_name,
    )
    return card, window


def come_back(who: Caller, card_id: int, customer_key: str, auth_key: str) -> Card:
    """The window gave a one-time key. Coming back twice with the same one is once."""
    with write() as session:
        card = _locked(session, card_for(who, card_id).id)
        if card.customer_key != customer_key or not auth_key or len(auth_key) > 300:  # noqa: PLR2004 - the company's own limit
            raise NotFound
        if card.state != C.OPENED:
            return card
        CARD.move(
            session,
            card,
            "come_back",
            by=who.actor,
            auth_key=seal(auth_key, PURPOSE),
            state_since=now(),
            nudged_at=now(),
        )
        later(session, "payments.register_card", card.id)
        return card


def gave_up(who: Caller, card_id: int, code: str, message: str) -> Card:
    """The window came back with an error, or the person closed it."""
    with write() as session:
        card = _locked(session, card_for(who, card_id).id)
        if card.state == C.OPENED:
            CARD.move(
                session, card, "give_up", by=who.actor, failure_code=code[:60], failure_message=message[:300],
                state_since=now(),
            )  # fmt: skip
        return card


def register(card_id: int) -> None:
    """Exchange the one-time key for a billing key. May run twice: the payment company answers the same both times."""
    card = db.session.get(Card, card_id)
    if card is None or card.state != C.RETURNED or card.auth_key is None:
        return
    answer = provider().issue(
        unseal(card.auth_key, PURPOSE), card.customer_key, idempotency_key=f"issue-{card.customer_key}"
    )
    with write() as session:
        card = _locked(session, card_id)
        if card.state != C.RETURNED:
            return
        if isinstance(answer, IssuedKey):
            _keep(session, card, answer)
        elif isinstance(answer, Declined):
            CARD.move(
                session, card, "fail", by=BY, auth_key=None, failure_code=answer.code[:60],
                failure_message=answer.message[:300], state_since=now(),
            )  # fmt: skip
        elif now() - card.state_since > MOST_TRIES_FOR:
            CARD.move(
                session, card, "lose", by=BY, auth_key=None, failure_message=answer.reason[:300], state_since=now()
            )


def remove(who: Caller, card_id: int) -> Card:
    """Charge this card no more, and let the payment company forget it."""
    with write() as session:
        card = _locked(session, card_for(who, card_id).id)
        _let_go(session, card, who.actor)
        return card


def let_go_all(session: Session, tenant_id: int, by: str) -> int:
    """Let go of every card of a company, inside write(); for the end of its agreement. Returns how many."""
    rows = session.scalars(select(Card).where(Card.tenant_id == tenant_id, Card.state.in_((C.ACTIVE, C.UNKNOWN))))
    count = 0
    for card in rows.all():
        _let_go(session, card, by)
        count += 1
    return count


def forget_all(tenant_id: int) -> int:
    """Have the payment company forget every card that was let go, now. Returns how many it did not forget yet."""
    query = select(Card.id).where(Card.tenant_id == tenant_id, Card.state == C.REPLACED)
    for card_id in list(db.session.scalars(query)):
        delete(card_id)
    return len(db.session.scalars(query).all())


def delete(card_id: int) -> None:
    """Have the payment company forget a card that was let go. One that it does not know is forgotten."""
    card = db.session.get(Card, card_id)
    if card is None or card.state != C.REPLACED:
        return
    gone = card.billing_key is None or isinstance(provider().delete(unseal(card.billing_key, PURPOSE)), Deleted)
    if gone:
        with write() as session:
            card = _locked(session, card_id)
            if card.state == C.REPLACED:
                CARD.move(session, card, "delete", by=BY, billing_key=None, auth_key=None, state_since=now())


def sweep() -> int:
    """Nudge what waits for an answer, and forget windows that nobody came back from; for the schedule."""
    due = select(Card).where(
        Card.state.in_((C.RETURNED, C.REPLACED)), or_(Card.nudged_at.is_(None), Card.nudged_at < now() - AGAIN_AFTER)
    )
    stale = select(Card).where(Card.state == C.OPENED, Card.opened_at < now() - WINDOW_OPEN)
    if db.session.scalars(due.limit(1)).first() is None and db.session.scalars(stale.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = session.scalars(due.limit(200)).all()
        for card in rows:
            card.nudged_at = now()
            job = "payments.register_card" if card.state == C.RETURNED else "payments.delete_card"
            later(session, job, card.id)
        for card in session.scalars(stale.limit(200)).all():
            CARD.move(session, card, "give_up", by="schedule", state_since=now())
        return len(rows)


def _keep(session: Session, card: Card, issued: IssuedKey) -> None:
    before = session.scalar(select(Card).where(Card.tenant_id == card.tenant_id, Card.state == C.ACTIVE))
    if before is not None:
        _let_go(session, before, BY)
    CARD.move(
        session,
        card,
        "register",
        by=BY,
        billing_key=seal(issued.billing_key, PURPOSE),
        auth_key=None,
        company=issued.company[:40],
        number=issued.number[:20],
        owner_type=issued.owner_type[:10],
        registered_at=now(),
        state_since=now(),
    )


def _let_go(session: Session, card: Card, by: str) -> None:
    CARD.move(session, card, "replace", by=by, state_since=now(), nudged_at=now())
    later(session, "payments.delete_card", card.id)


def _locked(session: Session, card_id: int) -> Card:
    return session.get_one(Card, card_id, with_for_update=True, populate_existing=True)


def _only_payers(who: Caller) -> None:
    if not tenant_rules.may(who.role, tenant_rules.Right.BILLING):
        raise Forbidden
