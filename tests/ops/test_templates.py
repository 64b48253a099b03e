"""No template holds what the content security policy would refuse, or what htmx would have to evaluate."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
EVALUATED = re.compile(r"^\s*(js|javascript):", re.IGNORECASE)
#: `click[ctrlKey]` is evaluated; the brackets of a selector after `from:` are not.
TRIGGER_FILTER = re.compile(r"(?:^|,)\s*[\w:.-]+\[")


class Lint(HTMLParser):
    """Collects (line, fault) of one template."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[tuple[int, str]] = []

    def fault(self, what: str) -> None:
        self.faults.append((self.getpos()[0], what))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "style":
            self.fault("inline style sheet")
        if tag == "script" and "src" not in named and named.get("type") not in {"application/json", "importmap"}:
            self.fault("inline script")
        for name, value in attrs:
            if name == "style":
                self.fault("style attribute")
            elif name.startswith("on"):
                self.fault(f"{name} attribute")
            elif name.removeprefix("data-").startswith("hx-on"):
                self.fault("hx-on")
            elif value and EVALUATED.match(value):
                self.fault(f"evaluated value in {name}")
            elif name.removeprefix("data-") == "hx-trigger" and value and TRIGGER_FILTER.search(value):
                self.fault("hx-trigger with a filter, which htmx evaluates")


def faults(source: str) -> list[tuple[int, str]]:
    """(line, fault) of a template's source. What Jinja writes is left out, the lines stay where they are."""
    lint = Lint()
    lint.feed(JINJA.sub(lambda found: "x" + "\n" * found[0].count("\n"), source))
    return lint.faults


def templates() -> list[Path]:
    return sorted(path for top in ("templates", "portal") for path in (ROOT / top).rglob("*.html"))


def test_there_are_templates_to_look_at() -> None:
    assert len(templates()) > 5


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_template_holds_nothing_inline(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("source", [
    "<style>p {}</style>", "<script>go()</script>", '<p style="color: red">', '<a onclick="go()">', '<p hx-on:click="go()">',
    '<a href="javascript:go()">', "<p hx-vals='js:{a: 1}'>", '<p hx-trigger="click[ctrlKey==true]">', '<p data-hx-on="x">',
])  # fmt: skip
def test_the_lint_finds_what_it_is_for(source: str) -> None:
    assert faults(f"{{% block content %}}\n{source}") != []


def test_the_lint_lets_what_is_allowed_pass() -> None:
    assert faults("<form hx-trigger=\"submit, input delay:1s from:find input[type='search']\">") == []
    assert faults('<script src="{{ url }}" type="module"></script><p hx-get="/a" hx-trigger="load delay:1s">') == []
