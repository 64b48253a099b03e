"""The pages of visitors: the homepage with a living drawing, and what the law wants every shop to show."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.assets import asset
from portal.core.gate import access, caller, may_open
from portal.core.page import page, see_other
from portal.desk import prices
from portal.desk.search import of_member, words_of
from portal.trials.service import TERMS_VERSION

desk = Blueprint("desk", __name__)

#: What a member's day may begin with; the last is open to every role.
FIRST_PAGES = ("drawings.drawings", "billing.invoices", "tenants.company")
#: The drawing of the homepage, rendered beforehand by `flask samples --homepage`.
DRAWING = "home/plan.json"
QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "어떤 파일을 올릴 수 있습니까?",
        "DXF, DWG(R13부터 2018까지), PDF를 바로 보여 드립니다. 여러 파일을 한 번에 끌어다 놓아도 됩니다. 그리지 못한 객체가 있으면 무엇이 몇 개인지 숨기지 않고 보여 드립니다.",
    ),
    (
        "보는 사람도 프로그램을 설치해야 합니까?",
        "아닙니다. 브라우저만 있으면 됩니다. 휴대전화에서도 확대하고 레이어를 끄며 볼 수 있습니다.",
    ),
    (
        "우리 도면을 다른 회사가 볼 수 있습니까?",
        "볼 수 없습니다. 회사마다 데이터베이스를 따로 만들고, 그 데이터베이스에는 그 회사의 열쇠로만 들어갈 수 있습니다.",
    ),
    (
        "체험이 끝나면 도면은 어떻게 됩니까?",
        "전환하지 않으시면 정한 보존기간 동안만 두었다가 파기하고 파기 증명서를 드립니다. 그 전에 모두 내려받으실 수 있습니다.",
    ),
    (
        "한글이 깨지지 않습니까?",
        "오래된 도면의 한글 부호와 글꼴을 알아보고 바르게 그립니다. 도면 속 글자는 그대로 찾을 수 있습니다.",
    ),
    (
        "요금은 어떻게 냅니까?",
        "달마다 카드로 자동결제하거나 계좌로 보내 주시면 됩니다. 전자세금계산서를 발행해 드립니다.",
    ),
)


@desk.get("/start")
@access("person")
def start() -> ResponseReturnValue:
    """Where somebody's day begins: the first page that their roles and their company's standing leave open to them."""
    who = caller()
    if who.staff:
        return see_other(url_for("desk_staff.staff"))
    if who.closed or not who.tenant_id:
        return see_other(url_for("tenants.companies"))
    return see_other(url_for(next(first for first in FIRST_PAGES if may_open(first))))


@desk.get("/search")
@access("member")
def search() -> ResponseReturnValue:
    """Drawings, texts in them, invoices and change requests of one's own company."""
    words = words_of(request.args.get("q", ""))
    return page(
        "desk/search.html",
        words=words,
        groups=of_member(caller(), words) if words else [],
        hint="도면 번호와 이름, 도면 속 글자, 청구서 번호, 수정요청에서 찾습니다.",
    )


@desk.get("/")
@access("public")
def home() -> ResponseReturnValue:
    return _home(prices.read(request.args))


@desk.get("/prices/estimate")
@access("public")
def estimate() -> ResponseReturnValue:
    """What a visitor's guess would cost: the block of the homepage, or the homepage with it."""
    return _home(prices.read(request.args))


@desk.get("/terms")
@access("public")
def terms() -> ResponseReturnValue:
    return page("desk/terms.html", version=TERMS_VERSION)


@desk.get("/privacy")
@access("public")
def privacy() -> ResponseReturnValue:
    return page("desk/privacy.html", version=TERMS_VERSION)


def _home(guess: prices.Asked) -> ResponseReturnValue:
    return page(
        "desk/home.html",
        sheets=homepage_sheets(),
        plans=prices.cards(),
        questions=QUESTIONS,
        asked=guess,
        quotes=prices.quotes(guess),
    )


def homepage_sheets() -> list[dict[str, Any]]:
    """The sheets of the homepage's drawing, as the viewer takes them."""
    sheets = _sheets(str(Path(current_app.static_folder or "", DRAWING)))
    return [{**sheet, "url": asset(f"home/{sheet['svg']}")} for sheet in sheets]


@lru_cache(maxsize=1)
def _sheets(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))["sheets"]
    return found
