"""The staff's own pages over several features: what waits, the companies, and all that happened to one of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_sqlalchemy.pagination import SelectPagination
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from portal.billing import service as billing
from portal.core import ids, mail
from portal.core.db import db, write
from portal.core.errors import NotFound
from portal.core.gate import access, caller, may_open
from portal.core.page import page, see_other
from portal.desk import timeline
from portal.desk.acts import KINDS
from portal.desk.forms import ModeForm, ReasonForm
from portal.desk.search import COMPANIES, company_matches, of_staff, words_of
from portal.tenants import grants
from portal.tenants import service as tenants
from portal.tenants.models import OPENING, TENANT, Membership, Mode, Tenant, TenantState
from portal.tenants.provisioning import provision_rows
from portal.tenants.rules import ROLE_WORDS
from portal.trials import review
from portal.trials.models import APPLICATION
from portal.work import service as work
from portal.work.models import KINDS as WORK_KINDS

desk_staff = Blueprint("desk_staff", __name__, url_prefix="/staff")
PER_PAGE = 50
#: Who may limit companies.
LIMITS = frozenset({"support", "billing", "admin"})
FILTERS: dict[str, tuple[str, tuple[TenantState, ...]]] = {
    "trial": ("체험 중", (TenantState.TRIAL,)),
    "active": ("이용 중", (TenantState.ACTIVE,)),
    "opening": ("준비 중", OPENING),
    "failed": ("준비 실패", (TenantState.FAILED,)),
    "suspended": ("이용 제한", (TenantState.SUSPENDED,)),
    "ended": ("끝남", (TenantState.ENDED, TenantState.RETAINED, TenantState.PURGING, TenantState.PURGED)),
}
SORTS: dict[str, Any] = {
    "name": Tenant.name,
    "-name": Tenant.name.desc(),
    "created": Tenant.created_at,
    "-created": Tenant.created_at.desc(),
    "ends": Tenant.trial_ends_at,
    "-ends": Tenant.trial_ends_at.desc(),
}


@desk_staff.get("")
@access("staff")
def staff() -> ResponseReturnValue:
    """The first page of a working day: what waits, longest first."""
    who = caller()
    reviewing = bool(who.staff_roles & {"reviewer", "admin"})
    seeing = bool(who.staff_roles & COMPANIES)
    return page(
        "desk/staff.html",
        items=work.items(who, limit=8),
        counts=work.counts(who),
        kinds=work.kinds_open(who),
        kind_words=WORK_KINDS,
        waiting=list(review.queue("waiting").items)[:6] if reviewing else [],
        review_counts=review.counts() if reviewing else None,
        machine=APPLICATION,
        tenant_machine=TENANT,
        tenant_counts=_counts() if seeing else None,
        newest=list(db.session.scalars(select(Tenant).order_by(Tenant.id.desc()).limit(6))) if seeing else [],
        unsent=mail.failed(db.session()) if "admin" in who.staff_roles or "support" in who.staff_roles else [],
    )


@desk_staff.get("/search")
@access("staff")
def search() -> ResponseReturnValue:
    """Companies, applications, invoices and change requests with these words."""
    words = words_of(request.args.get("q", ""))
    return page(
        "desk/search.html",
        words=words,
        groups=of_staff(words) if words else [],
        hint="회사 이름과 번호, 신청자, 청구서 번호, 수정요청에서 찾습니다.",
    )


@desk_staff.get("/tenants")
@access("staff", roles=COMPANIES)
def companies() -> ResponseReturnValue:
    """All customer companies."""
    state, text = request.args.get("state", ""), request.args.get("q", "").strip()[:60]
    sort = request.args.get("sort", "-created")
    query: Select[Any] = select(Tenant).options(joinedload(Tenant.owner))
    if state in FILTERS:
        query = query.where(Tenant.state.in_(FILTERS[state][1]))
    if text:
        query = query.where(company_matches(text))
    query = query.order_by(SORTS.get(sort, SORTS["-created"]), Tenant.id)
    pages = SelectPagination(
        select=query,
        session=db.session,
        page=ids.whole(request.args.get("page")) or 1,
        per_page=PER_PAGE,
        error_out=False,
    )
    counts = _counts()
    people = select(Membership.tenant_id, func.count()).where(Membership.tenant_id.in_([row.id for row in pages.items]))
    chips = [("", "모두", sum(counts.values()))]
    chips += [(name, word, counts[name]) for name, (word, _states) in FILTERS.items()]
    return page(
        "desk/companies.html",
        pages=pages,
        rows=list(pages.items),
        people={tenant_id: count for tenant_id, count in db.session.execute(people.group_by(Membership.tenant_id))},  # noqa: C416
        state=state,
        q=text,
        chips=chips,
        machine=TENANT,
    )


@desk_staff.get("/tenants/<int:tenant_id>")
@access("staff", roles=COMPANIES)
def tenant(tenant_id: int) -> ResponseReturnValue:
    return _company(_tenant(tenant_id))


@desk_staff.post("/tenants/<int:tenant_id>/suspend")
@access("staff", roles=LIMITS)
def suspend(tenant_id: int) -> ResponseReturnValue:
    row, form = _tenant(tenant_id), ReasonForm(request.form)
    if not form.validate():
        return _company(row, form, status=422)
    with write() as session:
        tenants.suspend(session, tenant_id, caller().actor, str(form.reason.data))
    return _back(tenant_id, f"{row.name}: 이용을 제한했습니다.", undo="desk_staff.resume")


@desk_staff.post("/tenants/<int:tenant_id>/resume")
@access("staff", roles=LIMITS)
def resume(tenant_id: int) -> ResponseReturnValue:
    with write() as session:
        row = tenants.resume(session, tenant_id, caller().actor)
        name = row.name
    return _back(tenant_id, f"{name}: 이용 제한을 풀었습니다.")


@desk_staff.post("/tenants/<int:tenant_id>/mode")
@access("staff", roles=LIMITS)
def mode(tenant_id: int) -> ResponseReturnValue:
    """Open, read-only or closed, whatever the state; a reason is needed for all but open."""
    row, form = _tenant(tenant_id), ModeForm(request.form)
    wanted = Mode(request.form["mode"]) if request.form.get("mode") in set(Mode) else None
    if wanted is None:
        raise NotFound
    if wanted != Mode.OPEN and not form.validate():
        return _company(row, mode_form=form, status=422)
    with write() as session:
        tenants.set_mode(
            session, tenant_id, wanted, caller().actor, str(form.reason.data or "") if wanted != Mode.OPEN else ""
        )
    return _back(tenant_id, f"{row.name}: {timeline.MODES[wanted]} 상태로 바꾸었습니다.")


@desk_staff.post("/tenants/<int:tenant_id>/retry")
@access("staff", roles=LIMITS | {"reviewer"})
def retry(tenant_id: int) -> ResponseReturnValue:
    """Try a failed opening again."""
    row = _tenant(tenant_id)
    tenants.retry(row.id, caller().actor)
    return _back(tenant_id, f"{row.name}: 환경 만들기를 다시 시작했습니다.")


def _company(
    row: Tenant, form: ReasonForm | None = None, mode_form: ModeForm | None = None, status: int = 200
) -> ResponseReturnValue:
    kind = request.args.get("kind", "")
    events = timeline.of_company(row)
    counts = Counter(event.kind for event in events)
    chips = [
        ("", "모두", len(events)),
        *((name, word, counts[name]) for name, word in KINDS.items() if counts[name]),
    ]
    memberships = (
        select(Membership)
        .options(joinedload(Membership.person))
        .where(Membership.tenant_id == row.id)
        .order_by(Membership.id)
    )
    return page(
        "desk/tenant.html",
        status=status,
        tenant=row,
        look=TENANT.look(row.state),
        events=[event for event in events if not kind or event.kind == kind],
        chips=chips,
        kind=kind if kind in KINDS else "",
        members=list(db.session.scalars(memberships)),
        role_words=ROLE_WORDS,
        opening=provision_rows(row.id) if row.state in {*OPENING, TenantState.FAILED} else [],
        polling=row.state in OPENING,
        plan=_plan(row.id),
        papers=_papers(row),
        mode_word=timeline.MODES[row.mode],
        form=form or ReasonForm(),
        mode_form=mode_form or ModeForm(),
        may_enter=bool(caller().staff_roles & grants.MAY_ENTER) and row.has_database,
        may_limit=bool(caller().staff_roles & LIMITS),
        can_suspend=TENANT.allows(row.state, "suspend"),
        can_resume=TENANT.allows(row.state, "resume_trial"),
        can_retry=TENANT.allows(row.state, "retry") and bool(caller().staff_roles & (LIMITS | {"reviewer"})),
    )


def _plan(tenant_id: int) -> str:
    """The plan that holds now, the trial's too; empty for a company without an agreement."""
    subscription = billing.live(tenant_id)
    if subscription is None or not subscription.phases:
        return ""
    version = billing.current_version(subscription)
    return f"{version.plan.name} {version.number}판"


def _papers(row: Tenant) -> list[tuple[str, str]]:
    """What else there is of the company that the caller may see, as (words, address)."""
    pages: list[tuple[str, str, dict[str, Any]]] = [
        ("사용량", "metering_staff.usage", {"tenant_id": row.id}),
        ("청구서", "billing_staff.invoices", {"q": row.name}),
        ("청구 정보", "plans_staff.details", {"tenant_id": row.id}),
    ]
    return [(words, url_for(endpoint, **values)) for words, endpoint, values in pages if may_open(endpoint)]


def _tenant(tenant_id: int) -> Tenant:
    row = db.session.get(Tenant, tenant_id)
    if row is None:
        raise NotFound
    return row


def _counts() -> dict[str, int]:
    rows = db.session.execute(select(Tenant.state, func.count()).group_by(Tenant.state))
    by_state: dict[str, int] = {state: count for state, count in rows}  # noqa: C416 - rows are not pairs to mypy
    return {name: sum(by_state.get(state, 0) for state in states) for name, (_word, states) in FILTERS.items()}


def _back(tenant_id: int, notice: str, undo: str = "") -> Response:
    flash(notice, f"undo:{url_for(undo, tenant_id=tenant_id)}" if undo else "message")
    return see_other(url_for("desk_staff.tenant", tenant_id=tenant_id))
