"""The inbox of the staff: what every process asks a person for, grouped by when it is due."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core import ids
from portal.core.clock import now
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.work import rules, service
from portal.work.models import KINDS, WorkItem

work_staff = Blueprint("work_staff", __name__, url_prefix="/staff/work")
SHOWN = (("open", "모든 할 일"), ("mine", "내가 맡은 일"), ("snoozed", "미룬 일"), ("done", "끝난 일"))


@work_staff.get("")
@access("staff")
def work() -> ResponseReturnValue:
    return _inbox()


@work_staff.post("/<int:item_id>/assign")
@access("staff")
def assign(item_id: int) -> ResponseReturnValue:
    """`person` is an id, `me`, or empty for nobody."""
    wanted = request.form.get("person", "")
    person_id = caller().person_id if wanted == "me" else ids.whole(wanted)
    service.assign(caller(), item_id, person_id)
    return _back()


@work_staff.post("/<int:item_id>/done")
@access("staff")
def done(item_id: int) -> ResponseReturnValue:
    item = service.done(caller(), item_id)
    return _back(f"끝냈습니다: {item.title}", undo=url_for("work_staff.reopen", item_id=item_id, **_kept()))


@work_staff.post("/<int:item_id>/reopen")
@access("staff")
def reopen(item_id: int) -> ResponseReturnValue:
    service.reopen(caller(), item_id)
    return _back("할 일로 되돌렸습니다.")


@work_staff.post("/<int:item_id>/snooze")
@access("staff")
def snooze(item_id: int) -> ResponseReturnValue:
    item = service.snooze(caller(), item_id, request.form.get("until", ""))
    return _back(f"미뤘습니다: {item.title}", undo=url_for("work_staff.wake", item_id=item_id, **_kept()))


@work_staff.post("/<int:item_id>/wake")
@access("staff")
def wake(item_id: int) -> ResponseReturnValue:
    service.wake(caller(), item_id)
    return _back("할 일로 되돌렸습니다.")


def _inbox() -> ResponseReturnValue:
    show = request.args.get("show", "open")
    show = show if show in dict(SHOWN) else "open"
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    who = caller()
    rows = service.items(who, show, kind)
    counts = service.counts(who)
    return page(
        "work/work.html",
        show=show,
        kind=kind,
        kind_chips=[
            ("", "모든 종류", None),
            *((name, KINDS.get(name, "업무"), count) for name, count, _since in service.kinds_open(who)),
        ],
        counts=counts,
        shown=[(name, label, counts.get(name)) for name, label in SHOWN],
        groups=_grouped(rows) if show in {"open", "mine"} else [("", "", rows)],
        empty=not rows,
        kinds=KINDS,
        names={person.id: person.name for person in service.staff()},
    )


def _grouped(rows: list[WorkItem]) -> list[tuple[str, str, list[WorkItem]]]:
    groups: dict[str, list[WorkItem]] = {key: [] for key, _heading in rules.GROUPS}
    for row in rows:
        groups[rules.due_group(row.due_at, now())].append(row)
    return [(key, heading, groups[key]) for key, heading in rules.GROUPS if groups[key]]


def _kept() -> dict[str, Any]:
    """The part of the inbox that is being looked at."""
    return {name: request.args[name] for name in ("show", "kind") if request.args.get(name)}


def _back(notice: str = "", undo: str = "") -> Response:
    if notice:
        flash(notice, f"undo:{undo}" if undo else "message")
    return see_other(url_for("work_staff.work", **_kept()))
