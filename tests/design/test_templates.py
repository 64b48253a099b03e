"""What every template of the product promises: nothing inline, nothing from elsewhere, every picture and field named."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.DOTALL)
VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)

FORBIDDEN = {
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an inline handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"hx-on\b"),
    "js: or javascript:": re.compile(r"[\"'\s](?:js|javascript):", re.IGNORECASE),
    "a trigger filter, which needs eval": re.compile(r"hx-trigger=\"(?:[^\"]*,)?\s*[\w:.-]+\["),
    "a script in the page": re.compile(r"<script\b(?![^>]*\bsrc\s*=)", re.IGNORECASE),
    "something loaded from elsewhere": re.compile(
        r"<(?:script|img|link|iframe|source|use|video|audio)\b[^>]*\b(?:src|href|srcset)\s*=\s*[\"'](?:https?:)?//",
        re.IGNORECASE,
    ),
    "htmx of version 2": re.compile(r"hx-(?:disabled-elt|vars|params|disinherit|ext|history-elt|prompt)\b"),
}


class Page(HTMLParser):
    """Collects what a page forgot: pictures without alt, fields without a name for them, buttons without a type."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self._labelled: set[str] = set()
        self._fields: list[tuple[str, dict[str, str | None]]] = []
        self._in_label = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and "alt" not in given:
            self.problems.append(f"img without alt: {given}")
        if tag == "label":
            self._in_label += 1
            self._labelled.add(given.get("for") or "")
        if tag == "button" and "type" not in given and "form" not in given:
            self._fields.append((tag, given))
        if tag in {"input", "select", "textarea"} and given.get("type") not in {"hidden", "submit", "button"}:
            named = {"aria-label", "aria-labelledby", "aria-hidden"} & given.keys() or self._in_label
            if not named:
                self._fields.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._in_label -= 1

    def forgotten(self) -> list[str]:
        for tag, given in self._fields:
            if tag == "button":
                self.problems.append(f"button without type: {given}")
            elif not given.get("id") or given["id"] not in self._labelled:
                self.problems.append(f"field without a label: {given}")
        return self.problems


def problems_of(text: str) -> list[str]:
    plain = JINJA.sub("", text)
    bare = VALUE.sub("value", plain)
    found = [
        f"{what}: {match.group(0).strip()[:80]}" for what, wrong in FORBIDDEN.items() for match in wrong.finditer(bare)
    ]
    page = Page()
    page.feed(bare)
    return found + page.forgotten()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_keeps_the_promises(template: Path) -> None:
    assert problems_of(template.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color: red">빨강</p>',
        '<button type="button" onclick="go()">가기</button>',
        '<div hx-on:click="go()"></div>',
        "<div hx-vals='js:{a: 1}'></div>",
        '<a href="javascript:go()">가기</a>',
        "<script>go()</script>",
        '<script src="https://elsewhere.example/x.js"></script>',
        '<link rel="stylesheet" href="//elsewhere.example/x.css">',
        '<img src="/a.svg">',
        '<input name="q">',
        '<label for="other">찾기</label><input id="q" name="q">',
        '<button name="x">가기</button>',
        '<div hx-trigger="keyup[ctrlKey]"></div>',
        '<div hx-disabled-elt="this"></div>',
    ],
)
def test_a_broken_promise_is_seen(text: str) -> None:
    assert problems_of(text)


@pytest.mark.parametrize(
    "text",
    [
        '<label for="q">찾기</label><input id="q" name="q">',
        '<label>찾기 <input name="q"></label>',
        '<a href="https://www.hometax.go.kr" rel="noopener">홈택스</a>',
        '<img src="/a.svg" alt="">',
        '{# style="x" #}<p>{{ "onclick=1" }}</p>',
    ],
)
def test_what_is_allowed_stays_allowed(text: str) -> None:
    assert problems_of(text) == []


def test_every_icon_a_template_names_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static" / "icons.svg").read_text(encoding="utf-8")))
    named = {
        (template.name, name)
        for template in TEMPLATES
        for name in re.findall(r"\bicon(?:_name)?\(?=?\s*'([a-z-]+)'", template.read_text(encoding="utf-8"))
    }
    assert named
    assert {pair for pair in named if pair[1] not in drawn} == set()


def test_static_code_loads_nothing_from_elsewhere() -> None:
    own = [
        path for path in (ROOT / "static").rglob("*") if path.suffix in {".css", ".js"} and "vendor" not in path.parts
    ]
    assert own
    for path in own:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:url\(|import\s+[^;]*from\s+|fetch\()\s*[\"']?(?:https?:)?//", text), path
        assert "eval(" not in text, path
