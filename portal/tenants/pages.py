"""A company's own pages: its members and their roles, what it is called, and which of several one works in."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, request, url_for
from flask import session as browser_session
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from portal.accounts import device_keys
from portal.core import sessions
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller, access, caller, may_open
from portal.core.korea import particle
from portal.core.page import page, see_other
from portal.tenants import rules, service
from portal.tenants.forms import CompanyForm, InviteForm
from portal.tenants.models import TENANT, Membership, Role
from portal.tenants.rules import RIGHT_WORDS, RIGHTS, ROLE_MEANS, ROLE_WORDS, Right

tenants = Blueprint("tenants", __name__)
MEMBERS = RIGHTS[Right.MEMBERS]
COMPANY = RIGHTS[Right.COMPANY]
#: Devices at once that a company may choose from; nought is no limit.
DEVICE_LIMITS: dict[int, str] = {0: "제한 없음", 1: "한 대", 2: "두 대", 3: "세 대", 5: "다섯 대"}
#: Pages by which a company comes back, or takes its data along, while that is kept.
WAYS = {"plans.plans": "요금제 고르기", "retention.data": "자료 내려받기"}
#: A removed member can be brought back by the notice's own button this long.
UNDO_SECONDS = 600


@tenants.get("/members")
@access("member")
def members() -> ResponseReturnValue:
    return _members(InviteForm(roles=rules.assignable(caller().role)))


@tenants.post("/members")
@access("member", roles=MEMBERS)
def invite() -> ResponseReturnValue:
    form = InviteForm(request.form, roles=rules.assignable(caller().role))
    if not form.validate():
        return _members(form, status=422)
    try:
        service.invite_member(caller(), form.email.data, form.name.data, form.role.data)
    except Refusal as refusal:
        if refusal.status != 422:  # noqa: PLR2004 - whatever is no matter of the form
            raise
        form.email.errors = [*form.email.errors, f"{refusal.message} {refusal.next_step}"]
        return _members(form, status=422)
    return see_other(
        url_for("tenants.members"), f"{form.email.data}{particle(form.email.data, '으로/로')} 초대 메일을 보냈습니다."
    )


@tenants.post("/members/<int:membership_id>/invite-again")
@access("member", roles=MEMBERS)
def invite_again(membership_id: int) -> ResponseReturnValue:
    member = service.invite_again(caller(), membership_id)
    return see_other(
        url_for("tenants.members"),
        f"{member.person.email}{particle(member.person.email, '으로/로')} 초대 메일을 다시 보냈습니다.",
    )


@tenants.post("/members/<int:membership_id>/role")
@access("member", roles=MEMBERS)
def change_role(membership_id: int) -> ResponseReturnValue:
    member = service.change_role(caller(), membership_id, request.form.get("role", ""))
    return see_other(
        url_for("tenants.members"),
        f"{member.person.name}님의 역할을 '{ROLE_WORDS[member.role]}'{particle(ROLE_WORDS[member.role], '으로/로')} 바꾸었습니다.",
    )


@tenants.post("/members/<int:membership_id>/remove")
@access("member")
def remove(membership_id: int) -> ResponseReturnValue:
    """Take somebody out, or leave oneself (which any member may)."""
    gone = service.remove_member(caller(), membership_id)
    if gone.person_id == caller().person_id:
        return see_other(url_for("tenants.companies"), f"{caller().tenant_name}에서 나왔습니다.")
    token = _undo().dumps([caller().tenant_id, gone.person_id, gone.role])
    flash(
        f"{gone.name}님을 구성원에서 뺐습니다. 이제 이 회사의 도면을 볼 수 없습니다.",
        f"undo:{url_for('tenants.restore', token=token)}",
    )
    return see_other(url_for("tenants.members"))


@tenants.post("/members/restore/<token>")
@access("member", roles=MEMBERS)
def restore(token: str) -> ResponseReturnValue:
    """Undo a removal, by the link of its own notice."""
    try:
        tenant_id, person_id, role = _undo().loads(token, max_age=UNDO_SECONDS)
    except BadSignature:
        raise Refusal("되돌릴 수 있는 시간이 지났습니다.", "구성원 화면에서 다시 초대해 주십시오.") from None
    if tenant_id != caller().tenant_id:
        raise NotFound
    member = service.restore_member(caller(), person_id, role)
    return see_other(url_for("tenants.members"), f"{member.person.name}님을 다시 구성원으로 넣었습니다.")


@tenants.get("/company")
@access("member")
def company() -> ResponseReturnValue:
    return _company(CompanyForm(data={"name": caller().tenant_name}))


@tenants.post("/company")
@access("member", roles=COMPANY)
def rename() -> ResponseReturnValue:
    form = CompanyForm(request.form)
    if not form.validate():
        return _company(form, status=422)
    service.rename(caller(), form.name.data)
    return see_other(url_for("tenants.company"), "회사 이름을 바꾸었습니다.")


@tenants.post("/company/devices")
@access("member", roles=MEMBERS)
def limit_devices() -> ResponseReturnValue:
    """How many devices one of the company's people may use at once."""
    wanted = request.form.get("most", "")
    if wanted not in {str(count) for count in DEVICE_LIMITS}:
        raise Refusal("고를 수 없는 기기 수입니다.", "목록에서 다시 골라 주십시오.", 422)
    service.limit_devices(caller(), int(wanted) or None)
    return see_other(url_for("tenants.company"), "동시에 쓰는 기기 수를 정했습니다. 바로 적용됩니다.")


@tenants.get("/companies")
@access("person")
def companies() -> ResponseReturnValue:
    who = caller()
    kept = rules.kept(who.closed)
    return page(
        "tenants/companies.html",
        rows=service.companies(who.person_id),
        words=ROLE_WORDS,
        machine=TENANT,
        kept=kept,
        ways=_ways() if kept else [],
        owners=[row.person.name for row in service.members(who) if row.role == Role.OWNER] if kept else [],
    )


@tenants.post("/companies/<int:tenant_id>")
@access("person")
def choose(tenant_id: int) -> ResponseReturnValue:
    """Work in another company from now on. The rights are others, so the session gets a new id."""
    tenant = service.check_membership(caller(), tenant_id)
    sessions.renew()
    browser_session[service.CHOSEN] = tenant.id
    device_keys.keep(caller().device_id, **{service.CHOSEN: tenant.id})
    return see_other("/start", f"이제 {tenant.name}에서 일하고 있습니다.")


def _ways() -> list[tuple[str, str]]:
    """What the caller can do for a company that is locked and kept: (words, address)."""
    return [(words, url_for(endpoint)) for endpoint, words in WAYS.items() if may_open(endpoint)]


def _members(form: InviteForm, status: int = 200) -> ResponseReturnValue:
    who, members = caller(), service.members(caller())
    roles = [member.role for member in members]
    rows = [_row(who, member, only_owner=rules.leaves_no_owner(roles, member.role, None)) for member in members]
    return page(
        "tenants/members.html",
        status=status,
        rows=rows,
        form=form,
        may_invite=rules.may(who.role, Right.MEMBERS) and not who.read_only,
        words=ROLE_WORDS,
        means=ROLE_MEANS,
        rights=RIGHTS,
        right_words=RIGHT_WORDS,
    )


def _row(who: Caller, member: Membership, *, only_owner: bool) -> dict[str, object]:
    """A member as listed. The only owner can neither leave nor become something else, so neither is offered."""
    return {
        "member": member,
        "mine": member.person_id == who.person_id,
        "only_owner": only_owner,
        "waiting": member.person.password_hash is None,
        "roles": [] if only_owner else _roles_for(who, member.role),
        "may_touch": rules.may_touch(who.role, member.role),
    }


def _roles_for(who: Caller, role: str) -> list[Role]:
    """The roles this member may be given by the caller; empty when the caller may not touch them."""
    return list(rules.assignable(who.role)) if rules.may_touch(who.role, role) and not who.read_only else []


def _company(form: CompanyForm, status: int = 200) -> ResponseReturnValue:
    who = caller()
    return page(
        "tenants/company.html",
        status=status,
        tenant=service.tenant_for(who),
        form=form,
        machine=TENANT,
        role=ROLE_WORDS[Role(who.role)],
        means=ROLE_MEANS[Role(who.role)],
        may_rename=rules.may(who.role, Right.COMPANY) and not who.read_only,
        members=len(service.members(who)),
        device_limits=DEVICE_LIMITS,
        may_limit_devices=rules.may(who.role, Right.MEMBERS) and not who.read_only,
    )


def _undo() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="tenants.restore")
