"""Views are htmx-blind: the same answer whole, or as the block that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from jinja2 import ChoiceLoader, DictLoader

from portal.core import assets
from portal.core.assets import asset
from portal.core.gate import access
from portal.core.page import file_size, page, see_other
from tests.engines import wait_for

TEMPLATE = """<html>{% block title %}T{% endblock %}{% block two_words %}<div id="two-words">{{ word }}</div>{% endblock %}</html>"""


@pytest.fixture
def client(core_app: Flask) -> Iterator[FlaskClient]:
    core_app.jinja_loader = ChoiceLoader([core_app.jinja_loader, DictLoader({"t.html": TEMPLATE})])  # type: ignore[list-item]

    @core_app.get("/page")
    @access("public")
    def shown() -> object:
        return page("t.html", word="낱말")

    @core_app.post("/done")
    @access("public")
    def done() -> object:
        return see_other("/page", "다 되었습니다.")

    return core_app.test_client()


@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        ({}, True),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Target": "div#two-words"}, False),
        ({"HX-Request": "true", "HX-Target": "two-words"}, False),
        ({"HX-Request": "true", "HX-Target": "div#absent"}, True),
        ({"HX-Request": "true", "HX-Target": "div#title"}, True),
        ({"HX-Request": "true", "HX-Target": "div#content"}, True),
        ({"HX-Request": "true", "HX-Target": "div#two-words", "HX-Request-Type": "full"}, True),
        ({"HX-Request": "true", "HX-Target": "div#two-words", "HX-History-Restore-Request": "true"}, True),
        ({"HX-Target": "div#two-words"}, True),
    ],
)
def test_the_block_that_was_asked_for_comes_alone(client: FlaskClient, headers: dict[str, str], whole: bool) -> None:
    answer = client.get("/page", headers=headers)
    assert ("<html>" in answer.text) == whole
    assert "낱말" in answer.text
    assert {"HX-Request", "HX-Target"} <= set(answer.vary)


def test_a_post_is_answered_by_another_page(client: FlaskClient) -> None:
    answer = client.post("/done")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page")


def test_a_static_file_is_kept_for_ever_under_its_own_digest_only(core_app: Flask) -> None:
    with core_app.test_request_context():
        url = asset("favicon.svg")
        assert render_template_string("{{ asset('favicon.svg') }}") == url
    client = core_app.test_client()
    assert "immutable" in client.get(url, buffered=True).headers["Cache-Control"]
    assert "immutable" not in client.get("/static/favicon.svg?v=000000000000", buffered=True).headers["Cache-Control"]
    assert Path(core_app.static_folder or "", "favicon.svg").is_file()


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (812, "812 B"), (1536, "1.5 KB"), (200 * 1024, "200 KB"), (5 * 1024**3, "5.0 GB")]
)
def test_sizes_are_words(count: int, words: str) -> None:
    assert file_size(count) == words


def test_what_a_stylesheet_brings_is_kept_for_ever_too(core_app: Flask) -> None:
    """Letters are named by their digests, or every page would ask for them anew."""
    found = [
        (sheet.parent / place, digest)
        for sheet in Path(core_app.static_folder or "", "css").glob("*.css")
        for place, _, digest in (name.partition("?v=") for name in re.findall(r'url\("([^"]+)"\)', sheet.read_text()))
    ]
    assert len(found) > 2
    with core_app.test_request_context():
        for file, digest in found:
            name = file.resolve().relative_to(core_app.static_folder or "")
            assert asset(str(name)).endswith(f"?v={digest}"), name


def test_a_changed_file_has_a_new_address_a_second_later(
    core_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core_app.static_folder = str(tmp_path)
    file = tmp_path / "a.css"
    file.write_text("a {}")
    with core_app.test_request_context():
        first = asset("a.css")
        file.write_text("b {} b {}")
        assert asset("a.css") == first, "the disk is not looked at for each page"
        monkeypatch.setattr(assets, "LOOKED_AT", 0.0)
        wait_for(lambda: asset("a.css") != first, "the new file is known", 3)
