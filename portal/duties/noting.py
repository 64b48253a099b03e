"""The hook that writes the access log, and the question for a reason before staff take a file away.

It looks at what was answered, not at what a page says of itself: whatever goes out as a file to staff needs a reason.
"""

from __future__ import annotations

from flask import Blueprint, current_app, g, request
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from portal.core import gate
from portal.core.errors import SENTENCES, answer
from portal.core.page import page
from portal.duties import rules, service
from portal.duties.models import Act
from portal.duties.service import What

duties_staff = Blueprint("duties_staff", __name__)
REVIEWERS = frozenset(service.REVIEWERS)
#: Files that hold nobody's data: generated code, the certificate that nothing is left, how to fill in a form.
IMPERSONAL = frozenset({"assistant_staff.understand", "retention_staff.certificate"})
REASON = "reason"


@duties_staff.after_app_request
def note_access(response: Response) -> Response:
    """A line for whatever staff did on their own pages, or support in a company. No line, no answer."""
    who = g.get("caller")
    wanted = gate.access_of(current_app, request.endpoint or "")
    if who is None or wanted is None or not who.staff or not (wanted.kind == "staff" or _inside(who, wanted)):
        return response
    act = _act(response)
    if act is None:
        return response
    reason = _reason(who)
    if act == Act.DOWNLOAD and (problem := rules.reason_problem(reason)):
        return _ask(problem)
    try:
        service.note(who, request.remote_addr or "", What(act, request.endpoint or "", _subject(), reason))
    except OperationalError:
        return answer(503, *SENTENCES[503])
    return response


def _inside(who: gate.Caller, wanted: gate.Access) -> bool:
    return bool(who.acting) and wanted.kind == "member"


def _act(response: Response) -> Act | None:
    if response.status_code == 403:  # noqa: PLR2004
        return Act.REFUSED
    if response.status_code >= 400:  # noqa: PLR2004 - nothing was shown or done
        return None
    taken = response.headers.get("Content-Disposition", "").startswith("attachment")
    if taken and request.endpoint not in IMPERSONAL:
        return Act.DOWNLOAD
    return Act.LOOK if request.method in gate.SAFE else Act.CHANGE


def _reason(who: gate.Caller) -> str:
    """What was written as the reason of a download, or of the visit it is part of."""
    if who.acting:
        return service.reason_of_visit(who.acting)
    return " ".join(request.values.get(REASON, "").split()) if request.method in gate.SAFE else ""


def _ask(problem: str) -> Response:
    """The question for a reason, in place of the file; the answer leads to the file."""
    typed = request.args.get(REASON)
    others = [(name, value) for name, value in request.args.items(multi=True) if name != REASON]
    return page(
        "duties/reason.html",
        status=422,
        path=request.path,
        others=others,
        typed=typed or "",
        problem=problem if typed is not None else "",
        back=request.referrer if (request.referrer or "").startswith(request.host_url) else "/staff",
    )


def _subject() -> str:
    """The row that the address names: "invoice:7"; the innermost one, where there are several."""
    named = [(name, value) for name, value in (request.view_args or {}).items() if isinstance(value, int)]
    if not named:
        return ""
    name, value = named[-1]
    return f"{name.removesuffix('_id')}:{value}"
