"""Meters as data: staff add one without a release, and retire one that nobody needs. What was counted stays."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from portal.core import audit
from portal.core.clock import now
from portal.core.db import write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.metering.limits import SEATS
from portal.metering.models import Aggregation, Meter

#: What the product itself counts; these are not retired.
OWN = frozenset({"drawing_views", "uploads", "renders", "stored_bytes"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A meter to be."""

    key: str
    name: str
    unit: str
    scale: int
    aggregation: Aggregation


def add(who: Caller, wanted: Wanted) -> Meter:
    """Make a meter. Refusal (422) when its key is taken."""
    with write() as session:
        if wanted.key == SEATS or session.get(Meter, wanted.key) is not None:
            raise Refusal(f"'{wanted.key}' 이름은 이미 쓰고 있습니다.", "다른 이름을 적어 주십시오.", 422)
        last = session.scalar(select(func.max(Meter.position))) or 0
        meter = Meter(
            key=wanted.key,
            name=wanted.name,
            unit=wanted.unit,
            scale=wanted.scale,
            aggregation=wanted.aggregation,
            position=last + 1,
        )
        session.add(meter)
        audit.record(session, "meter.add", actor=who.actor, subject=f"meter:{wanted.key}")
        return meter


def retire(who: Caller, key: str) -> Meter:
    """Take no more events of a meter."""
    if key in OWN:
        raise Refusal("도면실이 스스로 세는 계량기입니다.", "이 계량기는 그만 쓸 수 없습니다.")
    return _set(who, key, "meter.retire", retired=True)


def resume(who: Caller, key: str) -> Meter:
    """Take events of a retired meter again."""
    return _set(who, key, "meter.resume", retired=False)


def _set(who: Caller, key: str, action: str, *, retired: bool) -> Meter:
    with write() as session:
        meter = session.get(Meter, key, with_for_update=True)
        if meter is None:
            raise NotFound
        meter.retired_at = now() if retired else None
        audit.record(session, action, actor=who.actor, subject=f"meter:{key}")
        return meter
