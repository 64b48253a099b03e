"""Plans, subscriptions, statements, invoices, credit notes and the ledger.

A plan version is never changed once published, and a subscription is pinned to one. An invoice is never edited once it has
its number: it is only cancelled by a credit note. The ledger is double entry and append-only. All amounts are whole won.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step
from portal.tenants.models import Tenant

# ----- plans ---------------------------------------------------------------------------------------------------------


class Plan(Model):
    """Something that can be subscribed to. What it costs stands in its versions."""

    __tablename__ = "plan"
    __table_args__ = ({"info": retained("contract", None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(String(200))
    public: Mapped[bool]
    """Whether the homepage offers it."""
    position: Mapped[int]


class PlanVersion(Model):
    """One immutable price list of a plan; `terms` is a `rules.terms.Terms` as JSON, `digest` its SHA-256."""

    __tablename__ = "plan_version"
    __table_args__ = (UniqueConstraint("plan_id", "number"), {"info": retained("contract", None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey(Plan.id))
    number: Mapped[int]
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    offered_from: Mapped[date]
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(80))

    plan: Mapped[Plan] = relationship()


# ----- subscriptions -------------------------------------------------------------------------------------------------


class SubscriptionState(StrEnum):
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"  #: an invoice is overdue
    ENDING = "ending"  #: ends with the period; may be taken back
    ENDED = "ended"


S = SubscriptionState

SUBSCRIPTION = Machine(
    noun="이용권",
    looks={
        S.TRIALING: Look("체험", "blue", "check", "체험이 끝나기 전에 이용권을 고를 수 있습니다."),
        S.ACTIVE: Look("이용 중", "green", "check", "달마다 쓴 만큼 청구합니다."),
        S.PAST_DUE: Look("연체", "red", "warn", "밀린 청구서를 내면 다시 이용 중이 됩니다."),
        S.ENDING: Look("해지 예정", "amber", "clock", "이번 기간이 끝나면 해지합니다. 그전에 거둘 수 있습니다."),
        S.ENDED: Look("해지", "grey", "stop", "보존 기간이 지나면 자료를 파기합니다."),
    },
    steps=(
        step(S.TRIALING, "convert", S.ACTIVE, "owner, billing member"),
        step(S.TRIALING, "lapse", S.ENDED, "schedule"),
        step(S.ACTIVE, "fall_behind", S.PAST_DUE, "schedule"),
        step(S.PAST_DUE, "catch_up", S.ACTIVE, "payment"),
        step((S.ACTIVE, S.PAST_DUE), "cancel", S.ENDING, "owner, staff"),
        step(S.ENDING, "keep", S.ACTIVE, "owner, staff"),
        step((S.ENDING, S.PAST_DUE, S.ACTIVE), "end", S.ENDED, "schedule, staff"),
    ),
)


class Subscription(Model):
    """A company's agreement. At most one of a company is not ended."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index(
            "uq_subscription_live",
            "tenant_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
        {"info": retained("contract", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    state: Mapped[SubscriptionState] = mapped_column(String(10), index=True)
    started_on: Mapped[date]
    converted_on: Mapped[date | None]
    """From this day on usage is paid for."""
    ends_on: Mapped[date | None]
    """First day that is not paid for any more, once it is known."""
    next_plan_version_id: Mapped[int | None] = mapped_column(ForeignKey(PlanVersion.id))
    """A cheaper plan chosen for the next period."""
    reminded_on: Mapped[date | None]
    """When those who may choose a plan were last told that the trial ends."""
    state_since: Mapped[datetime]
    created_at: Mapped[datetime]

    tenant: Mapped[Tenant] = relationship()
    phases: Mapped[list[SubscriptionPhase]] = relationship(order_by="SubscriptionPhase.from_on")


class SubscriptionPhase(Model):
    """Which plan version holds from a day on, until the next phase. A change of plan in the middle of a month is a phase."""

    __tablename__ = "subscription_phase"
    __table_args__ = (UniqueConstraint("subscription_id", "from_on"), {"info": retained("contract", None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey(Subscription.id))
    plan_version_id: Mapped[int] = mapped_column(ForeignKey(PlanVersion.id))
    from_on: Mapped[date]

    plan_version: Mapped[PlanVersion] = relationship()


class Evidence(StrEnum):
    """Which proof a company gets for one supply; never both (VAT Act 33(2))."""

    TAX_INVOICE_FIRST = "TAX_INVOICE_FIRST"  #: tax invoice (청구) first, the card then settles the receivable
    CARD_SLIP_ONLY = "CARD_SLIP_ONLY"  #: the card slip is the proof, no tax invoice


class PayBy(StrEnum):
    CARD = "card"
    TRANSFER = "transfer"


class BillingProfile(Model):
    """Whom the invoices are for, by law and by mail, and how they are paid."""

    __tablename__ = "billing_profile"
    __table_args__ = ({"info": retained("accounting", "tenant_id")},)

    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    business_number: Mapped[str] = mapped_column(String(10))
    ceo: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(200))
    business_type: Mapped[str] = mapped_column(String(60))
    """업태"""
    business_class: Mapped[str] = mapped_column(String(60))
    """종목"""
    contact_name: Mapped[str] = mapped_column(String(60))
    emails: Mapped[list[str]] = mapped_column(JSON)
    phone: Mapped[str] = mapped_column(String(20))
    evidence: Mapped[Evidence] = mapped_column(String(20), default=Evidence.TAX_INVOICE_FIRST)
    pay_by: Mapped[PayBy] = mapped_column(String(10), default=PayBy.TRANSFER)
    updated_at: Mapped[datetime]


# ----- statements and invoices ---------------------------------------------------------------------------------------


class Statement(Model):
    """What a company used in a period and what that comes to, as it was rated. Never changed; rated anew, it is a new one.

    `document` holds usage, seats, phases and the desired lines with their explanations; `digest` its SHA-256.
    """

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("tenant_id", "period_from", "digest"),
        {"info": retained("accounting", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    subscription_id: Mapped[int] = mapped_column(ForeignKey(Subscription.id))
    period_from: Mapped[date]
    period_to: Mapped[date]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    rated_at: Mapped[datetime]


class InvoiceState(StrEnum):
    DRAFT = "draft"
    FINALISED = "finalised"
    OVERDUE = "overdue"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


I = InvoiceState  # noqa: E741 - a column of the table

INVOICE = Machine(
    noun="청구서",
    looks={
        I.DRAFT: Look("작성 중", "grey", "clock", "마감하면 번호가 붙고 고칠 수 없게 됩니다."),
        I.FINALISED: Look("청구", "blue", "mail", "납부기한까지 결제하거나 입금합니다."),
        I.OVERDUE: Look("연체", "red", "warn", "밀린 금액을 내 주십시오."),
        I.PAID: Look("수납", "green", "check", "더 하실 일이 없습니다."),
        I.UNCOLLECTIBLE: Look("회수 불능", "grey", "stop", "받지 못한 것으로 정리했습니다."),
        I.VOID: Look("취소", "grey", "close", "수정 청구서로 취소했습니다."),
    },
    steps=(
        step(I.DRAFT, "finalise", I.FINALISED, "close run, billing staff"),
        step(I.FINALISED, "fall_due", I.OVERDUE, "schedule"),
        step((I.FINALISED, I.OVERDUE), "settle", I.PAID, "payment"),
        step(I.PAID, "unsettle", I.FINALISED, "refund, wrong match"),
        step(I.OVERDUE, "give_up", I.UNCOLLECTIBLE, "billing staff"),
        step(I.UNCOLLECTIBLE, "settle_late", I.PAID, "payment"),
        step((I.FINALISED, I.OVERDUE, I.PAID), "void", I.VOID, "billing staff, with a credit note"),
    ),
)
#: States in which money is still to come in.
UNPAID = (I.FINALISED, I.OVERDUE)
#: States that have a number and stay as they are.
NUMBERED = (I.FINALISED, I.OVERDUE, I.PAID, I.UNCOLLECTIBLE, I.VOID)


class Invoice(Model):
    """One bill of one company for one period. `number` is gapless within its year and given with the finalisation.

    `total` = `supply` + `vat`; `supply` is the sum of the lines, the cut to ten won among them. `position` tells a later bill
    for the same period (late usage) from the first, whose position is 1.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("tenant_id", "period_from", "position"),
        UniqueConstraint("number"),
        Index("ix_invoice_state_due_on", "state", "due_on"),
        {"info": retained("accounting", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    subscription_id: Mapped[int] = mapped_column(ForeignKey(Subscription.id))
    statement_id: Mapped[int | None] = mapped_column(ForeignKey(Statement.id))
    period_from: Mapped[date]
    period_to: Mapped[date]
    position: Mapped[int] = mapped_column(default=1)
    state: Mapped[InvoiceState] = mapped_column(String(14))
    number: Mapped[str | None] = mapped_column(String(20))
    supply: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    paid: Mapped[int] = mapped_column(BigInteger, default=0)
    parties: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Supplier and customer as they were when it was finalised."""
    issued_on: Mapped[date | None]
    due_on: Mapped[date | None]
    finalised_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    state_since: Mapped[datetime]
    created_at: Mapped[datetime]

    tenant: Mapped[Tenant] = relationship()
    lines: Mapped[list[InvoiceLine]] = relationship(order_by="InvoiceLine.position", back_populates="invoice")

    @property
    def open_won(self) -> int:
        """What is still to be paid."""
        return self.total - self.paid


class InvoiceLine(Model):
    """One amount of an invoice; `line_key` names what it is for, so that nothing is billed twice."""

    __tablename__ = "invoice_line"
    __table_args__ = (
        UniqueConstraint("invoice_id", "line_key"),
        Index("ix_invoice_line_line_key", "line_key"),
        {"info": retained("accounting", None)},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id))
    line_key: Mapped[str] = mapped_column(String(160))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    quantity: Mapped[str] = mapped_column(String(40))
    """An exact decimal, as text."""
    unit: Mapped[str] = mapped_column(String(20))
    period_from: Mapped[date]
    period_to: Mapped[date]
    won: Mapped[int] = mapped_column(BigInteger)
    explain: Mapped[dict[str, Any]] = mapped_column(JSON)

    invoice: Mapped[Invoice] = relationship(back_populates="lines")


class CreditNote(Model):
    """Takes back an invoice, or a part of it; numbered like invoices, never edited. Amounts are positive."""

    __tablename__ = "credit_note"
    __table_args__ = (UniqueConstraint("number"), {"info": retained("accounting", "tenant_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id), index=True)
    number: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200))
    supply: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """[{"line_key", "won"}]: what is not billed any more."""
    issued_on: Mapped[date]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))

    invoice: Mapped[Invoice] = relationship()


class LedgerEntry(Model):
    """One side of a booking; the sides of one `booking` add up to zero. Append-only.

    Accounts: receivable, revenue, vat, cash_card, cash_bank, unallocated, bad_debt. Debit is positive, credit negative.
    `source` names what is booked ("invoice:7", "charge:12"), so that nothing is booked twice.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("source", "account"),
        {"info": retained("accounting", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    on: Mapped[date] = mapped_column(index=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    source: Mapped[str] = mapped_column(String(60))
    account: Mapped[str] = mapped_column(String(16))
    won: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey(Invoice.id), index=True)


# ----- the month's close ---------------------------------------------------------------------------------------------


class CloseState(StrEnum):
    WAITING = "waiting"  #: nothing done yet
    CLOSED = "closed"  #: invoice finalised, or nothing to bill
    STUCK = "stuck"  #: a person has to look; `reason` says why


class CloseStep(Model):
    """How far one company's close of one period has come. A second run finds the row and does nothing twice."""

    __tablename__ = "close_step"
    __table_args__ = (UniqueConstraint("period_from", "tenant_id"), {"info": retained("operations", "tenant_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    period_from: Mapped[date]
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    state: Mapped[CloseState] = mapped_column(String(8), index=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey(Invoice.id))
    reason: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    nudged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
