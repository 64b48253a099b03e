"""Pages and their fragments: views do not know which was asked for.

A fragment is a named block of its page; `page()` answers with the block named in HX-Target, or with the whole page. A
POST answers `see_other`, a bad form `page(..., status=422)`, with and without JavaScript alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from htmx_flask import request as htmx_request
from jinja2_fragments.flask import render_block
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response as BaseResponse

from portal.core import assets, clock, korea, money, tables
from portal.core.assets import asset
from portal.core.gate import Caller, caller, may_open
from portal.core.settings import settings

#: Pages lie in these. A block of theirs leans on what is around it: nobody asks for one alone, and whoever does gets the page.
FRAMES = ("base.html", "frame.html", "public.html")


@dataclass(frozen=True, slots=True)
class Section:
    """A line of the rail. `count` gives the number beside it for a caller; `roles` empty means all; `also` names the
    addresses of its pages that do not lie below its own; `first` puts it before the others of its group.
    """

    label: str
    icon: str
    endpoint: str
    staff: bool = False
    roles: frozenset[str] = frozenset()
    group: int = 0
    first: bool = False
    count: Callable[[Caller], int] | None = None
    also: tuple[str, ...] = ()

    def shown_to(self, who: Caller) -> bool:
        if self.staff:
            return bool(who.staff_roles) and (not self.roles or bool(self.roles & who.staff_roles))
        return bool(who.role) and (not self.roles or who.role in self.roles)


def page(template: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - any value that JSON, a template or a library may hold
    """The page, or the block of it that HX-Target names (`section#queue` or `queue` -> block `queue`)."""
    block = _wanted_block(template)
    body = render_block(template, block, **values) if block else render_template(template, **values)
    response = make_response(body, status)
    response.vary.add("HX-Request")
    response.vary.add("HX-Target")
    return response


def see_other(url: str, notice: str = "") -> BaseResponse:
    """Answer a POST: 303 to a page that shows what came of it, with a notice to read there."""
    if notice:
        flash(notice)
    return redirect(url, 303)


def _wanted_block(template: str) -> str | None:
    asked = htmx_request.htmx
    if not asked or asked.history_restore_request or request.headers.get("HX-Request-Type") == "full":
        return None
    block = (asked.target or "").rpartition("#")[2].replace("-", "_")
    templates = current_app.jinja_env
    if block in templates.get_template(template).blocks and not any(
        block in templates.get_template(around).blocks for around in FRAMES
    ):
        return block
    return None


def _frame(sections: list[Section], searches: list[Section]) -> dict[str, Any]:
    """What frame.html shows around a page: the rail, the company, the person."""
    who = caller()
    on_staff_side = _below("/staff") or (who.staff and not who.role)
    shown = [section for section in sections if section.staff == on_staff_side and _open_to(who, section)]
    here = _section_of(shown)
    lines = [
        {
            "label": section.label,
            "icon": section.icon,
            "url": url_for(section.endpoint),
            "count": section.count(who) if section.count else 0,
            "current": url_for(section.endpoint) == here,
            "group": section.group,
        }
        for section in shown
    ]
    return {
        "sections": lines,
        "company": who.tenant_name,
        "person": who.person_name,
        "home_url": "/staff" if on_staff_side else "/start",
        "staff": on_staff_side,
        "companies_url": "/companies" if who.companies > 1 else None,
        "read_only": who.read_only or None,
        "trial_ends_on": who.trial_ends_on,
        "search_url": next(
            (url_for(one.endpoint) for one in searches if one.staff == on_staff_side and _open_to(who, one)), None
        ),
    }


def _open_to(who: Caller, section: Section) -> bool:
    """A company that may not enter any more is shown the few pages that are left to it."""
    return section.shown_to(who) and (not who.closed or may_open(section.endpoint))


def _section_of(shown: list[Section]) -> str:
    """Where the rail says we are: the section that the page lies below. What lies below no other is not the home."""
    places = {url: url_for(one.endpoint) for one in shown for url in (url_for(one.endpoint), *one.also)}
    above = [url for url in places if _below(url) and (url != "/staff" or request.path == url)]
    return places[max(above, key=len)] if above else ""


def _below(url: str) -> bool:
    return request.path == url or request.path.startswith(url.rstrip("/") + "/")


def init_app(app: Flask, sections: list[Section], searches: list[Section]) -> None:
    sections = sorted(sections, key=lambda section: (section.group, not section.first))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.filters.update(
        won=money.won,
        number="{:,}".format,
        date=korea.date_words,
        datetime=korea.datetime_words,
        moment=korea.moment_words,
        ago=lambda instant: korea.ago_words(instant, clock.now()),
        filesize=file_size,
        phone=korea.phone_words,
        brn=korea.business_number_words,
        particle=korea.particle,
        card_number=korea.card_words,
        labelled=tables.labelled,
        columns=tables.columns,
    )
    # A block rendered alone does not run its template's top level, where an import would stand: the parts are global.
    parts = LocalProxy(lambda: app.jinja_env.get_template("parts.html").module)
    app.jinja_env.globals.update(asset=asset, p=parts)

    assets.init_app(app)

    @app.context_processor
    def surroundings() -> dict[str, Any]:
        return {
            "vendor": settings().supplier,
            "embedded": settings().embedded,
            "caller": caller(),
            "now": LocalProxy(clock.now),  # asked for only by pages that show time: the error page needs no database
            "frame": _LazyFrame(sections, searches),
        }


class _LazyFrame:
    """The frame, worked out only by pages that show one: counting badges asks the database."""

    def __init__(self, sections: list[Section], searches: list[Section]) -> None:
        self._lines = sections, searches
        self._values: dict[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any value that JSON, a template or a library may hold
        if self._values is None:
            self._values = _frame(*self._lines)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None


def file_size(count: int) -> str:
    """Bytes in words a person reads: 812 B, 1.3 MB."""
    size = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":  # noqa: PLR2004
            return f"{size:,.0f} {unit}" if unit == "B" or size >= 100 else f"{size:,.1f} {unit}"  # noqa: PLR2004
        size /= 1024
    raise AssertionError
