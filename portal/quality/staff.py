"""The staff's pages of quality: the board, one item with its story, and the rules of whose tests are whose."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core import ids
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.quality import board, changes, items, ruling
from portal.quality.forms import QuarantineForm, RuleForm
from portal.quality.models import EVENTS, ITEM, Item
from portal.work import service as work

quality_staff = Blueprint("quality_staff", __name__, url_prefix="/staff/quality")
#: Who looks after quality.
QUALITY = frozenset({"developer", "support", "admin"})
LABELS = {
    "": "할 일",
    "regressed": "재발",
    "flaky": "불안정",
    "quarantined": "격리",
    "resolved": "해결",
    "archived": "무시",
}
#: Outcome of a test in a build -> (word, tone).
OUTCOMES = {
    "passed": ("통과", "green"),
    "flaky": ("불안정", "amber"),
    "skipped": ("건너뜀", "grey"),
    "failed": ("실패", "red"),
    "error": ("오류", "red"),
}


@quality_staff.get("")
@access("staff", roles=QUALITY)
def quality() -> ResponseReturnValue:
    show = request.args.get("show", "")
    show = show if show in board.FILTERS else ""
    owner = request.args.get("owner", "")[:10]
    counts = board.counts(owner)
    weeks = board.weeks()
    return page(
        "quality/board.html",
        show=show,
        owner=owner,
        filters=[(name, LABELS[name], counts[name]) for name in board.FILTERS],
        pages=board.items(show, owner, ids.whole(request.args.get("page")) or 1),
        weeks=weeks,
        builds=board.strip(),
        holdings=board.holdings(),
        machine=ITEM,
        requests_waiting=changes.request_counts()[""],
    )


@quality_staff.get("/items/<int:item_id>")
@access("staff", roles=QUALITY)
def item(item_id: int) -> ResponseReturnValue:
    return _item(items.item_with(item_id), QuarantineForm())


@quality_staff.post("/items/<int:item_id>/begin")
@access("staff", roles=QUALITY)
def begin(item_id: int) -> ResponseReturnValue:
    items.begin(caller(), item_id)
    return _back(item_id, "맡아서 진행하신다고 표시했습니다.")


@quality_staff.post("/items/<int:item_id>/assign")
@access("staff", roles=QUALITY)
def assign(item_id: int) -> ResponseReturnValue:
    row = items.assign(caller(), item_id, ids.whole(request.form.get("person")) or 0)
    return _back(item_id, f"{row.owner.name if row.owner else ''}님께 맡겼습니다. 되살아나도 이 담당자에게 갑니다.")


@quality_staff.post("/items/<int:item_id>/resolve")
@access("staff", roles=QUALITY)
def resolve(item_id: int) -> ResponseReturnValue:
    items.resolve(caller(), item_id)
    return _back(item_id, "해결로 표시했습니다. 더 새로운 빌드에서 실패하면 다시 열립니다.")


@quality_staff.post("/items/<int:item_id>/reopen")
@access("staff", roles=QUALITY)
def reopen(item_id: int) -> ResponseReturnValue:
    items.reopen(caller(), item_id)
    return _back(item_id, "다시 열었습니다.")


@quality_staff.post("/items/<int:item_id>/archive")
@access("staff", roles=QUALITY)
def archive(item_id: int) -> ResponseReturnValue:
    items.archive(caller(), item_id)
    return _back(item_id, "무시로 두었습니다. 실패해도 알리지 않습니다.")


@quality_staff.post("/items/<int:item_id>/quarantine")
@access("staff", roles=QUALITY)
def quarantine(item_id: int) -> ResponseReturnValue:
    form = QuarantineForm(request.form)
    if not form.validate():
        return _item(items.item_with(item_id), form, status=422)
    items.quarantine(caller(), item_id, str(form.reason.data), int(form.days.data))
    return _back(item_id, f"{form.days.data}일 동안 격리했습니다. 시험은 계속 돕니다.")


@quality_staff.get("/rules")
@access("staff", roles=QUALITY)
def owner_rules() -> ResponseReturnValue:
    return _rules(RuleForm())


@quality_staff.post("/rules")
@access("staff", roles=QUALITY)
def add_rule() -> ResponseReturnValue:
    form = RuleForm(request.form).with_people(work.staff())
    if not form.validate():
        return _rules(form, status=422)
    ruling.add(caller(), str(form.pattern.data), int(form.owner.data), together=bool(form.together.data))
    return see_other(url_for("quality_staff.owner_rules"), "규칙을 더했습니다. 새로 실패하는 시험부터 따릅니다.")


@quality_staff.post("/rules/<int:rule_id>/move")
@access("staff", roles=QUALITY)
def move_rule(rule_id: int) -> ResponseReturnValue:
    ruling.move(caller(), rule_id, down=request.form.get("to") == "down")
    return see_other(url_for("quality_staff.owner_rules"))


@quality_staff.post("/rules/<int:rule_id>/remove")
@access("staff", roles=QUALITY)
def remove_rule(rule_id: int) -> ResponseReturnValue:
    ruling.remove(caller(), rule_id)
    return see_other(url_for("quality_staff.owner_rules"), "규칙을 지웠습니다. 열려 있는 일은 담당자가 그대로입니다.")


def _item(row: Item, form: QuarantineForm, status: int = 200) -> ResponseReturnValue:
    history = board.history(row)
    actors = {int(event.by.partition(":")[2]) for event in history if event.by.startswith("person:")}
    return page(
        "quality/item.html",
        status=status,
        item=row,
        look=ITEM.look(row.state),
        allows={step.verb for step in ITEM.steps if row.state in step.origins},
        history=history,
        events=EVENTS,
        names=board.names(actors),
        failures=board.failures(row),
        runs=board.runs(row),
        outcomes=OUTCOMES,
        alike=board.alike(row),
        machine=ITEM,
        requests=changes.tied_to(row.id),
        staff=work.staff(),
        form=form,
    )


def _rules(form: RuleForm, status: int = 200) -> ResponseReturnValue:
    people = work.staff()
    return page(
        "quality/rules.html", status=status, rules=board.rules_in_order(), form=form.with_people(people), people=people
    )


def _back(item_id: int, notice: str) -> Response:
    return see_other(url_for("quality_staff.item", item_id=item_id), notice)
