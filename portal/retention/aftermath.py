"""What must not stay as it was when a backup comes back: the world went on after it was made.

A charge that was about to be asked for may have been made, a mail may have been delivered, a company may have been destroyed. Nothing
is sent twice on the word of an old row.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.clock import now
from portal.core.mail import Mail, MailState
from portal.core.numbers import Counter
from portal.payments.models import CHARGE, Charge, ChargeState
from portal.retention.models import Case, CaseState
from portal.tenants.models import OPENING, ProvisionStep, StepState, Tenant, TenantState
from portal.work import service as work

BY = "restore"
MAYBE_SENT = "복구 전에 이미 나갔을 수 있어 다시 보내지 않았습니다."


def open_again(session: Session) -> None:
    """Companies that were being opened have nothing on this machine: their opening begins from its first step."""
    opening = select(Tenant.id).where(Tenant.state.in_((*OPENING, TenantState.FAILED)))
    waiting = {"state": StepState.WAITING, "attempts": 0, "started_at": None, "finished_at": None, "error": None}
    session.execute(update(ProvisionStep).where(ProvisionStep.tenant_id.in_(opening)).values(**waiting))
    free = {"lease_token": None, "lease_until": None, "next_try_at": None, "nudged_at": None}
    session.execute(update(Tenant).where(Tenant.id.in_(opening)).values(**free))


def hold_what_went_out(session: Session) -> dict[str, int]:
    """Charges that were only decided count as asked for, so that the payment company is asked for them first; mails that waited
    are shown to the staff instead of being sent. Refunds and tax invoices ask by their own keys anyway.
    """
    decided = session.scalars(select(Charge).where(Charge.state == ChargeState.CREATED)).all()
    for charge in decided:
        CHARGE.move(session, charge, "request", by=BY, requested_at=charge.created_at, lease_until=None)
    queued = session.scalars(select(Mail).where(Mail.state == MailState.QUEUED)).all()
    for mail in queued:
        mail.state, mail.error = MailState.FAILED, MAYBE_SENT
    session.flush()
    return {"charges": len(decided), "mails": len(queued)}


def destroy_again(session: Session, gone: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Put companies that were destroyed since back on their last step. Key -> case."""
    cases = {}
    for key, entry in sorted(gone.items()):
        _skip_number(session, entry.get("certificate"))
        tenant = session.scalar(select(Tenant).where(Tenant.key == key))
        if tenant is None or tenant.state == TenantState.PURGED:
            continue
        before, tenant.state = tenant.state, TenantState.PURGING
        tenant.lease_token = tenant.lease_until = None
        case = _case(session, tenant, date.fromisoformat(entry["day"]))
        case.state, case.state_since = CaseState.DESTROYING, now()
        case.done, case.lease_until, case.nudged_at = [], None, now()
        case.asked_by, case.agreed_by = entry.get("asked_by"), entry.get("agreed_by")
        case.inventory = {"again_after": entry.get("certificate") or entry["day"]}
        session.flush()
        audit.record(
            session, "destruction.again", actor=BY, subject=f"retention_case:{case.id}", tenant_id=tenant.id, was=before
        )
        cases[key] = case.id
    return cases


def _case(session: Session, tenant: Tenant, day: date) -> Case:
    """The company's case as the backup knows it; a new one when the destruction was not in sight yet."""
    over = (CaseState.ENDED, CaseState.DESTROYED)
    case = session.scalar(select(Case).where(Case.tenant_id == tenant.id, Case.state.not_in(over)))
    if case is None:
        case = Case(
            tenant_id=tenant.id, state=CaseState.DESTROYING, paid=tenant.subscribed_at is not None, opened_at=now(),
            lock_on=day, due_on=day, destroy_on=day, noticed=[], done=[], inventory={}, state_since=now(),
        )  # fmt: skip
        session.add(case)
    return case


def _skip_number(session: Session, number: str | None) -> None:
    """No certificate gets a number that another one bears on paper."""
    if not number:
        return
    year, _, last = number.removeprefix("D").partition("-")
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    made = insert(Counter).values(series=f"destruction:{year}", last=int(last))
    higher = made.excluded.last > Counter.last
    session.execute(
        made.on_conflict_do_update(index_elements=[Counter.series], set_={"last": made.excluded.last}, where=higher)
    )


def ask_staff(session: Session, name: str, made_at: str, held: dict[str, int]) -> None:
    """What only a person can compare: the hours between the backup and the loss."""
    work.open_item(
        session,
        kind="backup",
        subject=f"restore:{name}",
        title=f"백업 {name}에서 복구했습니다",
        body=(
            f"{made_at} 이후에 일어난 일은 이 자료에 없습니다. 결제사와 발행 대행사의 내역을 그 뒤의 것부터 맞추어 보고, "
            f"보내지 않은 메일 {held['mails']}건은 시스템 화면에서, 결과를 묻는 결제 {held['charges']}건은 청구 화면에서 확인해 주십시오."
        ),
        url="/staff/work",
        roles=("admin", "billing", "support"),
    )
