"""Plans and their versions: published once, never changed, found by the day on which somebody subscribes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.billing.models import Plan, PlanVersion
from portal.billing.rules.reading import WrongTerms, document, read_terms
from portal.billing.rules.terms import Measure, Terms
from portal.core import audit
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.metering import service as metering
from portal.metering.models import Aggregation

#: The plan that every approved company starts with.
TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it can be subscribed to now."""

    plan: Plan
    version: PlanVersion
    terms: Terms


def terms_of(version: PlanVersion) -> Terms:
    """The price list of a version."""
    return _read(version.digest, json.dumps(version.terms, sort_keys=True))


@lru_cache(maxsize=256)
def _read(_digest: str, text: str) -> Terms:
    return read_terms(json.loads(text))


def label(version: PlanVersion) -> str:
    """The version's name in lines and explanations: "plan:team@3"."""
    return f"plan:{version.plan.key}@{version.number}"


def version_on(plan_key: str, day: date) -> PlanVersion:
    """The newest version of a plan that is offered on `day`. NotFound when there is none."""
    query = (
        select(PlanVersion)
        .join(Plan)
        .options(joinedload(PlanVersion.plan))
        .where(Plan.key == plan_key, PlanVersion.offered_from <= day)
        .order_by(PlanVersion.number.desc())
    )
    version = db.session.scalars(query.limit(1)).first()
    if version is None:
        raise NotFound
    return version


def offers(*, public: bool = True) -> list[Offer]:
    """What can be subscribed to today, in the order of the price list; the trial is not among them."""
    query = select(Plan).where(Plan.key != TRIAL).order_by(Plan.position, Plan.id)
    if public:
        query = query.where(Plan.public.is_(True))
    found = []
    for plan in db.session.scalars(query):
        try:
            version = version_on(plan.key, today())
        except NotFound:
            continue
        found.append(Offer(plan, version, terms_of(version)))
    return found


def publish(who: Caller, plan_key: str, terms: Mapping[str, Any], offered_from: date) -> PlanVersion:
    """A new version of a plan. Subscriptions keep the one they have. Refusal with every sentence when the terms are wrong."""
    try:
        read = read_terms(terms)
    except WrongTerms as wrong:
        raise Refusal("요금표를 쓸 수 없습니다.", " ".join(wrong.sentences), 422) from wrong
    kept = document(read)
    with write() as session:
        plan = session.scalar(select(Plan).where(Plan.key == plan_key).with_for_update())
        if plan is None:
            raise NotFound
        last = session.scalar(select(func.max(PlanVersion.number)).where(PlanVersion.plan_id == plan.id)) or 0
        version = PlanVersion(
            plan=plan,
            number=last + 1,
            terms=kept,
            digest=digest_of(kept),
            offered_from=offered_from,
            published_at=now(),
            published_by=who.actor,
        )
        session.add(version)
        session.flush()
        audit.record(
            session,
            "plan_version.publish",
            actor=who.actor,
            subject=f"plan_version:{version.id}",
            plan=plan_key,
            number=version.number,
            digest=version.digest,
        )
        return version


def digest_of(terms: Mapping[str, Any]) -> str:
    """SHA-256 of a price list, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(terms, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def measures() -> list[Measure]:
    """How every meter's base units become priced units."""
    return [
        Measure(
            meter.key,
            meter.unit,
            meter.scale,
            over_time=meter.aggregation == Aggregation.WEIGHTED,
            level=meter.aggregation in {Aggregation.MAX, Aggregation.LATEST, Aggregation.UNIQUE},
        )
        for meter in metering.meters(retired=True).values()
    ]
