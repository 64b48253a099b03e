"""What an applicant sees: the form, the page that says what comes next, the link that confirms a mail address."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from portal.core import ids, korea
from portal.core.gate import access
from portal.core.page import page, see_other
from portal.trials import service
from portal.trials.forms import AnswerForm, ApplyForm
from portal.trials.models import APPLICATION, Application, ApplicationState
from portal.visits import service as visits

trials = Blueprint("trials", __name__)
S = ApplicationState
KEY_LENGTH = 43


@trials.get("/apply")
@access("public")
def apply() -> ResponseReturnValue:
    """The form. Its key makes a second sending of the same form harmless."""
    return _form(ApplyForm(form_key=ids.token()))


@trials.post("/apply")
@access("public")
def submit() -> ResponseReturnValue:
    form = ApplyForm(request.form)
    if not form.validate():
        return _form(form, status=422)
    try:
        _application, token = service.submit(_submission(form))
    except service.AlreadyApplied as refusal:
        form.business_number.errors = [f"{refusal.message} {refusal.next_step}"]
        return _form(form, status=422)
    return see_other(url_for("trials.status", token=token))


@trials.get("/apply/business-number")
@access("public")
def business_number() -> ResponseReturnValue:
    """Whether the number can be right, while it is being typed; only its form is looked at."""
    typed = request.args.get("business_number", "")[:40]
    digits = korea.plain_digits(typed)
    complete = len(digits) >= 10  # noqa: PLR2004 - a business number
    problem = korea.business_number_problem(typed) if complete else None
    state = "wrong" if problem else "right" if complete else "typing"
    form = ApplyForm(form_key=ids.token(), business_number=typed)
    return page("trials/apply.html", form=form, check={"state": state, "problem": problem, "digits": len(digits)})


@trials.get("/apply/confirm/<token>")
@access("signed-link")
def confirm(token: str) -> ResponseReturnValue:
    """Confirming needs a press of a button: programs that look at mails follow links too."""
    return page("trials/confirm.html", application=service.application_to_confirm(token), token=token)


@trials.post("/apply/confirm/<token>")
@access("signed-link")
def confirm_email(token: str) -> ResponseReturnValue:
    _application, status_token = service.confirm_email(token)
    return see_other(url_for("trials.status", token=status_token), "메일 주소를 확인했습니다.")


@trials.get("/apply/status/<token>")
@access("signed-link")
def status(token: str) -> ResponseReturnValue:
    """Where the application stands and what comes next; made to be kept as a bookmark."""
    return _status(service.application_for(token), token, AnswerForm())


@trials.post("/apply/status/<token>/mail")
@access("signed-link")
def send_again(token: str) -> ResponseReturnValue:
    """Mail the link that confirms the address once more."""
    application = service.send_confirmation_again(token)
    return see_other(
        url_for("trials.status", token=token),
        f"{application.email}{korea.particle(application.email, '으로/로')} 확인 메일을 다시 보냈습니다.",
    )


@trials.post("/apply/status/<token>/answer")
@access("signed-link")
def answer(token: str) -> ResponseReturnValue:
    application = service.application_for(token)
    form = AnswerForm(request.form)
    if not form.validate():
        return _status(application, token, form, status=422)
    service.answer_info(token, str(form.body.data))
    return see_other(url_for("trials.status", token=token), "답변을 보냈습니다. 검토를 이어 갑니다.")


@trials.post("/apply/status/<token>/withdraw")
@access("signed-link")
def withdraw(token: str) -> ResponseReturnValue:
    service.withdraw(token)
    return see_other(url_for("trials.status", token=token), "신청을 취소했습니다.")


def _form(form: ApplyForm, status: int = 200) -> ResponseReturnValue:
    return page("trials/apply.html", form=form, check=None, status=status)


def _status(application: Application, token: str, form: AnswerForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "trials/status.html",
        status=status,
        application=application,
        token=token,
        form=form,
        look=APPLICATION.look(application.state),
        steps=_steps(application),
        messages=service.messages(application.id),
        place=service.place_of(application),
        unconfirmed=service.awaits_confirmation(application),
        can_withdraw=APPLICATION.allows(application.state, "withdraw"),
        can_answer=APPLICATION.allows(application.state, "answer"),
        settled=application.state in {S.REJECTED, S.WITHDRAWN, S.EXPIRED},
    )


def _submission(form: ApplyForm) -> service.Submission:
    key = (form.form_key.data or "")[:KEY_LENGTH] or ids.token()
    return service.Submission(
        form_key=key,
        company=str(form.company.data),
        business_number=str(form.business_number.data),
        ceo=str(form.ceo.data),
        industry=str(form.industry.data),
        people=str(form.people.data),
        purpose=str(form.purpose.data),
        applicant=str(form.applicant.data),
        email=str(form.email.data),
        phone=str(form.phone.data),
        advertising=bool(form.advertising.data),
        journey_key=visits.visitor_key(request.remote_addr or "", request.headers.get("User-Agent", "")) or "",
    )


def _steps(application: Application) -> list[dict[str, object]]:
    """The way from sending in to one's own environment, as the applicant sees it."""
    confirmed, place = application.email_confirmed_at, service.place_of(application)
    decided = application.decided_at
    over = application.state in {S.REJECTED, S.WITHDRAWN, S.EXPIRED}
    steps: list[dict[str, object]] = [
        {"label": "접수", "state": "done", "at": application.submitted_at},
        {
            "label": APPLICATION.look(application.state).word if over else "검토",
            "state": "failed" if application.state == S.REJECTED else "done" if decided else "now",
            "at": decided,
        },
    ]
    if confirmed or not decided:
        steps.insert(1, {"label": "메일 확인", "state": "done" if confirmed else "now", "at": confirmed})
    if not over:
        ready = place == "ready"
        state = "done" if ready else "now" if application.state == S.APPROVED else "waiting"
        steps.append({"label": "환경 만들기", "state": state, "at": None})
        steps.append({"label": "초대 메일로 시작", "state": "now" if ready else "waiting", "at": None})
    return steps
