"""The work item: one thing that some process asks a person to do, and its states."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step


class WorkState(StrEnum):
    OPEN = "open"  #: waits for somebody
    SNOOZED = "snoozed"  #: put away until an instant
    DONE = "done"  #: done, or no longer asked for; opens again when the same thing comes back


class WorkItem(Model):
    """One line of the inbox. `kind` and `subject` together name it: asked for twice, it is still one line."""

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        Index("ix_work_item_state_due_at", "state", "due_at"),
        {"info": retained("operations", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(String(300))
    tenant_id: Mapped[int | None] = mapped_column(index=True)
    roles: Mapped[str] = mapped_column(String(120))
    """Staff roles that see it, each between spaces: " reviewer billing "."""
    state: Mapped[WorkState] = mapped_column(String(8))
    assignee_id: Mapped[int | None] = mapped_column(index=True)
    due_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    openings: Mapped[int] = mapped_column(default=1)
    """How often it was opened: more than once means that it came back."""
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))


WORK = Machine(
    noun="업무",
    looks={
        WorkState.OPEN: Look("할 일", "amber", "inbox", "맡을 사람을 정하고 끝나면 완료로 표시합니다."),
        WorkState.SNOOZED: Look("미룸", "grey", "clock", "정한 때가 되면 할 일로 돌아옵니다."),
        WorkState.DONE: Look("완료", "green", "check", "같은 일이 또 생기면 다시 열립니다."),
    },
    steps=(
        step(WorkState.OPEN, "snooze", WorkState.SNOOZED, "staff who see it"),
        step(WorkState.SNOOZED, "wake", WorkState.OPEN, "the schedule, or staff who see it"),
        step(
            (WorkState.OPEN, WorkState.SNOOZED), "done", WorkState.DONE, "staff who see it, or the process that asked"
        ),
        step(WorkState.DONE, "reopen", WorkState.OPEN, "staff who see it, or the process that asked"),
    ),
)

#: Kind -> its Korean name in the inbox. A kind that is not here shows as 업무.
KINDS: dict[str, str] = {
    "trial": "체험 심사",
    "provision": "환경 만들기",
    "mail": "메일",
    "drawing": "도면",
    "billing": "청구",
    "charge": "결제",
    "unpaid": "미납",
    "transfer": "입금",
    "tax_invoice": "세금계산서",
    "retention": "파기",
    "backup": "백업",
    "quality": "품질",
    "change_request": "수정요청",
    "access_review": "접속기록 점검",
}
