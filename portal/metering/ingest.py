"""Usage from outside: a request of events becomes a verdict for each, in one transaction.

Nothing is told twice: an event's id is unique in its company for ever, and a request sent again under its Idempotency-Key
gets its first answer again for `KEPT`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core.clock import now
from portal.core.db import write
from portal.core.errors import Refusal
from portal.core.gate import KeyHolder
from portal.core.outbox import later
from portal.metering import rules
from portal.metering.counting import ACCEPTED, CONFLICT, DUPLICATE, Event, meters, take
from portal.metering.limits import limited
from portal.metering.models import Aggregation, IngestReply, Meter
from portal.metering.rules import Rejected, Sent
from portal.tenants.models import WITH_DATABASE, Tenant

#: How long an answer is given again. Later the events' own ids still keep them from counting twice.
KEPT = timedelta(days=14)
LONGEST_KEY = 300
REJECTED = "rejected"
_LARGEST_TENANT = 2**31 - 1
_TENANTS = select(Tenant.id, Tenant.key, Tenant.state).where(
    or_(Tenant.id.in_(bindparam("numbers", expanding=True)), Tenant.key.in_(bindparam("keys", expanding=True)))
)

Verdict = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict for each event, in their order. `replayed` when it was given before."""

    results: list[Verdict]
    replayed: bool = False


def ingest(holder: KeyHolder, body: bytes, idempotency_key: str = "") -> Answer:
    """Take a request in. Refusal when it is none at all, or when its key was used for another one."""
    if len(idempotency_key) > LONGEST_KEY:
        raise _wrong(f"Idempotency-Key가 {LONGEST_KEY}자보다 깁니다.", "더 짧은 것으로 보내 주십시오.")
    told = rules.read(_events(body))
    with write() as session:
        reply = None
        if idempotency_key:
            reply, first = _reply(session, holder.key_id, idempotency_key, hashlib.sha256(body).hexdigest())
            if not first:
                return Answer(reply.answer["results"], replayed=True)
        results = _judge(session, holder, told)
        if reply is not None:
            reply.answer = {"results": results}
        return Answer(results)


def tidy() -> None:
    """Forget answers that nobody will ask for again."""
    with write() as session:
        session.execute(delete(IngestReply).where(IngestReply.at < now() - KEPT))


def _events(body: bytes) -> list[msgspec.Raw]:
    try:
        events = msgspec.json.decode(body, type=rules.Request).events
    except (ValueError, RecursionError):  # no JSON, not of this shape, no UTF-8, or nested without end
        raise _wrong(
            "보내신 것을 읽을 수 없습니다.",
            '{"events": [{"id", "tenant", "meter", "quantity", "at"}]} 모양의 JSON으로 보내 주십시오.',
        ) from None
    if not events:
        raise _wrong("events가 비어 있습니다.", "사건을 하나 이상 보내 주십시오.")
    if len(events) > rules.MOST_EVENTS:
        raise _wrong(f"한 번에 {rules.MOST_EVENTS:,}개까지 받습니다.", "나누어 보내 주십시오.")
    return events


def _reply(session: Session, key_id: int, idempotency_key: str, digest: str) -> tuple[IngestReply, bool]:
    """The row of this request, and whether it is the first under its key; another that is under way is waited for."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"key_id": key_id, "idempotency_key": idempotency_key, "request_digest": digest, "answer": {}, "at": now()}
    put = insert(IngestReply).values(**values).on_conflict_do_nothing()
    first = session.scalar(put.returning(IngestReply.id)) is not None
    mine = (IngestReply.key_id == key_id, IngestReply.idempotency_key == idempotency_key)
    reply = session.scalars(select(IngestReply).where(*mine)).one()
    if reply.request_digest != digest:
        raise _wrong(
            "이 Idempotency-Key로 다른 내용을 이미 보내셨습니다.",
            "같은 요청을 다시 보낼 때만 같은 것을 쓰고, 새 요청에는 새것을 써 주십시오.",
        )
    return reply, first


def _judge(session: Session, holder: KeyHolder, told: Sequence[Sent | Rejected]) -> list[Verdict]:
    moment = now()
    known_meters = meters(retired=True)
    tenants = _tenants(session, holder, told)
    judged: list[Event | Rejected] = []
    for sent in told:
        if isinstance(sent, Rejected):
            judged.append(sent)
            continue
        event = _event(sent, moment, known_meters, tenants, holder)
        judged.append(Rejected(sent.id, rules.REASONS[event]) if isinstance(event, str) else event)
    events = [event for event in judged if isinstance(event, Event)]
    words = take(session, events, holder.actor)
    used = {(event.tenant_id, event.meter) for event, word in zip(events, words, strict=True) if word == ACCEPTED}
    for tenant_id, meter in limited(session, used):
        later(session, "metering.warn_owner", tenant_id, meter)
    verdicts = iter(words)
    return [_verdict(each, verdicts if isinstance(each, Event) else iter([REJECTED])) for each in judged]


def _verdict(judged: Event | Rejected, verdicts: Any) -> Verdict:  # noqa: ANN401 - an iterator of words
    word = next(verdicts)
    if isinstance(judged, Rejected):
        return {"id": judged.id, "verdict": REJECTED, "reason": judged.reason}
    if word == CONFLICT:
        return {"id": judged.id, "verdict": REJECTED, "reason": rules.CONFLICT}
    reason = "이미 센 사건입니다." if word == DUPLICATE else ""
    return {"id": judged.id, "verdict": word, "reason": reason}


@dataclass(frozen=True, slots=True)
class _Tenants:
    """The companies that a request speaks of: number or key, as it was written -> their row's id and state."""

    found: dict[int | str, tuple[int, str]]


def _tenants(session: Session, holder: KeyHolder, told: Sequence[Sent | Rejected]) -> _Tenants:
    asked = {sent.tenant for sent in told if isinstance(sent, Sent)}
    numbers = {number for name in asked if (number := _number(name)) is not None}
    if holder.tenant_id is not None:
        numbers.add(holder.tenant_id)
    keys = {name for name in asked if isinstance(name, str) and name.isascii() and name.isalnum()}
    found: dict[int | str, tuple[int, str]] = {}
    for tenant_id, key, state in session.execute(_TENANTS, {"numbers": list(numbers), "keys": list(keys)}):
        found[tenant_id] = found[key] = (tenant_id, state)
    return _Tenants(found)


def _number(name: int | str | None) -> int | None:
    if isinstance(name, str):
        name = int(name) if name.isascii() and name.isdigit() and len(name) <= 10 else None  # noqa: PLR2004 - of 2^31
    return name if name is not None and 0 < name <= _LARGEST_TENANT else None


def _event(
    sent: Sent, moment: datetime, known_meters: dict[str, Meter], tenants: _Tenants, holder: KeyHolder
) -> Event | str:
    """The event to count, or the word of REASONS why not."""
    if wrong := rules.fault(sent, moment):
        return wrong
    tenant_id = _tenant_id(sent, tenants, holder)
    if isinstance(tenant_id, str):
        return tenant_id
    meter = known_meters.get(sent.meter)
    if meter is None or meter.retired_at is not None:
        return "unknown_meter" if meter is None else "retired_meter"
    if sent.quantity < 0 and meter.aggregation != Aggregation.WEIGHTED:
        return "negative"
    key = rules.key_of(sent.properties)
    if meter.aggregation == Aggregation.UNIQUE and not key:
        return "key"
    return Event(sent.id, tenant_id, sent.meter, sent.quantity, sent.at, key, sent.properties)


def _tenant_id(sent: Sent, tenants: _Tenants, holder: KeyHolder) -> int | str:
    """The company an event is of; a company's own key need not say it. What is foreign to the key is not looked at."""
    if sent.tenant is None:
        if holder.tenant_id is None:
            return "no_tenant"
        name: int | str | None = holder.tenant_id
    else:
        name = _number(sent.tenant) or sent.tenant
    tenant_id, state = tenants.found.get(name or 0, (0, ""))
    if holder.tenant_id is not None and tenant_id != holder.tenant_id:
        return "foreign_tenant"
    if not tenant_id:
        return "unknown_tenant"
    return tenant_id if state in WITH_DATABASE else "gone_tenant"


def _wrong(message: str, next_step: str) -> Refusal:
    return Refusal(message, next_step, 422)
