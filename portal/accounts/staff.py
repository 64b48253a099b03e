"""People as the admins of the house see them: who is staff, who may sign in."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import own, service
from portal.accounts.forms import NewStaffForm, RolesForm
from portal.accounts.models import STAFF_ROLES, Person
from portal.core import ids
from portal.core.db import write
from portal.core.errors import Refusal
from portal.core.gate import access, caller
from portal.core.page import page, see_other

accounts_staff = Blueprint("accounts_staff", __name__, url_prefix="/staff/people")
ADMIN = {"admin"}


@accounts_staff.get("")
@access("staff", roles=ADMIN)
def people() -> ResponseReturnValue:
    query, kind = request.args.get("q", "")[:100], request.args.get("kind", "")
    found = service.people(query, only_staff=kind == "staff", page=ids.whole(request.args.get("page")) or 1)
    return page("accounts/people.html", people=found, query=query, kind=kind, roles=STAFF_ROLES)


@accounts_staff.get("/new")
@access("staff", roles=ADMIN)
def person_new() -> ResponseReturnValue:
    return page("accounts/person_new.html", form=NewStaffForm())


@accounts_staff.post("/new")
@access("staff", roles=ADMIN)
def person_new_post() -> ResponseReturnValue:
    form = NewStaffForm(request.form)
    if not form.validate():
        return page("accounts/person_new.html", status=422, form=form)
    made = service.invite_staff(email=form.email.data, name=form.name.data, roles=form.roles.data, by=caller().actor)
    return see_other(url_for("accounts_staff.person", person_id=made.id), f"{made.name} 님에게 초대 메일을 보냈습니다.")


@accounts_staff.get("/<int:person_id>")
@access("staff", roles=ADMIN)
def person(person_id: int) -> ResponseReturnValue:
    found = service.person(person_id)
    return _shown(found, RolesForm(obj=None, data={"roles": found.staff_roles}))


def _shown(found: Person, form: RolesForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "accounts/person.html",
        status=status,
        person=found,
        form=form,
        roles=STAFF_ROLES,
        devices=service.devices(found.id),
        logins=service.logins([found.id], limit=10),
    )


@accounts_staff.post("/<int:person_id>/roles")
@access("staff", roles=ADMIN)
def person_roles(person_id: int) -> ResponseReturnValue:
    form = RolesForm(request.form)
    if not form.validate():
        return _shown(service.person(person_id), form, 422)
    with write() as session:
        service.set_staff_roles(session, person_id, form.roles.data, by=caller().actor)
    return _back(person_id, "직원 권한을 바꾸었습니다. 바로 적용됩니다.")


@accounts_staff.post("/<int:person_id>/disable")
@access("staff", roles=ADMIN)
def person_disable(person_id: int) -> ResponseReturnValue:
    if person_id == caller().person_id:
        raise Refusal("자기 계정은 중지할 수 없습니다.", "다른 관리 직원에게 요청해 주십시오.")
    with write() as session:
        service.disable(session, person_id, by=caller().actor)
    return _back(person_id, "계정을 중지했습니다. 로그인한 기기도 모두 끝났습니다.")


@accounts_staff.post("/<int:person_id>/enable")
@access("staff", roles=ADMIN)
def person_enable(person_id: int) -> ResponseReturnValue:
    with write() as session:
        service.enable(session, person_id, by=caller().actor)
    return _back(person_id, "다시 로그인할 수 있게 했습니다.")


@accounts_staff.post("/<int:person_id>/sign-out")
@access("staff", roles=ADMIN)
def person_sign_out(person_id: int) -> ResponseReturnValue:
    service.person(person_id)
    with write() as session:
        count = service.sign_out_everywhere(session, person_id, by=caller().actor)
    return _back(person_id, f"기기 {count}대를 로그아웃했습니다.")


@accounts_staff.post("/<int:person_id>/second-factor")
@access("staff", roles=ADMIN)
def person_second_factor(person_id: int) -> ResponseReturnValue:
    """Their phone is lost: the next sign-in sets up a new second factor."""
    service.person(person_id)
    own.reset_second_factor(person_id, by=caller().actor)
    return _back(person_id, "2단계 인증을 초기화했습니다. 다음 로그인 때 새로 등록합니다.")


def _back(person_id: int, notice: str) -> ResponseReturnValue:
    return see_other(url_for("accounts_staff.person", person_id=person_id), notice)
