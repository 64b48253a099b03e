"""What staff are asked to do about a company that does not pay: one item of the inbox for each, for as long as it owes."""

from __future__ import annotations

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from portal.billing.models import UNPAID, Invoice
from portal.payments.models import Charge, ChargeState, Dunning
from portal.tenants.models import Tenant
from portal.work import service as work

ITEM = "unpaid"


def look_again(session: Session, tenant_id: int, by: str) -> None:
    """Ask staff to see to a company's oldest invoice that no further step of ours will have paid, or ask no more.

    That is one for which its use was limited, or whose card was declined for good.
    """
    session.flush()
    dead = exists().where(Charge.invoice_id == Invoice.id, Charge.state == ChargeState.DECLINED, Charge.hard)
    row = session.execute(
        select(Invoice, Dunning)
        .join(Dunning, Dunning.invoice_id == Invoice.id)
        .where(Dunning.tenant_id == tenant_id, Dunning.closed_at.is_(None), Invoice.state.in_(UNPAID))
        .where(or_(Dunning.limited_at.is_not(None), dead))
        .order_by(Invoice.due_on, Invoice.id)
        .limit(1)
    ).first()
    if row is None:
        work.close_item(session, kind=ITEM, subject=_subject(tenant_id), by=by)
    else:
        _ask_staff(session, *row)


def _ask_staff(session: Session, invoice: Invoice, dunning: Dunning) -> None:
    tenant = session.get_one(Tenant, invoice.tenant_id)
    why = (
        "납부기한이 2주 지나 이용을 제한했습니다."
        if dunning.limited_at
        else "등록된 카드가 거절되어 다시 결제하지 않습니다."
    )
    work.open_item(
        session,
        kind=ITEM,
        subject=_subject(tenant.id),
        title=f"{tenant.name} 청구서 {invoice.number} {invoice.open_won:,}원을 받지 못했습니다",
        body=f"{why} 회사에 연락해 언제 어떻게 내실지 물어 주십시오. 내시면 이 일은 저절로 끝납니다.",
        url=f"/staff/billing/invoices/{invoice.id}",
        tenant_id=tenant.id,
        roles=("billing",),
    )


def _subject(tenant_id: int) -> str:
    return f"unpaid:{tenant_id}"
