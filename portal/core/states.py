"""State machines are data: the looks of a noun's states and the table of its steps.

A step is a compare-and-swap on the state, so that two people, or a person and a job, never both succeed; every one leaves
an audit row. A verb outside the table is refused with a sentence a person can act on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Session

from portal.core import audit
from portal.core.errors import Refusal
from portal.core.korea import particle

Tone = Literal["grey", "blue", "amber", "red", "green"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a state shows itself everywhere: its word, its colour, its icon, and what comes next."""

    word: str
    tone: Tone
    icon: str
    next: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """`verb` leads from any of `origins` to `to`; `who` may do it, in words for the reader of the table."""

    origins: frozenset[StrEnum]
    verb: str
    to: StrEnum
    who: str


def step(origins: StrEnum | tuple[StrEnum, ...], verb: str, to: StrEnum, who: str) -> Step:
    return Step(frozenset(origins if isinstance(origins, tuple) else (origins,)), verb, to, who)


@dataclass(frozen=True, slots=True)
class Machine:
    """The states and steps of one noun. `noun` is its Korean name, used in refusals."""

    noun: str
    looks: dict[Any, Look]
    steps: tuple[Step, ...]

    def look(self, state: str) -> Look:
        return self.looks[state]

    def allows(self, state: str, verb: str) -> bool:
        return any(step.verb == verb and state in step.origins for step in self.steps)

    def move(self, session: Session, row: Any, verb: str, *, by: str, **changes: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
        """Take `row` (with `id` and `state`) along `verb`, inside write(), changing further columns with it.

        Raises Refusal when the table has no such step from the row's present state, or another was faster.
        """
        table: type[DeclarativeBase] = type(row)
        before = row.state
        chosen = next((step for step in self.steps if step.verb == verb and before in step.origins), None)
        if chosen is None:
            raise self._refusal(before)
        session.flush()
        where = (table.id == row.id, table.state == before)  # type: ignore[attr-defined]  # every such table has both
        result = session.execute(update(table).where(*where).values(state=chosen.to, **changes))
        if getattr(result, "rowcount", 0) != 1:
            session.refresh(row)
            raise self._refusal(row.state)
        session.refresh(row)
        if "company_url" not in session.info:
            audit.record(
                session,
                f"{table.__tablename__}.{verb}",
                actor=by,
                subject=f"{table.__tablename__}:{row.id}",
                tenant_id=getattr(row, "tenant_id", None) or (row.id if table.__tablename__ == "tenant" else None),
                before=str(before),
                after=str(chosen.to),
            )

    def _refusal(self, state: str) -> Refusal:
        look = self.looks[state]
        return Refusal(
            f"{self.noun}{particle(self.noun, '이/가')} '{look.word}' 상태여서 지금은 그 일을 할 수 없습니다.",
            look.next or "화면을 새로 고쳐 지금 상태를 확인해 주십시오.",
        )
