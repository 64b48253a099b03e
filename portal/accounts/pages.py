"""The way in and out: sign-in, second factor, invitation, forgotten password."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Blueprint, g, request, url_for
from flask import session as current
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.accounts import own, second_factor, service, session, staying, tickets
from portal.accounts.forms import CodeForm, ForgotForm, NewPasswordForm, RecoveryForm, SignInForm
from portal.accounts.limits import TooMany
from portal.accounts.models import TicketKind
from portal.accounts.passwords import Crowded
from portal.accounts.rules import local_path
from portal.accounts.service import Proof
from portal.core import sessions
from portal.core.errors import Refusal
from portal.core.gate import access, caller
from portal.core.page import page, see_other

accounts = Blueprint("accounts", __name__)

WRONG = "이메일이나 비밀번호가 맞지 않습니다. 다시 확인해 주십시오."


@accounts.get("/sign-in")
@access("public")
def sign_in() -> ResponseReturnValue:
    """Somebody already in goes on to where they wanted."""
    if caller().signed_in:
        return see_other(local_path(request.args.get("next", "")) or session.HOME)
    return page("accounts/sign_in.html", form=SignInForm(next=local_path(request.args.get("next", ""))))


@accounts.post("/sign-in")
@access("public")
def sign_in_post() -> ResponseReturnValue:
    form = SignInForm(request.form)
    if not form.validate():
        return page("accounts/sign_in.html", status=422, form=form)
    try:
        proof = service.check_password(form.email.data, form.password.data, session.place())
    except (TooMany, Crowded) as held:
        form.form_errors.append(f"{held.message} {held.next_step}")
        return held_off(page("accounts/sign_in.html", status=held.status, form=form), held)
    if proof is None:
        form.form_errors.append(WRONG)
        return page("accounts/sign_in.html", status=422, form=form)
    return session.go_on(proof, form.next.data or "", remember=bool(form.remember.data))


@accounts.get("/sign-in/code")
@access("public")
def code() -> ResponseReturnValue:
    if session.pending() is None:
        return _from_the_start()
    return page("accounts/code.html", form=_code_form()())


@accounts.post("/sign-in/code")
@access("public")
def code_post() -> ResponseReturnValue:
    waiting = session.pending()
    if waiting is None:
        return _from_the_start()
    form = _code_form()(request.form)
    if not form.validate():
        return page("accounts/code.html", status=422, form=form)
    try:
        proof = own.check_code(waiting.proof, form.code.data, session.place())
    except TooMany as held:
        form.code.errors = [f"{held.message} {held.next_step}"]
        return held_off(page("accounts/code.html", status=429, form=form), held)
    if proof is None:
        form.code.errors = ["인증번호가 맞지 않거나 이미 쓴 번호입니다. 새 번호를 적어 주십시오."]
        return page("accounts/code.html", status=422, form=form)
    return session.let_in(proof, waiting.next, remember=waiting.remember)


def _code_form() -> type[CodeForm | RecoveryForm]:
    return RecoveryForm if request.args.get("with") == "recovery" else CodeForm


@accounts.get("/sign-in/second-factor")
@access("public")
def second_factor_first() -> ResponseReturnValue:
    """Staff set up the second factor before they get in for the first time."""
    waiting = session.pending()
    if waiting is None:
        return _from_the_start()
    return page("accounts/second_factor_first.html", form=CodeForm(), **setup_values(waiting.proof.person_id))


@accounts.post("/sign-in/second-factor")
@access("public")
def second_factor_first_post() -> ResponseReturnValue:
    waiting = session.pending()
    if waiting is None:
        return _from_the_start()
    form, status = CodeForm(request.form), 422
    if form.validate():
        try:
            codes = own.turn_on(waiting.proof, session.setup_secret(), form.code.data)
            return session.let_in(waiting.proof, waiting.next, codes)
        except Refusal as refusal:
            form.code.errors, status = (
                [f"{refusal.message} {refusal.next_step}"],
                429 if isinstance(refusal, TooMany) else 422,
            )
    return page("accounts/second_factor_first.html", status=status, form=form, **setup_values(waiting.proof.person_id))


def setup_values(person_id: int) -> dict[str, Any]:
    secret = session.setup_secret()
    picture = second_factor.picture(second_factor.address(secret, service.person(person_id).email))
    return {"picture": picture, "key": second_factor.grouped(secret)}


def _from_the_start() -> Response:
    return see_other(url_for("accounts.sign_in"), "로그인을 처음부터 다시 해 주십시오.")


@accounts.post("/sign-out")
@access("public")
def sign_out() -> ResponseReturnValue:
    """End this device everywhere. The database ends it even while the session store is away."""
    if caller().signed_in:
        service.sign_out(caller().device_id)
    staying.take_away()
    with suppress(sessions.StoreGone):
        sessions.end()
    return see_other(url_for("accounts.sign_in"))


# ---- links from mails ----


@accounts.get("/password/forgot")
@access("public")
def forgot() -> ResponseReturnValue:
    return page("accounts/forgot.html", form=ForgotForm(), sent=request.args.get("sent") == "1")


@accounts.post("/password/forgot")
@access("public")
def forgot_post() -> ResponseReturnValue:
    """The answer is the same whether or not anybody has the address."""
    form = ForgotForm(request.form)
    if not form.validate():
        return page("accounts/forgot.html", status=422, form=form, sent=False)
    try:
        tickets.ask_reset(form.email.data, session.place().unit)
    except TooMany as held:
        form.email.errors = ["너무 자주 요청하셨습니다. 잠시 뒤 다시 해 주십시오."]
        return held_off(page("accounts/forgot.html", status=429, form=form, sent=False), held)
    return see_other(url_for("accounts.forgot", sent="1"))


@accounts.get("/password/reset/<token>")
@access("signed-link")
def reset(token: str) -> ResponseReturnValue:
    """Looking uses nothing up: mail programs open links by themselves."""
    ticket = tickets.ticket_for(token, TicketKind.RESET)
    return page("accounts/reset.html", form=NewPasswordForm(), person=ticket.person)


@accounts.post("/password/reset/<token>")
@access("signed-link")
def reset_post(token: str) -> ResponseReturnValue:
    return _password_by_link(token, TicketKind.RESET, "accounts/reset.html")


@accounts.get("/invitations/<token>")
@access("signed-link")
def invitation(token: str) -> ResponseReturnValue:
    ticket = tickets.ticket_for(token, TicketKind.INVITATION)
    return page("accounts/invitation.html", form=NewPasswordForm(), person=ticket.person)


@accounts.post("/invitations/<token>")
@access("signed-link")
def invitation_post(token: str) -> ResponseReturnValue:
    return _password_by_link(token, TicketKind.INVITATION, "accounts/invitation.html")


def _password_by_link(token: str, kind: TicketKind, template: str) -> ResponseReturnValue:
    ticket = tickets.ticket_for(token, kind)
    form = NewPasswordForm(request.form)
    if form.validate():
        try:
            found = tickets.set_password(token, kind, form.password.data)
            return session.go_on(Proof(found.id, found.password_version), request.args.get("next", ""))
        except tickets.DeadTicket:
            raise
        except Refusal as refusal:
            form.password.errors = [refusal.message]
    return page(template, status=422, form=form, person=ticket.person)


@accounts.get("/me/email/<token>")
@access("signed-link")
def email_confirm(token: str) -> ResponseReturnValue:
    ticket = tickets.ticket_for(token, TicketKind.EMAIL)
    return page("accounts/email_confirm.html", address=ticket.email)


@accounts.post("/me/email/<token>")
@access("signed-link")
def email_confirm_post(token: str) -> ResponseReturnValue:
    tickets.confirm_email(token)
    return see_other(url_for("accounts.me"), "이메일을 바꾸었습니다. 다음부터 새 이메일로 로그인해 주십시오.")


def held_off(response: Response, held: TooMany | Crowded) -> Response:
    response.headers["Retry-After"] = str(held.retry_after)
    return response


@accounts.after_request
def _no_referrer(response: Response) -> Response:
    """A link of one use must not travel to another page, nor stay in a cache."""
    if request.view_args and "token" in request.view_args:
        response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return session.keep_mark(response)


@accounts.after_app_request
def _carry_key(response: Response) -> Response:
    return staying.carry_key(response)


@accounts.after_app_request
def _note_seen(response: Response) -> Response:
    """Wherever in the portal a signed-in person is."""
    who = g.get("caller")
    if who is not None and who.device_id and response.status_code < 400 and current.get("device") == who.device_id:  # noqa: PLR2004
        session.note_seen(who.device_id)
    return response
