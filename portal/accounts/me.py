"""What somebody sees and changes about themselves: name, address, password, second factor, devices, history."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import own, service, session, tickets
from portal.accounts.forms import ChangePasswordForm, EmailForm, NameForm, PasswordForm, TurnOnForm
from portal.accounts.limits import TooMany
from portal.accounts.pages import accounts, setup_values
from portal.accounts.service import Proof
from portal.core import ids, korea
from portal.core.errors import Refusal
from portal.core.gate import access, caller
from portal.core.page import page, see_other

__all__ = ["accounts"]


@accounts.get("/me")
@access("person")
def me() -> ResponseReturnValue:
    found = service.person(caller().person_id)
    return page("accounts/me.html", person=found, form=NameForm(obj=found))


@accounts.post("/me")
@access("person")
def me_post() -> ResponseReturnValue:
    form = NameForm(request.form)
    if not form.validate():
        return page("accounts/me.html", status=422, person=service.person(caller().person_id), form=form)
    own.rename(caller().person_id, form.name.data, korea.normalise_phone(form.phone.data or ""))
    return see_other(url_for("accounts.me"), "저장했습니다.")


@accounts.get("/me/email")
@access("person")
def email() -> ResponseReturnValue:
    return page("accounts/email.html", form=EmailForm(), sent=request.args.get("sent") == "1")


@accounts.post("/me/email")
@access("person")
def email_post() -> ResponseReturnValue:
    """The answer does not tell whether somebody else has the address: its owner is told by mail."""
    form, status = EmailForm(request.form), 422
    if form.validate():
        try:
            own.confirm_password(caller().person_id, form.current.data)
        except Refusal as refusal:
            form.current.errors, status = [refusal.message], _status(refusal)
        else:
            try:
                tickets.ask_email(caller().person_id, form.email.data)
            except Refusal as refusal:
                form.email.errors = [refusal.message]
            else:
                return see_other(url_for("accounts.email", sent="1"))
    return page("accounts/email.html", status=status, form=form, sent=False)


@accounts.get("/me/password")
@access("person")
def password() -> ResponseReturnValue:
    return page("accounts/password.html", form=ChangePasswordForm())


@accounts.post("/me/password")
@access("person")
def password_post() -> ResponseReturnValue:
    form, status = ChangePasswordForm(request.form), 422
    if form.validate():
        try:
            own.change_password(caller().person_id, caller().device_id, form.current.data, form.password.data)
        except Refusal as refusal:
            wrong_current = isinstance(refusal, TooMany) or refusal.message == own.WRONG_PASSWORD
            (form.current if wrong_current else form.password).errors = [refusal.message]
            status = _status(refusal)
        else:
            session.renew_after_change(caller().person_id)
            return see_other(url_for("accounts.me"), "비밀번호를 바꾸고 다른 기기를 모두 로그아웃했습니다.")
    return page("accounts/password.html", status=status, form=form)


# ---- second factor ----


@accounts.get("/me/second-factor")
@access("person")
def second_factor() -> ResponseReturnValue:
    return page("accounts/second_factor.html", **_second_factor_values())


def _second_factor_values() -> dict[str, Any]:
    found = service.person(caller().person_id)
    values: dict[str, Any] = {
        "person": found,
        "form": TurnOnForm(),
        "off": PasswordForm(prefix="off-"),
        "again": PasswordForm(prefix="codes-"),
    }
    if found.second_factor:
        return values | {"left": own.recovery_codes_left(found.id)}
    return values | setup_values(found.id)


@accounts.post("/me/second-factor")
@access("person")
def second_factor_on() -> ResponseReturnValue:
    found = service.person(caller().person_id)
    form, status = TurnOnForm(request.form), 422
    if form.validate():
        proof = Proof(found.id, found.password_version)
        try:
            own.confirm_password(found.id, form.current.data)
            codes = own.turn_on(proof, session.setup_secret(), form.code.data, keep_device=caller().device_id)
        except Refusal as refusal:
            wrong = form.current if refusal.message == own.WRONG_PASSWORD else form.code
            wrong.errors, status = [f"{refusal.message} {refusal.next_step}"], _status(refusal)
        else:
            session.forget_setup()
            session.renew_after_change(found.id)
            session.keep_codes(codes, url_for("accounts.second_factor"))
            return see_other(url_for("accounts.recovery_codes"))
    return page("accounts/second_factor.html", status=status, **_second_factor_values() | {"form": form})


@accounts.post("/me/second-factor/off")
@access("person")
def second_factor_off() -> ResponseReturnValue:
    form, status = PasswordForm(request.form, prefix="off-"), 422
    if form.validate():
        try:
            own.turn_off(caller().person_id, caller().device_id, form.current.data)
        except Refusal as refusal:
            form.current.errors, status = [f"{refusal.message} {refusal.next_step}"], _status(refusal)
        else:
            session.renew_after_change(caller().person_id)
            return see_other(url_for("accounts.second_factor"), "2단계 인증을 껐습니다.")
    return page("accounts/second_factor.html", status=status, **_second_factor_values() | {"off": form})


@accounts.post("/me/second-factor/codes")
@access("person")
def second_factor_codes() -> ResponseReturnValue:
    form, status = PasswordForm(request.form, prefix="codes-"), 422
    if form.validate():
        try:
            codes = own.renew_recovery_codes(caller().person_id, form.current.data)
        except Refusal as refusal:
            form.current.errors, status = [f"{refusal.message} {refusal.next_step}"], _status(refusal)
        else:
            session.keep_codes(codes, url_for("accounts.second_factor"))
            return see_other(url_for("accounts.recovery_codes"))
    return page("accounts/second_factor.html", status=status, **_second_factor_values() | {"again": form})


@accounts.get("/me/recovery-codes")
@access("person")
def recovery_codes() -> ResponseReturnValue:
    """Shown until the person says that they are kept; the database has only their digests."""
    kept = session.kept_codes()
    if kept is None:
        return see_other(url_for("accounts.second_factor"))
    return page("accounts/recovery_codes.html", codes=kept[0])


@accounts.post("/me/recovery-codes")
@access("person")
def recovery_codes_kept() -> ResponseReturnValue:
    kept = session.kept_codes()
    session.forget_codes()
    return see_other(kept[1] if kept else url_for("accounts.second_factor"))


# ---- devices and history ----


@accounts.get("/me/devices")
@access("person")
def devices() -> ResponseReturnValue:
    return page("accounts/devices.html", devices=service.devices(caller().person_id))


@accounts.post("/me/devices/<int:device_id>/end")
@access("person")
def device_end(device_id: int) -> ResponseReturnValue:
    device = service.device_for(caller().person_id, device_id)
    service.sign_out(device.id)
    return see_other(url_for("accounts.devices"), "그 기기를 로그아웃했습니다.")


@accounts.post("/me/devices/end-others")
@access("person")
def devices_end_others() -> ResponseReturnValue:
    count = service.sign_out_others(caller().person_id, caller().device_id)
    return see_other(
        url_for("accounts.devices"),
        f"다른 기기 {count}대를 로그아웃했습니다." if count else "로그인한 다른 기기가 없습니다.",
    )


@accounts.get("/me/logins")
@access("person")
def logins() -> ResponseReturnValue:
    before = ids.whole(request.args.get("before")) or 0
    rows = service.logins([caller().person_id], limit=service.LOGINS_SHOWN + 1, before=before)
    more = rows[service.LOGINS_SHOWN - 1].id if len(rows) > service.LOGINS_SHOWN else None
    return page("accounts/logins.html", logins=rows[: service.LOGINS_SHOWN], more=more, before=before)


def _status(refusal: Refusal) -> int:
    return 429 if isinstance(refusal, TooMany) else 422
