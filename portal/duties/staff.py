"""The access log for those who review it, as a page and as a file; and the table of rights for everybody of the house."""

from __future__ import annotations

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import service as accounts
from portal.accounts.models import STAFF_ROLES
from portal.core import exports, ids
from portal.core.clock import SEOUL
from portal.core.errors import Refusal
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.duties import rights as table
from portal.duties import rules, service
from portal.duties.models import ACTS
from portal.duties.noting import REVIEWERS
from portal.duties.service import Wanted
from portal.tenants.rules import RIGHT_WORDS, RIGHTS, ROLE_WORDS

access_log = Blueprint("access_log", __name__, url_prefix="/staff")
HEAD = ("때", "누가", "어디서", "기기", "한 일", "화면", "대상", "고객사", "까닭")


@access_log.get("/access-log")
@access("staff", roles=REVIEWERS)
def log() -> ResponseReturnValue:
    return _log()


def _log(status: int = 200, problem: str = "", finding: str = "") -> ResponseReturnValue:
    wanted = _wanted()
    found = service.lines(wanted, ids.whole(request.args.get("page")) or 1)
    people, companies = service.names(found.items)
    reviewed = service.review_of(wanted.month)
    figures = service.figures(wanted.month)
    return page(
        "duties/access_log.html",
        status=status,
        wanted=wanted,
        pages=found,
        people=people,
        companies=companies,
        staff_names=service.people_in(wanted.month),
        months=service.months(),
        acts=ACTS,
        figures=figures,
        busiest=service.people_in(wanted.month).get(figures.busiest[0], ""),
        place=rules.place,
        subject=rules.subject,
        reviewed=reviewed,
        reviewer=accounts.person(reviewed.reviewed_by).name if reviewed else "",
        over=wanted.month != service.first_month(),
        problem=problem,
        finding=finding,
    )


@access_log.get("/access-log.csv")
@access("staff", roles=REVIEWERS)
def log_csv() -> ResponseReturnValue:
    """Exactly what is seen, as a file; taking it is a line of the log itself."""
    wanted = _wanted()
    rows = service.all_lines(wanted)
    people, companies = service.names(rows)
    cells = [
        (
            f"{row.at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}",
            people.get(row.person_id, f"#{row.person_id}"),
            row.address,
            row.device_id,
            row.look.word,
            rules.place(row.endpoint),
            rules.subject(row.subject),
            companies.get(row.tenant_id or 0, ""),
            row.reason,
        )
        for row in rows
    ]
    answer = current_app.response_class(exports.as_csv(HEAD, cells), mimetype="text/csv")
    answer.headers["Content-Disposition"] = exports.disposition(f"접속기록-{wanted.month}.csv")
    return answer


@access_log.post("/access-log/review")
@access("staff", roles=REVIEWERS)
def review() -> ResponseReturnValue:
    wanted, finding = _wanted(), request.form.get("finding", "")
    try:
        service.review(caller(), wanted.month, finding)
    except Refusal as refusal:
        return _log(refusal.status, f"{refusal.message} {refusal.next_step}", finding)
    return see_other(url_for("access_log.log", month=wanted.month), "점검을 마쳤습니다.")


@access_log.get("/rights")
@access("staff")
def rights() -> ResponseReturnValue:
    return page(
        "duties/rights.html",
        rows=table.of_staff(current_app._get_current_object()),  # type: ignore[attr-defined]  # noqa: SLF001 - the app itself
        staff_roles=STAFF_ROLES,
        rights=RIGHTS,
        right_words=RIGHT_WORDS,
        words=ROLE_WORDS,
        mine=caller().staff_roles,
    )


def _wanted() -> Wanted:
    month = request.values.get("month", "") or service.first_month()
    if rules.span(month) is None:
        month = service.first_month()
    return Wanted(month, ids.whole(request.args.get("person")) or 0, request.args.get("act", ""))
