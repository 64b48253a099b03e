"""A room to look at every part of the design in: each macro of parts.html in each of its looks, on both frames.

    python -m tests.design.gallery_app PORT

It serves the templates and static files of the product without any of its features or engines.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, flash, render_template, request, url_for
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.local import LocalProxy
from wtforms import (
    BooleanField,
    EmailField,
    FileField,
    Form,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    validators,
)
from wtforms.fields.choices import SelectChoice

from portal.core import korea, money, tables
from portal.core.gate import Caller
from portal.core.states import Look
from portal.core.supplier import Supplier
from tests.design import sample_sheet

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 5, 5, tzinfo=UTC)
LONG_NAME = "한빛종합건설엔지니어링그룹주식회사서울특별시강남지사설계본부기전설비통합관리및품질안전환경지원센터제이프로젝트특별전담부서"
CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

LOOKS = [
    Look("체험 중", "blue", "play", "12월 7일에 체험이 끝납니다."),
    Look("심사 대기", "amber", "clock", "직원이 하루 안에 봅니다."),
    Look("승인", "green", "check", "환경을 만드는 중입니다."),
    Look("연체", "red", "warn", "카드를 확인해 주십시오."),
    Look("작성중", "grey", "drawing"),
]


class Sample(Form):  # type: ignore[misc]  # WTForms tells mypy nothing of itself
    """One field of each kind."""

    company = StringField("회사 이름", [validators.InputRequired("회사 이름을 적어 주십시오.")])
    number = StringField("사업자등록번호", [validators.InputRequired("사업자등록번호를 적어 주십시오.")])
    email = EmailField("이메일", [validators.InputRequired("이메일을 적어 주십시오.")])
    phone = TelField("전화")
    password = PasswordField("비밀번호", [validators.InputRequired("비밀번호를 적어 주십시오.")])
    seats = IntegerField("쓸 사람 수", [validators.Optional()])
    trade = SelectField(
        "업종",
        choices=[SelectChoice("", "골라 주십시오"), SelectChoice("c", "건설"), SelectChoice("m", "제조")],
        validate_choice=False,
    )
    use = TextAreaField("쓰려는 일")
    file = FileField("사업자등록증")
    term = RadioField(
        "기간",
        choices=[SelectChoice("m", "한 달씩"), SelectChoice("y", "한 해씩, 두 달 값을 덜어 드립니다")],
        validators=[validators.InputRequired("기간을 골라 주십시오.")],
    )
    agree = BooleanField(
        "이용약관과 개인정보처리방침을 읽었고 동의합니다.",
        [validators.InputRequired("동의해 주셔야 신청할 수 있습니다.")],
    )


@dataclass(frozen=True, slots=True)
class Pages:
    """As much of a page of rows as the pager asks for."""

    page: int = 3
    pages: int = 25
    total: int = 1204
    first: int = 101
    last: int = 150
    has_prev: bool = True
    has_next: bool = True
    prev_num: int = 2
    next_num: int = 4

    def iter_pages(self, **_edges: int) -> list[int | None]:
        return [1, 2, 3, 4, None, 25]


def create_gallery() -> Flask:
    """The gallery as an application: `/` signed in, `/staff`, `/public`, `/error`, `/viewer`."""
    app = Flask(__name__, root_path=str(ROOT), static_folder=str(ROOT / "static"))
    app.secret_key = "the gallery keeps no secrets"
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(ROOT / "templates"), FileSystemLoader(Path(__file__).parent / "gallery")]
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.filters.update(
        won=money.won,
        number="{:,}".format,
        date=korea.date_words,
        datetime=korea.datetime_words,
        ago=lambda instant: korea.ago_words(instant, NOW),
        labelled=tables.labelled,
        columns=tables.columns,
    )
    app.jinja_env.globals.update(asset=_asset, p=LocalProxy(lambda: app.jinja_env.get_template("parts.html").module))

    _rooms(app)
    _answers(app)
    return app


def _rooms(app: Flask) -> None:
    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    @app.get("/")
    def drawings() -> str:
        if "quiet" not in request.args:
            flash("A-201 기준층 평면도를 휴지통으로 옮겼습니다.", "undo:/undo")
        return render_template("gallery.html", **_signed_in(), **_samples())

    @app.get("/staff")
    def staff() -> str:
        return render_template("queue.html", **_signed_in(staff=True), **_samples())

    @app.get("/public")
    def public() -> str:
        return render_template("public_page.html", vendor=Supplier(), embedded=True, **_samples())

    @app.get("/error")
    def error() -> tuple[str, int]:
        values = {
            "status": 500,
            "sentence": "화면을 만들지 못했습니다.",
            "next_step": "잠시 뒤 다시 열어 주십시오.",
            "number": "7f3a-19c2",
        }
        return render_template("error.html", **values), 500

    @app.get("/viewer")
    def viewer() -> str:
        return render_template("viewer_page.html", **_signed_in(), **_drawing(request.args.get("many", 0, int)))


def _answers(app: Flask) -> None:
    @app.post("/upload")
    def upload() -> tuple[str, int]:
        names = [stored.filename for stored in request.files.getlist("files")]
        return ("받았습니다", 200) if names and "refuse" not in (names[0] or "") else ("이 파일은 열 수 없습니다.", 422)

    @app.get("/sheets/<name>")
    def sheet(name: str) -> Response:
        if name.startswith("many-"):
            return Response(sample_sheet.many(int(name.removeprefix("many-"))), mimetype="image/svg+xml")
        if name != "plan":
            return Response("없습니다", 404)
        return Response(sample_sheet.plan(), mimetype="image/svg+xml")


def _asset(name: str) -> str:
    digest = hashlib.sha256((ROOT / "static" / name).read_bytes()).hexdigest()[:8]
    return url_for("static", filename=name, v=digest)


def _signed_in(*, staff: bool = False) -> dict[str, Any]:
    customer = [
        ("도면", "drawing", 0, 0), ("찾기", "search", 0, 0), ("검토 요청", "review", 3, 0), ("공유", "share", 0, 0),
        ("사용량", "usage", 0, 1), ("청구서", "invoice", 0, 1), ("구성원", "members", 0, 2), ("설정", "settings", 0, 2),
        ("수정요청", "request", 0, 2),
    ]  # fmt: skip
    office = [
        ("업무", "inbox", 12, 0), ("체험 신청", "application", 4, 0), ("고객사", "company", 0, 0), ("월 마감", "calendar", 0, 1),
        ("수납", "money", 0, 1), ("세금계산서", "tax", 2, 1), ("파기 예정", "destroy", 1, 2), ("품질", "quality", 0, 2),
        ("시스템", "system", 0, 2),
    ]  # fmt: skip
    rows = office if staff else customer
    here = "체험 신청" if staff else "도면"
    return {
        "frame": {
            "sections": [
                {"label": label, "icon": icon, "url": "/", "count": count, "group": group, "current": label == here}
                for label, icon, count, group in rows
            ],
            "company": None if staff else LONG_NAME if "long" in request.args else "한빛종합건설",
            "person": "이도윤" if staff else LONG_NAME if "long" in request.args else "김서연",
            "staff": staff,
            "read_only": "체험이 끝나 지금은 보기만 할 수 있습니다. 이용권을 고르면 바로 이어집니다."
            if "read-only" in request.args
            else None,
            "search_url": "/search",
        },
        "embedded": True,
        "caller": Caller(),
    }


def _samples() -> dict[str, Any]:
    refused = Sample(data={"term": "m", "agree": False})
    refused.validate()
    days = [4, 6, 9, 7, 11, 16, 15, 12, 6, 5, 9, 17, 19, 17, 19, 8, 7, 13, 18, 20, 17, 17, 6]
    return {
        "now": NOW,
        "looks": LOOKS,
        "long_name": LONG_NAME if "long" in request.args else "한빛종합건설",
        "form": Sample(),
        "refused": refused,
        "pages": Pages(),
        "ages": [NOW - timedelta(minutes=12), NOW - timedelta(hours=19), NOW - timedelta(days=3)],
        "days": [
            {"label": f"11월 {day}일", "short": str(day), "value": value, "now": day == len(days)}
            for day, value in enumerate(days, 1)
        ],
        "steps": [
            {"label": "데이터베이스 만들기", "state": "done", "at": NOW - timedelta(seconds=40), "seconds": 1.2},
            {"label": "표 만들기", "state": "done", "at": NOW - timedelta(seconds=38), "seconds": 0.8},
            {"label": "견본 도면 넣기", "state": "now", "note": "4장 중 3장"},
            {"label": "안내 메일 보내기", "state": "waiting"},
        ],
        "events": [
            {
                "at": NOW - timedelta(minutes=4),
                "icon": "check",
                "tone": "green",
                "text": "체험 신청을 승인했습니다.",
                "who": "이도윤",
            },
            {
                "at": NOW - timedelta(hours=3),
                "icon": "application",
                "tone": "blue",
                "text": "체험을 신청했습니다.",
                "detail": "건설 · 80명",
            },
            {
                "at": NOW - timedelta(days=3),
                "icon": "visit",
                "text": "홈페이지에 처음 왔습니다.",
                "detail": "검색 → 소개 → 요금",
            },
        ],
    }


def _drawing(count: int = 0) -> dict[str, Any]:
    objects = [412, 188, 640, 96, 207, 24, 133]
    colours = ["currentColor", "#00ffff", "#00ff00", "#c0c0c0", "currentColor", "#ff0000", "#0000ff"]
    layers = [
        {"index": index, "name": name, "colour": colours[index], "on": True, "objects": objects[index]}
        for index, name in enumerate(sample_sheet.LAYERS)
    ]
    common = {"extents": [0, 0, 24000, 16800], "layers": layers, "units": "mm"}
    if count:
        return {"sheets": [{"name": "많은 선", "url": f"/sheets/many-{count}", **common}]}
    return {
        "sheets": [
            {"name": "모형", "url": "/sheets/plan", "note": "개체 1,508개 중 3개 표시하지 못함: 3DSOLID", **common},
            {"name": "A1 배치", "url": "/sheets/missing", **common},
            {"name": "A3 배치", "url": "", "refused": "객체가 2,000,000개를 넘습니다. 나누어 올려 주십시오.", **common},
        ],
    }


if __name__ == "__main__":
    create_gallery().run(port=int(sys.argv[1]), threaded=True)
