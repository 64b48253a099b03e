"""Electronic tax invoices: what is issued for an invoice, how far it has come, and what it amends.

One that has been filed can never be taken back, only amended by another one. What was sent is kept as it was sent.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.billing.models import Invoice
from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step
from portal.tenants.models import Tenant


class TaxInvoiceState(StrEnum):
    WAITING = "waiting"  #: to be issued
    REQUESTED = "requested"  #: asked; the answer is on its way
    UNKNOWN = "unknown"  #: no answer came: ask by our own number, never issue blindly again
    ISSUED = "issued"  #: legally issued, not yet filed with the tax office
    FILING = "filing"  #: being filed
    FILED = "filed"  #: filed; it has its approval number for good
    REJECTED = "rejected"  #: refused; a person has to mend it
    CANCELLED = "cancelled"  #: taken back before it was filed
    HELD = "held"  #: not sent: the customer has closed down, or something is missing


X = TaxInvoiceState

TAX_INVOICE = Machine(
    noun="세금계산서",
    looks={
        X.WAITING: Look("발행 대기", "grey", "clock", "곧 발행을 요청합니다."),
        X.REQUESTED: Look("발행 중", "amber", "clock", "발행 대행사의 답을 기다립니다."),
        X.UNKNOWN: Look("확인 중", "amber", "warn", "발행되었는지 묻고 있습니다. 두 번 발행되지 않습니다."),
        X.ISSUED: Look("발행", "blue", "check", "다음 영업일까지 국세청에 전송합니다."),
        X.FILING: Look("전송 중", "blue", "clock", "국세청의 결과를 기다립니다."),
        X.FILED: Look("전송 완료", "green", "check", "국세청 승인번호가 붙었습니다."),
        X.REJECTED: Look("실패", "red", "warn", "사유를 고친 뒤 다시 발행해 주십시오."),
        X.CANCELLED: Look("발행 취소", "grey", "close", "전송 전에 취소했습니다."),
        X.HELD: Look("보류", "amber", "hold", "사유를 확인해 주십시오."),
    },
    steps=(
        step(X.WAITING, "request", X.REQUESTED, "worker"),
        step((X.WAITING, X.REJECTED), "hold", X.HELD, "worker, billing staff"),
        step(X.HELD, "release", X.WAITING, "billing staff"),
        step((X.REQUESTED, X.UNKNOWN), "issue", X.ISSUED, "worker"),
        step((X.REQUESTED, X.UNKNOWN), "reject", X.REJECTED, "worker"),
        step(X.REQUESTED, "lose", X.UNKNOWN, "worker"),
        step(X.UNKNOWN, "retry_unissued", X.WAITING, "worker, once the service says that there is none"),
        step(X.ISSUED, "file", X.FILING, "worker"),
        step((X.ISSUED, X.FILING), "accept", X.FILED, "worker"),
        step((X.ISSUED, X.FILING), "refuse", X.REJECTED, "worker"),
        step(X.ISSUED, "cancel", X.CANCELLED, "worker, when its invoice was cancelled"),
        step((X.WAITING, X.HELD, X.REJECTED), "cancel_unissued", X.CANCELLED, "worker, when its invoice was cancelled"),
        step(X.REJECTED, "retry", X.WAITING, "billing staff"),
        step(X.WAITING, "file_again", X.FILING, "worker, for one that is issued and the tax office had refused"),
    ),
)


class TaxInvoice(Model):
    """One tax invoice. `management_key` is ours, unique at the issuing service, and follows from invoice and position.

    `supply` and `vat` are negative in one that takes back. `modify_code` 1 to 6 is the lawful reason of an amendment,
    `original_id` what it amends, and `sheet` what it says of it. `document` is what was sent.
    """

    __tablename__ = "tax_invoice"
    __table_args__ = (
        UniqueConstraint("invoice_id", "position"),
        UniqueConstraint("management_key"),
        {"info": retained("accounting", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id))
    position: Mapped[int] = mapped_column(default=1)
    original_id: Mapped[int | None] = mapped_column(ForeignKey("tax_invoice.id"))
    modify_code: Mapped[int | None]
    sheet: Mapped[str] = mapped_column(String(10), default="")
    """One of rules.Sheet: empty in a first one."""
    management_key: Mapped[str] = mapped_column(String(24))
    state: Mapped[TaxInvoiceState] = mapped_column(String(10), index=True)
    purpose: Mapped[str] = mapped_column(String(4))
    """청구, or 영수 when it was paid before."""
    write_date: Mapped[date]
    issue_by: Mapped[date]
    """Last day of lawful issue: the 10th of the next month, or the next business day."""
    file_by: Mapped[date | None]
    """Last day of lawful filing: the business day after issue."""
    supply: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    approval_number: Mapped[str | None] = mapped_column(String(24))
    state_code: Mapped[str] = mapped_column(String(10), default="")
    """The issuing service's own state, e.g. 304."""
    failure_code: Mapped[str] = mapped_column(String(60), default="")
    failure_message: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime]
    requested_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    """When a worker is to look at it again; each look puts the next one further off."""
    asked_at: Mapped[datetime | None]

    invoice: Mapped[Invoice] = relationship()
    original: Mapped[TaxInvoice | None] = relationship(remote_side="TaxInvoice.id")
