"""The staff's access log: who, when, from where, whose data, what was done; and the reviews of its months.

안전성 확보조치 기준 제8조 names these five. Ids and words of the house only: no name, no address of e-mail, no words searched
for; `reason` is what a member of staff wrote, and is emptied when the company it is about is destroyed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model, retained
from portal.core.states import Look


class Act(StrEnum):
    LOOK = "look"
    CHANGE = "change"
    DOWNLOAD = "download"
    REFUSED = "refused"  #: tried without the right to


ACTS: dict[str, Look] = {
    Act.LOOK: Look("조회", "grey", "eye"),
    Act.CHANGE: Look("처리", "blue", "check"),
    Act.DOWNLOAD: Look("내려받기", "amber", "download"),
    Act.REFUSED: Look("거절됨", "red", "lock"),
}


class StaffAccess(Model):
    """One access of somebody of the house to others' data. Nobody changes it; it is forgotten after two years."""

    __tablename__ = "staff_access"
    __table_args__ = ({"info": retained("access_log", "tenant_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[int]
    device_id: Mapped[int]
    address: Mapped[str] = mapped_column(
        String(45)
    )  # whole: the law asks from where, and these are the house's own people
    act: Mapped[Act] = mapped_column(String(10))
    endpoint: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(80))  # "invoice:7"; empty for a list
    tenant_id: Mapped[int | None]
    grant_id: Mapped[int | None] = mapped_column(index=True)  # the visit of support it was part of
    reason: Mapped[str] = mapped_column(String(200))

    @property
    def look(self) -> Look:
        return ACTS[self.act]


class AccessReview(Model):
    """A month of the log that somebody went through, with what they found."""

    __tablename__ = "access_review"
    __table_args__ = ({"info": retained("access_log", None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(String(7), unique=True)
    reviewed_by: Mapped[int]
    reviewed_at: Mapped[datetime]
    lines: Mapped[int]
    downloads: Mapped[int]
    finding: Mapped[str] = mapped_column(Text)
