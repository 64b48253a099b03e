"""Cards, charges, transfers, and the patience with those who do not pay.

Every call to the payment company is a row first: what is asked, under which order and idempotency key. No answer is the
state `unknown`, which only asking resolves. No card number is ever kept, a billing key only sealed.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.billing.models import Invoice
from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step
from portal.tenants.models import Tenant

# ----- cards ---------------------------------------------------------------------------------------------------------


class CardState(StrEnum):
    OPENED = "opened"  #: the payment company's window was opened
    RETURNED = "returned"  #: it came back with a one-time key; the billing key is asked for
    UNKNOWN = "unknown"  #: no answer came; the one-time key is spent, so a person registers again
    ACTIVE = "active"
    FAILED = "failed"
    REPLACED = "replaced"  #: another card took its place; its key is to be deleted at the payment company
    DELETED = "deleted"


C = CardState

CARD = Machine(
    noun="카드",
    looks={
        C.OPENED: Look("등록 중", "grey", "clock", "카드사 창에서 등록을 마쳐 주십시오."),
        C.RETURNED: Look("확인 중", "amber", "clock", "결제사의 답을 기다립니다."),
        C.UNKNOWN: Look("답 없음", "red", "warn", "카드를 다시 등록해 주십시오."),
        C.ACTIVE: Look("자동결제", "green", "check", "납부기한에 이 카드로 결제합니다."),
        C.FAILED: Look("등록 실패", "red", "close", "카드를 다시 등록해 주십시오."),
        C.REPLACED: Look("바뀜", "grey", "stop", "결제사에서 지우는 중입니다."),
        C.DELETED: Look("지움", "grey", "stop", "더는 쓰지 않습니다."),
    },
    steps=(
        step(C.OPENED, "come_back", C.RETURNED, "owner, billing member"),
        step(C.OPENED, "give_up", C.FAILED, "owner, schedule"),
        step((C.RETURNED, C.UNKNOWN), "register", C.ACTIVE, "worker"),
        step(C.RETURNED, "fail", C.FAILED, "worker"),
        step(C.RETURNED, "lose", C.UNKNOWN, "worker"),
        step((C.ACTIVE, C.UNKNOWN), "replace", C.REPLACED, "owner, billing member, another card"),
        step(C.REPLACED, "delete", C.DELETED, "worker"),
    ),
)


#: What the payment company's window says when a person closes it.
CLOSED_WINDOW = "PAY_PROCESS_CANCELED"


class Card(Model):
    """A card as the payment company knows it. `billing_key` is sealed; `number` is masked by the payment company.

    `customer_key` is random and never an e-mail or a sequence. At most one card of a company is active.
    """

    __tablename__ = "card"
    __table_args__ = (
        Index(
            "uq_card_active",
            "tenant_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        {"info": retained("payment_method", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    state: Mapped[CardState] = mapped_column(String(8))
    customer_key: Mapped[str] = mapped_column(String(64), unique=True)
    auth_key: Mapped[str | None] = mapped_column(String(600))
    """The window's one-time key, sealed, until it has been used."""
    billing_key: Mapped[str | None] = mapped_column(String(600))
    company: Mapped[str] = mapped_column(String(40), default="")
    number: Mapped[str] = mapped_column(String(20), default="")
    owner_type: Mapped[str] = mapped_column(String(10), default="")
    opened_by: Mapped[int]
    opened_at: Mapped[datetime]
    registered_at: Mapped[datetime | None]
    failure_code: Mapped[str] = mapped_column(String(60), default="")
    failure_message: Mapped[str] = mapped_column(String(300), default="")
    state_since: Mapped[datetime]
    nudged_at: Mapped[datetime | None]

    @property
    def unfinished(self) -> bool:
        """Whether the person left the window, so that nothing was refused."""
        said_nothing = not (self.failure_code or self.failure_message)
        return self.state == C.FAILED and (said_nothing or self.failure_code == CLOSED_WINDOW)


# ----- charges -------------------------------------------------------------------------------------------------------


class ChargeState(StrEnum):
    CREATED = "created"  #: decided, not asked yet
    REQUESTED = "requested"  #: asked; the answer is on its way
    UNKNOWN = "unknown"  #: no answer came: ask, never repeat blindly
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"  #: paid back whole


H = ChargeState

CHARGE = Machine(
    noun="결제",
    looks={
        H.CREATED: Look("결제 대기", "grey", "clock", "곧 카드사에 요청합니다."),
        H.REQUESTED: Look("결제 중", "amber", "clock", "카드사의 답을 기다립니다."),
        H.UNKNOWN: Look("확인 중", "amber", "warn", "결과를 결제사에 묻고 있습니다. 두 번 결제되지 않습니다."),
        H.SUCCEEDED: Look("결제됨", "green", "check", "더 하실 일이 없습니다."),
        H.DECLINED: Look("거절", "red", "close", "사유를 확인하고 카드를 바꾸거나 다시 결제해 주십시오."),
        H.CANCELLED: Look("취소됨", "grey", "undo", "카드사에 따라 며칠 뒤 환급됩니다."),
    },
    steps=(
        step(H.CREATED, "request", H.REQUESTED, "worker"),
        step((H.REQUESTED, H.UNKNOWN), "succeed", H.SUCCEEDED, "worker"),
        step((H.CREATED, H.REQUESTED, H.UNKNOWN), "decline", H.DECLINED, "worker"),
        step(H.REQUESTED, "lose", H.UNKNOWN, "worker"),
        step(H.SUCCEEDED, "cancel", H.CANCELLED, "worker, for billing staff"),
    ),
)
#: States that stand in the way of another charge for the same invoice.
PENDING = (H.CREATED, H.REQUESTED, H.UNKNOWN)


class Charge(Model):
    """One attempt to collect one invoice by card. `order_id` and `idempotency_key` follow from invoice and attempt."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("invoice_id", "attempt"),
        UniqueConstraint("order_id"),
        Index(
            "uq_charge_live",
            "invoice_id",
            unique=True,
            sqlite_where=text("state IN ('created', 'requested', 'unknown')"),
            postgresql_where=text("state IN ('created', 'requested', 'unknown')"),
        ),
        {"info": retained("accounting", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id))
    card_id: Mapped[int] = mapped_column(ForeignKey(Card.id))
    attempt: Mapped[int]
    won: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[str] = mapped_column(String(64))
    idempotency_key: Mapped[str] = mapped_column(String(120))
    state: Mapped[ChargeState] = mapped_column(String(10), index=True)
    payment_key: Mapped[str | None] = mapped_column(String(200))
    approval_number: Mapped[str] = mapped_column(String(20), default="")
    receipt_url: Mapped[str] = mapped_column(String(300), default="")
    hard: Mapped[bool] = mapped_column(default=False)
    """Declined for good: this card will not do, another one is needed."""
    failure_code: Mapped[str] = mapped_column(String(60), default="")
    failure_message: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime]
    requested_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    """A job works on it until then; afterwards another may."""
    nudged_at: Mapped[datetime | None]
    asked: Mapped[int] = mapped_column(default=0)
    """How often the outcome was asked for."""

    invoice: Mapped[Invoice] = relationship()
    card: Mapped[Card] = relationship()


class RefundState(StrEnum):
    CREATED = "created"
    REQUESTED = "requested"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DROPPED = "dropped"  #: nobody agreed


R = RefundState

REFUND = Machine(
    noun="환불",
    looks={
        R.CREATED: Look("승인 대기", "amber", "clock", "다른 직원이 승인하면 결제사에 요청합니다."),
        R.REQUESTED: Look("환불 중", "amber", "clock", "결제사의 답을 기다립니다."),
        R.UNKNOWN: Look("확인 중", "amber", "warn", "결과를 결제사에 묻고 있습니다."),
        R.SUCCEEDED: Look("환불됨", "green", "check", "카드사에 따라 며칠 뒤 환급됩니다."),
        R.DROPPED: Look("그만둠", "grey", "close", "환불하지 않기로 했습니다."),
        R.FAILED: Look("환불 실패", "red", "close", "사유를 확인하고 계좌로 돌려드려 주십시오."),
    },
    steps=(
        step(R.CREATED, "request", R.REQUESTED, "billing staff, another than who asked"),
        step(R.CREATED, "drop", R.DROPPED, "billing staff"),
        step((R.REQUESTED, R.UNKNOWN), "succeed", R.SUCCEEDED, "worker"),
        step((R.REQUESTED, R.UNKNOWN), "fail", R.FAILED, "worker"),
        step(R.REQUESTED, "lose", R.UNKNOWN, "worker"),
    ),
)


class Refund(Model):
    """Money given back on one charge. Two people: who asked, and who agreed."""

    __tablename__ = "refund"
    __table_args__ = (UniqueConstraint("idempotency_key"), {"info": retained("accounting", "tenant_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    charge_id: Mapped[int] = mapped_column(ForeignKey(Charge.id), index=True)
    won: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))
    idempotency_key: Mapped[str] = mapped_column(String(120))
    state: Mapped[RefundState] = mapped_column(String(10), index=True)
    requested_by: Mapped[str] = mapped_column(String(80))
    approved_by: Mapped[str | None] = mapped_column(String(80))
    surplus: Mapped[bool] = mapped_column(default=False)
    """The charge paid for nothing: the invoice had been paid otherwise meanwhile."""
    failure_code: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    nudged_at: Mapped[datetime | None]

    charge: Mapped[Charge] = relationship()


# ----- dunning -------------------------------------------------------------------------------------------------------


class Dunning(Model):
    """The collection of one invoice: when it is tried next, how often it was, whether use was limited for it."""

    __tablename__ = "dunning"
    __table_args__ = ({"info": retained("accounting", "tenant_id")},)

    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    next_on: Mapped[date | None] = mapped_column(index=True)
    """The Seoul day of the next step; None when nothing more is to come by itself."""
    tries: Mapped[int] = mapped_column(default=0)
    reminded_on: Mapped[date | None]
    limited_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


# ----- transfers -----------------------------------------------------------------------------------------------------


class DepositList(Model):
    """A bank's list of deposits, as it was imported; the same file twice is the same list."""

    __tablename__ = "deposit_list"
    __table_args__ = ({"info": retained("accounting", None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    file_name: Mapped[str] = mapped_column(String(200))
    rows: Mapped[int]
    imported_at: Mapped[datetime]
    imported_by: Mapped[int]


class TransferState(StrEnum):
    DOUBTFUL = "doubtful"  #: a person has to say whose it is
    MATCHED = "matched"  #: all of it is allocated
    PARTLY = "partly"  #: some of it is left over: kept as credit until it is allocated or given back
    IGNORED = "ignored"  #: not for us


T = TransferState

TRANSFER = Machine(
    noun="입금",
    looks={
        T.DOUBTFUL: Look("확인 필요", "amber", "warn", "어느 청구서의 입금인지 골라 주십시오."),
        T.MATCHED: Look("수납", "green", "check", "청구서와 맞추었습니다."),
        T.PARTLY: Look("남은 돈 있음", "amber", "clock", "남은 금액을 다음 청구서에 쓰거나 돌려드립니다."),
        T.IGNORED: Look("제외", "grey", "stop", "우리 입금이 아닌 것으로 했습니다."),
    },
    steps=(
        step((T.DOUBTFUL, T.PARTLY), "match", T.MATCHED, "import, billing staff"),
        step((T.DOUBTFUL, T.PARTLY), "match_partly", T.PARTLY, "import, billing staff"),
        step(T.DOUBTFUL, "ignore", T.IGNORED, "billing staff"),
        step((T.MATCHED, T.PARTLY, T.IGNORED), "undo", T.DOUBTFUL, "billing staff"),
    ),
)


class Transfer(Model):
    """One deposit on our account. `fingerprint` tells the same deposit in two overlapping lists."""

    __tablename__ = "transfer"
    __table_args__ = (UniqueConstraint("fingerprint"), {"info": retained("accounting", "tenant_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey(DepositList.id))
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey(Tenant.id), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    deposited_at: Mapped[datetime]
    payer: Mapped[str] = mapped_column(String(60))
    memo: Mapped[str] = mapped_column(String(100), default="")
    won: Mapped[int] = mapped_column(BigInteger)
    allocated: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[TransferState] = mapped_column(String(10), index=True)
    why: Mapped[str] = mapped_column(String(200), default="")
    """Why it was matched, or why it is doubtful."""

    allocations: Mapped[list[TransferAllocation]] = relationship(order_by="TransferAllocation.id")


class TransferAllocation(Model):
    """The part of a deposit that pays one invoice."""

    __tablename__ = "transfer_allocation"
    __table_args__ = ({"info": retained("accounting", None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey(Transfer.id), index=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id), index=True)
    won: Mapped[int] = mapped_column(BigInteger)
    undone_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))

    invoice: Mapped[Invoice] = relationship()


class WebhookCall(Model):
    """What the payment company told us unasked. It is unsigned: it only makes us ask."""

    __tablename__ = "webhook_call"
    __table_args__ = (UniqueConstraint("transmission_id"), {"info": retained("operations", None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    transmission_id: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(60))
    order_id: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was acted on: event, order id and status only, never the whole payment."""
    received_at: Mapped[datetime]
