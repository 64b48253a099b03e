"""The door for build servers: reports of one build come in, and the answer says what they opened, reopened and closed."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from portal.core.errors import Refusal
from portal.core.gate import access, key_holder
from portal.core.korea import particle
from portal.quality import service
from portal.quality.builds import BuildFacts, Sent
from portal.quality.rules import tidy_name

quality_api = Blueprint("quality_api", __name__, url_prefix="/api/v1")
LARGEST_REQUEST = 96 * 1024 * 1024
MOST_FILES = 400
MOST_AUTHORS = 50
LARGEST_NUMBER = 2_147_483_647
#: Longest value kept of each text of `build`.
LONGEST = {"job": 200, "commit": 64, "branch": 200, "platform": 80, "url": 500}


@quality_api.post("/test-reports")
@access("key", roles={"reports"}, largest=LARGEST_REQUEST)
def test_reports() -> Response:
    """multipart: `build` (JSON) and one or more `report` (JUnit XML, plain or gzip)."""
    facts = _facts(_build_text())
    sent = _sent()
    answer = service.take_in(key_holder(), facts, sent)
    counts = answer.counts
    return jsonify(
        build=answer.build_id,
        counts={
            "tests": counts.tests,
            "failures": counts.failures,
            "errors": counts.errors,
            "skipped": counts.skipped,
        },
        files=[{"name": name, "ok": error is None, "error": error} for name, error in answer.files],
        opened=answer.opened,
        reopened=answer.reopened,
        closed=answer.closed,
    )


def _build_text() -> str:
    """The `build` part, as a field or as a file of its own."""
    text = request.form.get("build")
    if text is None and "build" in request.files:
        text = request.files["build"].read(1024 * 1024).decode("utf-8", "replace")
    if text is None:
        raise _wrong("build가 없습니다.", "빌드를 설명하는 JSON을 build라는 이름으로 보내 주십시오.")
    return text


def _sent() -> list[Sent]:
    files = request.files.getlist("report")
    texts = request.form.getlist("report")
    if not files and not texts:
        raise _wrong("report가 없습니다.", "JUnit XML 파일을 report라는 이름으로 하나 이상 보내 주십시오.")
    if len(files) + len(texts) > MOST_FILES:
        raise _wrong(f"파일이 너무 많습니다. 한 번에 {MOST_FILES}개까지 받습니다.", "나누어 보내 주십시오.")
    sent = [Sent(file.filename or "report.xml", file.stream.read()) for file in files]
    return sent + [Sent("report.xml", text.encode("utf-8", "replace")) for text in texts]


def _facts(text: str) -> BuildFacts:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong("build를 JSON으로 읽을 수 없습니다.", "JSON 객체 하나를 보내 주십시오.") from None
    if not isinstance(told, dict):
        raise _wrong("build가 JSON 객체가 아닙니다.", "job과 number가 든 객체를 보내 주십시오.")
    texts = {name: _text(told, name) for name in LONGEST}
    if not texts["job"]:
        raise _wrong("build에 job이 없습니다.", "작업 이름을 job에 적어 주십시오.")
    if texts["url"] and not texts["url"].startswith(("http://", "https://")):
        texts["url"] = ""
    return BuildFacts(**texts, number=_number(told), authors=_authors(told), complete=told.get("complete") is not False)


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(f"build의 {name}{particle(name, '이/가')} 글자가 아닙니다.", "글자로 보내 주십시오.")
    return tidy_name(value)[: LONGEST[name]]


def _number(told: dict[str, Any]) -> int:
    value = told.get("number")
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(LARGEST_NUMBER)):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise _wrong("build의 number가 빌드 번호가 아닙니다.", "0 이상의 정수를 보내 주십시오.")
    return value


def _authors(told: dict[str, Any]) -> tuple[str, ...]:
    """Mail addresses, or names with one in angle brackets; anything else is left out."""
    value = told.get("authors") or []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise _wrong("build의 authors가 목록이 아닙니다.", "메일 주소의 목록을 보내 주십시오.")
    found: list[str] = []
    for one in value[:MOST_AUTHORS]:
        if isinstance(one, str):
            address = tidy_name(one).rpartition("<")[2].rstrip("> ").lower()[:254]
            if "@" in address and address not in found:
                found.append(address)
    return tuple(found)


def _wrong(message: str, next_step: str) -> Refusal:
    return Refusal(message, next_step, 422)
