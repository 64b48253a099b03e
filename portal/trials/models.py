"""The trial application, the words exchanged about it, and its states."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step


class ApplicationState(StrEnum):
    SUBMITTED = "submitted"  #: sent in; nobody has taken it yet
    REVIEWING = "reviewing"  #: a reviewer has taken it
    NEEDS_INFO = "needs_info"  #: the applicant was asked something
    APPROVED = "approved"  #: a company was opened for it
    REJECTED = "rejected"  #: turned down, with a reason
    WITHDRAWN = "withdrawn"  #: taken back by the applicant, or replaced by a newer one
    EXPIRED = "expired"  #: nobody answered for too long


S = ApplicationState
#: States in which a decision is still to come; one application per business number may be in them.
UNDECIDED = (S.SUBMITTED, S.REVIEWING, S.NEEDS_INFO)
#: States in which it is the reviewers' turn.
WITH_REVIEWERS = (S.SUBMITTED, S.REVIEWING)

_OPEN = text("state IN ('submitted', 'reviewing', 'needs_info')")


class Application(Model):
    """A company's wish to try Planroom."""

    __tablename__ = "application"
    __table_args__ = (
        Index(
            "uq_application_undecided_number",
            "business_number",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_application_state_submitted_at", "state", "submitted_at"),
        {"info": retained("application", "email")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    form_key: Mapped[str] = mapped_column(String(43), unique=True)
    """Comes with the empty form: the same form sent twice is one application."""
    state: Mapped[ApplicationState] = mapped_column(String(12))
    company: Mapped[str] = mapped_column(String(100))
    business_number: Mapped[str] = mapped_column(String(10), index=True)
    ceo: Mapped[str] = mapped_column(String(60))
    industry: Mapped[str] = mapped_column(String(30))
    people: Mapped[str] = mapped_column(String(10))
    """How many will use it, as one of the sizes of the form."""
    purpose: Mapped[str] = mapped_column(Text)
    applicant: Mapped[str] = mapped_column(String(60))
    email: Mapped[str] = mapped_column(String(254), index=True)
    phone: Mapped[str] = mapped_column(String(20))
    terms_version: Mapped[str] = mapped_column(String(10))
    advertising: Mapped[bool]
    """Whether the applicant asked for news by mail; separate from everything else, and not needed."""

    link_nonce: Mapped[str] = mapped_column(String(43))
    status_digest: Mapped[str] = mapped_column(String(64), unique=True)
    confirm_digest: Mapped[str] = mapped_column(String(64), unique=True)
    journey_key: Mapped[str] = mapped_column(String(64), default="", index=True)

    submitted_at: Mapped[datetime]
    email_confirmed_at: Mapped[datetime | None]
    reviewer_id: Mapped[int | None] = mapped_column(index=True)
    assigned_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    decided_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was rejected, in the words that were mailed."""
    tenant_id: Mapped[int | None] = mapped_column(index=True)

    business_status: Mapped[str] = mapped_column(String(12), default="")
    """What the tax office answered, a word of business_status.Standing; empty while it was not asked."""
    business_note: Mapped[str] = mapped_column(String(200), default="")
    business_checked_at: Mapped[datetime | None]


class ApplicationMessage(Model):
    """A question of the reviewer, or an answer of the applicant."""

    __tablename__ = "application_message"
    __table_args__ = ({"info": retained("application", "application_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id), index=True)
    person_id: Mapped[int | None]
    """The reviewer who asks; None when the applicant writes."""
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    mail_id: Mapped[int | None]
    """The mail that carries a question; while it has not left, the question can be taken back."""


APPLICATION = Machine(
    noun="체험 신청",
    looks={
        S.SUBMITTED: Look("접수", "blue", "inbox", "담당자가 곧 살펴봅니다. 영업일 하루 안에 답을 드립니다."),
        S.REVIEWING: Look("검토 중", "amber", "eye", "담당자가 살펴보고 있습니다. 결과를 메일로 알려 드립니다."),
        S.NEEDS_INFO: Look("보완 요청", "amber", "mail", "답을 보내 주시면 검토를 이어 갑니다."),
        S.APPROVED: Look("승인", "green", "check", "환경이 준비되면 초대 메일이 갑니다."),
        S.REJECTED: Look("반려", "red", "close", "사유를 확인하신 뒤 다시 신청하실 수 있습니다."),
        S.WITHDRAWN: Look("취소", "grey", "close", "필요하시면 언제든 다시 신청하실 수 있습니다."),
        S.EXPIRED: Look("기한 지남", "grey", "clock", "다시 신청해 주시면 바로 살펴보겠습니다."),
    },
    steps=(
        step(S.SUBMITTED, "assign", S.REVIEWING, "reviewer"),
        step(S.REVIEWING, "release", S.SUBMITTED, "reviewer"),
        step(WITH_REVIEWERS, "ask", S.NEEDS_INFO, "reviewer"),
        step(S.NEEDS_INFO, "unask", S.REVIEWING, "reviewer, while the mail has not left"),
        step(S.NEEDS_INFO, "answer", S.REVIEWING, "applicant"),
        step(UNDECIDED, "approve", S.APPROVED, "reviewer"),
        step(UNDECIDED, "reject", S.REJECTED, "reviewer"),
        step(UNDECIDED, "withdraw", S.WITHDRAWN, "applicant"),
        step((S.SUBMITTED, S.NEEDS_INFO), "expire", S.EXPIRED, "schedule"),
    ),
)

#: What the tax office may have answered, by the words of business_status.Standing.
BUSINESS: dict[str, Look] = {
    "active": Look("계속사업자", "green", "check", "영업 중인 사업자입니다."),
    "suspended": Look("휴업자", "amber", "pause", "휴업 중이라고 합니다. 신청자에게 확인해 주십시오."),
    "closed": Look("폐업자", "red", "stop", "폐업한 사업자입니다. 신청자에게 확인해 주십시오."),
    "unknown": Look("미등록", "red", "warn", "국세청에 없는 번호입니다. 신청자에게 확인해 주십시오."),
    "unchecked": Look("미확인", "grey", "help", "답을 받지 못했습니다. 다시 조회해 주십시오."),
}
