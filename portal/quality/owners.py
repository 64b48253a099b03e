"""Whose an item is, and why: every choice is made in one order, and its reason is kept as a sentence for the owner.

By hand > who had it before > a rule > who wrote what first failed > whoever of the developers has least. People who may
not sign in are passed over at each step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person, PersonState
from portal.quality import rules
from portal.quality.models import ASKING, Build, Item, KnownTest, OwnerRule

DEVELOPER = "developer"
#: Who takes what nobody else can: without developers the administrators do.
FALLBACK = "admin"


@dataclass(frozen=True, slots=True)
class Choice:
    """An owner, or nobody, with the reason."""

    person: Person | None
    reason: str


def owner_rules(session: Session) -> list[OwnerRule]:
    """All rules in their order; the last that matches counts."""
    return list(session.scalars(select(OwnerRule).order_by(OwnerRule.position, OwnerRule.id)))


def rule_for(found: Iterable[OwnerRule], file: str, klass: str, name: str) -> OwnerRule | None:
    """The last rule that means this test, whether or not its owner is still there."""
    paths = rules.paths_of(file, klass, name)
    matching = [rule for rule in found if rules.matches(rule.pattern, paths)]
    return matching[-1] if matching else None


def choose(session: Session, test: KnownTest, build: Build, found: list[OwnerRule]) -> Choice:
    """The owner of a new item of `test` that first failed in `build`."""
    before = session.scalars(select(Item).where(Item.test_id == test.id).order_by(Item.id.desc()).limit(1)).first()
    if before is not None and _may(before.owner):
        by_hand = "에게 손으로 맡긴" if before.owner_by_hand else "이 맡은"
        return Choice(before.owner, f"같은 시험의 앞선 실패도 {_name(before.owner)}님{by_hand} 일입니다.")
    rule = rule_for(found, test.file, test.klass, test.name)
    if rule is not None and _may(rule.owner):
        return Choice(rule.owner, f"담당 규칙 '{rule.pattern}'에 맞는 시험입니다.")
    author = _author(session, build)
    if author is not None:
        return Choice(author, f"처음 실패한 빌드 {build.job.name} #{build.number}에 든 변경을 만들었습니다.")
    return _least_loaded(session)


def choose_for_build(found: list[OwnerRule]) -> Choice:
    """The owner of a cluster: whoever the rule '@build' names; else it stays open to all developers."""
    keepers = [rule.owner for rule in found if rule.pattern == rules.BUILD_RULE and _may(rule.owner)]
    if keepers:
        return Choice(keepers[-1], "여러 시험이 한꺼번에 실패해 빌드 담당(규칙 '@build')에게 갑니다.")
    return Choice(None, "여러 시험이 한꺼번에 실패했습니다. 빌드 담당 규칙이 없어 개발 직원 모두에게 보입니다.")


def choose_again(session: Session, item: Item, build: Build, found: list[OwnerRule]) -> Choice:
    """The owner of an item that came back: the one it had, unless that one is gone."""
    if _may(item.owner):
        return Choice(item.owner, f"먼저 이 실패를 맡았던 분입니다. {item.regressions + 1}번째 재발입니다.")
    if item.test is None:
        return choose_for_build(found)
    rule = rule_for(found, item.test.file, item.test.klass, item.test.name)
    if rule is not None and _may(rule.owner):
        return Choice(rule.owner, f"앞선 담당자가 없어, 담당 규칙 '{rule.pattern}'에 따라 갑니다.")
    author = _author(session, build)
    if author is not None:
        return Choice(author, f"앞선 담당자가 없어, 빌드 {build.job.name} #{build.number}의 변경을 만든 분께 갑니다.")
    return _least_loaded(session)


def _author(session: Session, build: Build) -> Person | None:
    """The first author of the build who is a member of staff; others' names in commits bind nobody."""
    for email in build.authors:
        person = session.scalar(select(Person).where(Person.email == email.lower()))
        if _may(person):
            return person
    return None


def _least_loaded(session: Session) -> Choice:
    for role, words in ((DEVELOPER, "개발"), (FALLBACK, "관리")):
        found = _least_loaded_of(session, role)
        if found is not None:
            person, load = found
            return Choice(
                person, f"규칙도 만든 직원도 찾지 못해, 맡은 일이 가장 적은 {words} 직원({load}건)에게 갑니다."
            )
    return Choice(None, "맡을 개발 직원이 없습니다. 직원 화면에서 '개발' 역할을 주십시오.")


def _least_loaded_of(session: Session, role: str) -> tuple[Person, int] | None:
    load = (
        select(Item.owner_id, func.count().label("load"))
        .where(Item.state.in_(ASKING))
        .group_by(Item.owner_id)
        .subquery()
    )
    count = func.coalesce(load.c.load, 0)
    query = (
        select(Person, count)
        .outerjoin(load, load.c.owner_id == Person.id)
        .where(Person.state == PersonState.ACTIVE, cast(Person.staff_roles, String).contains(f'"{role}"'))
        .order_by(count, Person.id)
        .limit(1)
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row else None


def _may(person: Person | None) -> bool:
    return person is not None and person.staff and person.state == PersonState.ACTIVE


def _name(person: Person | None) -> str:
    return person.name if person is not None else ""
