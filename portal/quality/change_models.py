"""Customers' change requests, the words exchanged about them, and the releases that carry what was mended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step
from portal.quality.models import Item
from portal.tenants.models import Tenant


class RequestState(StrEnum):
    RECEIVED = "received"  #: sent in; nobody has taken it
    WORKING = "working"  #: staff work on it
    MENDED = "mended"  #: mended, and the customer was told
    RECURRED = "recurred"  #: it came back after it was mended, and the customer was told
    DECLINED = "declined"  #: will not be done, with a reason
    WITHDRAWN = "withdrawn"  #: taken back by the customer


R = RequestState
#: States in which staff have something to do.
WITH_STAFF = (R.RECEIVED, R.WORKING, R.RECURRED)

REQUEST = Machine(
    noun="수정요청",
    looks={
        R.RECEIVED: Look("접수", "blue", "inbox", "담당자가 곧 살펴봅니다."),
        R.WORKING: Look("처리 중", "amber", "review", "고쳐지면 메일로 알려 드립니다."),
        R.MENDED: Look("고침", "green", "check", "다시 생기면 저희가 먼저 알려 드립니다."),
        R.RECURRED: Look("다시 생김", "red", "retry", "먼저 고친 담당자가 다시 살펴보고 있습니다."),
        R.DECLINED: Look("하지 않음", "grey", "close", "사유를 확인해 주십시오. 덧붙일 말씀을 남기실 수 있습니다."),
        R.WITHDRAWN: Look("취소", "grey", "close", "필요하시면 언제든 다시 요청하실 수 있습니다."),
    },
    steps=(
        step(R.RECEIVED, "take", R.WORKING, "staff"),
        step(WITH_STAFF, "mend", R.MENDED, "staff, a resolved test item, or a release"),
        step(R.MENDED, "recur", R.RECURRED, "a test item that came back, or staff"),
        step(WITH_STAFF, "decline", R.DECLINED, "staff"),
        step((R.RECEIVED, R.WORKING), "withdraw", R.WITHDRAWN, "the customer"),
        step((R.MENDED, R.DECLINED), "reopen", R.WORKING, "the customer, or staff"),
    ),
)


class Release(Model):
    """A version of the product. `released_at` is empty while it is being made."""

    __tablename__ = "release"
    __table_args__ = ({"info": retained("operations", None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    notes: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None] = mapped_column(index=True)


class ChangeRequest(Model):
    """Something a customer wants mended or changed. Tied to a test item, it is mended when that is; to a release, with it."""

    __tablename__ = "change_request"
    __table_args__ = (
        Index("ix_change_request_tenant_id_id", "tenant_id", "id"),
        {"info": retained("content", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    form_key: Mapped[str] = mapped_column(String(43), unique=True)
    """Comes with the empty form: the same form sent twice is one request."""
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[RequestState] = mapped_column(String(10), index=True)
    state_since: Mapped[datetime]
    created_at: Mapped[datetime]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    item_id: Mapped[int | None] = mapped_column(ForeignKey(Item.id), index=True)
    release_id: Mapped[int | None] = mapped_column(ForeignKey(Release.id), index=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it is not done, in the words that were mailed."""

    tenant: Mapped[Tenant] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    assignee: Mapped[Person | None] = relationship(foreign_keys=[assignee_id])
    item: Mapped[Item | None] = relationship()
    release: Mapped[Release | None] = relationship()


class ChangeMessage(Model):
    """A word of the customer or of staff about a request."""

    __tablename__ = "change_message"
    __table_args__ = ({"info": retained("content", "request_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey(ChangeRequest.id), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    staff: Mapped[bool]
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]

    person: Mapped[Person] = relationship()
