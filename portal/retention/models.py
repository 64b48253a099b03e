"""The end of a company's data: the case that counts its days down, what holds it up, and the proof that it is gone.

What another law wants kept lies apart from the living data (PIPA 21(3)): sealed, with its law and its last day, read only by a
verb that leaves a line in the audit.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step
from portal.tenants.models import Tenant


class CaseState(StrEnum):
    LOOKING = "looking"  #: its people may still look, download and come back
    KEPT = "kept"  #: locked away; notices go out; still may come back
    DUE = "due"  #: the days are over: a member of staff has to ask for the destruction
    ASKED = "asked"  #: asked for; another member of staff has to agree
    SEALED = "sealed"  #: agreed; the last days in which it can be taken back
    DESTROYING = "destroying"
    DESTROYED = "destroyed"
    ENDED = "ended"  #: the company came back


C = CaseState

CASE = Machine(
    noun="파기 건",
    looks={
        C.LOOKING: Look("보기만", "blue", "eye", "기한이 지나면 잠급니다. 그전에 요금제를 고르면 이어서 씁니다."),
        C.KEPT: Look("보존 중", "grey", "hold", "보존기간이 끝나면 파기를 요청할 수 있습니다."),
        C.DUE: Look("파기 대상", "amber", "clock", "직원이 파기를 요청해야 합니다."),
        C.ASKED: Look("승인 대기", "amber", "user", "요청한 사람이 아닌 직원이 승인합니다."),
        C.SEALED: Look("봉인", "red", "lock", "봉인 기간이 끝나면 파기합니다. 그전에는 되돌릴 수 있습니다."),
        C.DESTROYING: Look("파기 중", "red", "destroy", "파기가 끝나면 증명서가 나옵니다."),
        C.DESTROYED: Look("파기됨", "grey", "check", "증명서를 볼 수 있습니다."),
        C.ENDED: Look("되돌아옴", "green", "undo", "고객사가 다시 쓰기로 했습니다."),
    },
    steps=(
        step(C.LOOKING, "lock", C.KEPT, "schedule"),
        step(C.KEPT, "come_due", C.DUE, "schedule"),
        step(C.DUE, "ask", C.ASKED, "admin, support"),
        step(C.ASKED, "agree", C.SEALED, "admin, support, another than who asked"),
        step((C.ASKED, C.SEALED), "take_back", C.KEPT, "admin, support"),
        step(C.DUE, "extend", C.KEPT, "admin, support"),
        step(C.SEALED, "destroy", C.DESTROYING, "worker"),
        step(C.DESTROYING, "finish", C.DESTROYED, "worker"),
        step((C.LOOKING, C.KEPT, C.DUE, C.ASKED, C.SEALED), "end", C.ENDED, "the company came back"),
    ),
)
#: States in which the days still count.
LIVE = (C.LOOKING, C.KEPT, C.DUE, C.ASKED, C.SEALED)


class Case(Model):
    """One company's way from the end of its agreement to its destruction. At most one of a company is not over.

    `lock_on` is the first day without a look, `due_on` the first on which it may be asked for, `destroy_on` the first on which
    the seal is broken. `inventory` is what was found at the destruction, `done` which of its steps are over.
    """

    __tablename__ = "retention_case"
    __table_args__ = (
        Index(
            "uq_retention_case_live",
            "tenant_id",
            unique=True,
            sqlite_where=text("state NOT IN ('destroyed', 'ended')"),
            postgresql_where=text("state NOT IN ('destroyed', 'ended')"),
        ),
        {"info": retained("destruction", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    state: Mapped[CaseState] = mapped_column(String(10), index=True)
    paid: Mapped[bool]
    """Whether it was a customer, or a trial that was never converted."""
    opened_at: Mapped[datetime]
    lock_on: Mapped[date]
    due_on: Mapped[date]
    destroy_on: Mapped[date | None]
    noticed: Mapped[list[int]] = mapped_column(JSON, default=list)
    """Which notices went out, in days before the day."""
    asked_by: Mapped[str | None] = mapped_column(String(80))
    agreed_by: Mapped[str | None] = mapped_column(String(80))
    inventory: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    done: Mapped[list[str]] = mapped_column(JSON, default=list)
    state_since: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    nudged_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()


class Hold(Model):
    """A reason not to destroy a company's data (a lawsuit, an audit), whatever its case says, until it is lifted."""

    __tablename__ = "legal_hold"
    __table_args__ = ({"info": retained("destruction", "tenant_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    placed_by: Mapped[str] = mapped_column(String(80))
    placed_at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(String(80))
    lifted_at: Mapped[datetime | None]


class Certificate(Model):
    """The proof of one destruction, and a line of the register (표준지침 10): counts and digests, nothing that names anybody."""

    __tablename__ = "destruction_certificate"
    __table_args__ = (UniqueConstraint("number"), UniqueConstraint("case_id"), {"info": retained("destruction", None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id))
    company_key: Mapped[str] = mapped_column(String(16))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the document, printed on the certificate."""
    issued_at: Mapped[datetime]


class KeptRecord(Model):
    """Something a law wants kept after the rest is gone, apart from the living data and sealed."""

    __tablename__ = "kept_record"
    __table_args__ = (
        Index("ix_kept_record_keep_until", "keep_until"),
        {"info": retained("destruction", "company_key")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    company_key: Mapped[str] = mapped_column(String(16), index=True)
    record_class: Mapped[str] = mapped_column(String(20))
    law: Mapped[str] = mapped_column(String(100))
    keep_until: Mapped[date]
    rows: Mapped[int]
    sealed: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what is sealed."""
    made_at: Mapped[datetime]
