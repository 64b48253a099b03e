"""The table of owner rules: staff add, move and remove lines; what is open already stays with whom it is."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person, PersonState
from portal.core import audit
from portal.core.db import write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.quality.models import OwnerRule
from portal.quality.owners import owner_rules

MOST_RULES = 200


def add(who: Caller, pattern: str, owner_id: int, *, together: bool) -> OwnerRule:
    """A new rule, after all others, so that it counts before them."""
    with write() as session:
        if (session.scalar(select(func.count()).select_from(OwnerRule)) or 0) >= MOST_RULES:
            raise Refusal(f"규칙은 {MOST_RULES}개까지 둘 수 있습니다.", "쓰지 않는 규칙을 먼저 지워 주십시오.", 422)
        person = session.get(Person, owner_id)
        if person is None or not person.staff or person.state != PersonState.ACTIVE:
            raise Refusal("이 사람에게는 맡길 수 없습니다.", "목록에서 담당자를 다시 골라 주십시오.", 422)
        last = session.scalar(select(func.max(OwnerRule.position))) or 0
        rule = OwnerRule(position=last + 1, pattern=pattern, owner_id=owner_id, together=together)
        session.add(rule)
        session.flush()
        audit.record(
            session, "owner_rule.add", actor=who.actor, subject=f"owner_rule:{rule.id}", pattern=pattern, owner=owner_id
        )
        return rule


def remove(who: Caller, rule_id: int) -> None:
    with write() as session:
        rule = _rule(session, rule_id)
        audit.record(
            session, "owner_rule.remove", actor=who.actor, subject=f"owner_rule:{rule.id}", pattern=rule.pattern
        )
        session.delete(rule)


def move(who: Caller, rule_id: int, *, down: bool) -> None:
    """Change places with the neighbour; nothing happens at either end."""
    with write() as session:
        rule = _rule(session, rule_id)
        order = owner_rules(session)
        at = next(index for index, one in enumerate(order) if one.id == rule.id)
        beside = at + (1 if down else -1)
        if 0 <= beside < len(order):
            order[at], order[beside] = order[beside], order[at]
        for position, one in enumerate(order, 1):
            one.position = position
        audit.record(session, "owner_rule.move", actor=who.actor, subject=f"owner_rule:{rule.id}", down=down)


def _rule(session: Session, rule_id: int) -> OwnerRule:
    rule = session.get(OwnerRule, rule_id)
    if rule is None:
        raise NotFound
    return rule
