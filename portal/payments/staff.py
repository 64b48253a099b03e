"""The billing staff's till: charges and refunds, banks' lists of deposits, and the deposits nobody could place."""

from __future__ import annotations

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_sqlalchemy.pagination import SelectPagination
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from portal.core import ids
from portal.core.db import db
from portal.core.errors import Refusal
from portal.core.gate import Caller, access, caller
from portal.core.page import page, see_other
from portal.payments import deposit_lists, refunds, service
from portal.payments.forms import AllocateForm, RefundForm
from portal.payments.models import CHARGE, REFUND, TRANSFER, Charge, DepositList, TransferState
from portal.tenants.models import Tenant

payments_staff = Blueprint("payments_staff", __name__, url_prefix="/staff/payments")
BILLING = frozenset({"billing", "admin"})
PER_PAGE = 50
LABELS = {"doubtful": "확인 필요", "partly": "남은 돈 있음", "matched": "수납", "ignored": "제외"}
GROUPS = {
    "pending": ("created", "requested", "unknown"),
    "declined": ("declined",),
    "succeeded": ("succeeded", "cancelled"),
}
GROUP_LABELS = {"pending": "결과 기다림", "declined": "거절", "succeeded": "결제됨"}


def doubtful_count(_who: Caller) -> int:
    """How many deposits wait for a person: the number in the rail."""
    counts = service.counts()
    return counts.get(TransferState.DOUBTFUL, 0)


@payments_staff.get("")
@access("staff", roles=BILLING)
def charges() -> ResponseReturnValue:
    show = request.args.get("show", "")
    query = select(Charge).options(joinedload(Charge.invoice), joinedload(Charge.card)).order_by(Charge.id.desc())
    if show in GROUPS:
        query = query.where(Charge.state.in_(GROUPS[show]))
    pages = SelectPagination(
        select=query,
        session=db.session,
        page=ids.whole(request.args.get("page")) or 1,
        per_page=PER_PAGE,
        error_out=False,
    )
    by_state = {
        str(row[0]): int(row[1])
        for row in db.session.execute(select(Charge.state, func.count()).group_by(Charge.state))
    }
    chips = [("", "모두", sum(by_state.values()))]
    chips += [
        (name, GROUP_LABELS[name], sum(by_state.get(state, 0) for state in states)) for name, states in GROUPS.items()
    ]
    rows = list(pages.items)
    return page(
        "payments/charges.html", pages=pages, rows=rows, names=_names(row.tenant_id for row in rows), machine=CHARGE,
        chips=chips, show=show,
    )  # fmt: skip


@payments_staff.get("/charges/<int:charge_id>")
@access("staff", roles=BILLING)
def charge(charge_id: int) -> ResponseReturnValue:
    return _charge(charge_id, RefundForm())


@payments_staff.post("/charges/<int:charge_id>/refund")
@access("staff", roles=BILLING)
def ask_refund(charge_id: int) -> ResponseReturnValue:
    form = RefundForm(request.form)
    if not form.validate():
        return _charge(charge_id, form, status=422)
    try:
        service.ask(caller(), charge_id, form.won.data or 0, form.reason.data)
    except Refusal as refusal:
        if refusal.status != 422:  # noqa: PLR2004 - whatever is no matter of the form
            raise
        form.won.errors = [*form.won.errors, f"{refusal.message} {refusal.next_step}"]
        return _charge(charge_id, form, status=422)
    return see_other(url_for(".charge", charge_id=charge_id), "환불을 요청했습니다. 다른 직원이 승인하면 돌려드립니다.")


@payments_staff.post("/refunds/<int:refund_id>/agree")
@access("staff", roles=BILLING)
def agree_refund(refund_id: int) -> ResponseReturnValue:
    refund = service.agree(caller(), refund_id)
    return see_other(url_for(".charge", charge_id=refund.charge_id), "승인했습니다. 결제사에 환불을 요청합니다.")


@payments_staff.post("/refunds/<int:refund_id>/drop")
@access("staff", roles=BILLING)
def drop_refund(refund_id: int) -> ResponseReturnValue:
    refund = service.drop(caller(), refund_id)
    return see_other(url_for(".charge", charge_id=refund.charge_id), "환불하지 않기로 했습니다.")


@payments_staff.get("/transfers")
@access("staff", roles=BILLING)
def transfers() -> ResponseReturnValue:
    return _transfers()


@payments_staff.post("/transfers")
@access("staff", roles=BILLING, largest=2 * deposit_lists.LARGEST_LIST)
def import_list() -> ResponseReturnValue:
    """Take a bank's list in. A list that cannot be read changes nothing."""
    sent = request.files.get("files")
    if sent is None or not sent.filename:
        return _transfers(problem="입금 목록 파일을 골라 주십시오.", status=422)
    try:
        listed, counts = service.import_list(caller(), sent.filename, sent.stream.read(deposit_lists.LARGEST_LIST + 1))
    except Refusal as refusal:
        return _transfers(problem=f"{refusal.message} {refusal.next_step}", status=refusal.status)
    flash(_told(listed, counts), "message" if not counts.get("doubtful") else "warn")
    return see_other(url_for(".transfers"))


@payments_staff.get("/transfers/<int:transfer_id>")
@access("staff", roles=BILLING)
def transfer(transfer_id: int) -> ResponseReturnValue:
    return _transfer(transfer_id, AllocateForm())


@payments_staff.post("/transfers/<int:transfer_id>/allocate")
@access("staff", roles=BILLING)
def allocate(transfer_id: int) -> ResponseReturnValue:
    form = AllocateForm(request.form)
    if not form.validate():
        return _transfer(transfer_id, form, status=422)
    service.allocate(caller(), transfer_id, form.invoice.data, form.won.data)
    return see_other(url_for(".transfer", transfer_id=transfer_id), "청구서에 수납했습니다.")


@payments_staff.post("/transfers/<int:transfer_id>/ignore")
@access("staff", roles=BILLING)
def ignore(transfer_id: int) -> ResponseReturnValue:
    service.ignore(caller(), transfer_id, request.form.get("reason", "").strip())
    flash("우리 입금이 아닌 것으로 했습니다.", f"undo:{url_for('.undo', transfer_id=transfer_id)}")
    return see_other(url_for(".transfers"))


@payments_staff.post("/transfers/<int:transfer_id>/undo")
@access("staff", roles=BILLING)
def undo(transfer_id: int) -> ResponseReturnValue:
    service.undo(caller(), transfer_id)
    return see_other(url_for(".transfer", transfer_id=transfer_id), "맞춤을 되돌렸습니다.")


def _charge(charge_id: int, form: RefundForm, status: int = 200) -> Response:
    row = service.charge_with(charge_id)
    return page(
        "payments/charge.html", status=status, row=row, tenant=db.session.get_one(Tenant, row.tenant_id), machine=CHARGE,
        refunds=refunds.refunds_of(row.id), refund_machine=REFUND, form=form, me=caller().actor,
    )  # fmt: skip


def _transfers(problem: str = "", status: int = 200) -> Response:
    show = request.args.get("show", "doubtful")
    counts = service.counts()
    chips = [(name, label, counts.get(name, 0)) for name, label in LABELS.items()]
    rows = service.transfers(show)
    return page(
        "payments/transfers.html", status=status, rows=rows, names=_names(row.tenant_id for row in rows if row.tenant_id),
        chips=[*chips, ("all", "모두", sum(counts.values()))], show=show, machine=TRANSFER, problem=problem,
    )  # fmt: skip


def _transfer(transfer_id: int, form: AllocateForm, status: int = 200) -> Response:
    row = service.transfer_with(transfer_id)
    waiting = service.proposals(row)[:50] if row.state in {"doubtful", "partly"} else []
    ids = [one.tenant_id for one in waiting] + [part.invoice.tenant_id for part in row.allocations]
    return page(
        "payments/transfer.html", status=status, row=row, waiting=waiting, names=_names(ids), machine=TRANSFER, form=form,
        left=row.won - row.allocated,
    )  # fmt: skip


def _names(ids: object) -> dict[int, str]:
    wanted = set(ids)  # type: ignore[call-overload]  # any series of ids
    rows = db.session.execute(select(Tenant.id, Tenant.name).where(Tenant.id.in_(wanted)))
    return {int(row[0]): str(row[1]) for row in rows}


def _told(listed: DepositList, counts: dict[str, int]) -> str:
    words = {"matched": "수납", "partly": "남은 돈 있음", "doubtful": "확인 필요", "known": "이미 등록됨"}
    parts = [f"{words[name]} {counts[name]}건" for name in words if counts.get(name)]
    return f"{listed.file_name}: {', '.join(parts)}."
