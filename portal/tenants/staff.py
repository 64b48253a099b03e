"""What staff do to a company; the page it is done from is the desk's company page."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from portal.core.db import db
from portal.core.errors import Refusal
from portal.core.gate import access, caller
from portal.core.page import see_other
from portal.tenants import service
from portal.tenants.forms import one_line
from portal.tenants.models import Mode

tenants_staff = Blueprint("tenants_staff", __name__, url_prefix="/staff/tenants")
#: Who may limit a company or lift a limit.
KEEPERS = ("support", "billing", "admin")
LONGEST_REASON = 200
DONE = {
    Mode.OPEN: "다시 모두 쓸 수 있게 했습니다.",
    Mode.READ_ONLY: "보기 전용으로 바꾸었습니다.",
    Mode.CLOSED: "들어가지 못하게 닫았습니다.",
}


@tenants_staff.post("/<int:tenant_id>/suspend")
@access("staff", roles=KEEPERS)
def suspend(tenant_id: int) -> ResponseReturnValue:
    tenant = service.suspend(db.session(), tenant_id, caller().actor, _reason())
    return _back(tenant_id, f"{tenant.name}의 이용을 제한했습니다. 보고 내려받을 수만 있습니다.")


@tenants_staff.post("/<int:tenant_id>/resume")
@access("staff", roles=KEEPERS)
def resume(tenant_id: int) -> ResponseReturnValue:
    tenant = service.resume(db.session(), tenant_id, caller().actor)
    return _back(tenant_id, f"{tenant.name}의 이용 제한을 풀었습니다.")


@tenants_staff.post("/<int:tenant_id>/mode")
@access("staff", roles=KEEPERS)
def set_mode(tenant_id: int) -> ResponseReturnValue:
    """`mode` is open, read_only or closed; the latter two need a reason, which the company's people read."""
    wanted = request.form.get("mode", "")
    if wanted not in set(Mode):
        raise Refusal("어떤 상태로 바꿀지 알 수 없습니다.", "회사 화면에서 단추를 다시 눌러 주십시오.", 422)
    mode = Mode(wanted)
    tenant = service.set_mode(db.session(), tenant_id, mode, caller().actor, "" if mode == Mode.OPEN else _reason())
    return _back(tenant_id, f"{tenant.name}: {DONE[mode]}")


@tenants_staff.post("/<int:tenant_id>/retry")
@access("staff", roles=("support", "developer", "reviewer", "admin"))
def retry(tenant_id: int) -> ResponseReturnValue:
    """Go on with an opening that was given up."""
    tenant = service.retry(tenant_id, caller().actor)
    return _back(tenant_id, f"{tenant.name}의 회사 열기를 다시 시작했습니다.")


def _reason() -> str:
    reason = one_line(request.form.get("reason"))
    if not reason:
        raise Refusal("이유를 적어 주십시오.", "회사 사람들이 읽을 한 문장을 적은 뒤 다시 눌러 주십시오.", 422)
    return reason[:LONGEST_REASON]


def _back(tenant_id: int, notice: str) -> ResponseReturnValue:
    return see_other(f"{tenants_staff.url_prefix}/{tenant_id}", notice)
