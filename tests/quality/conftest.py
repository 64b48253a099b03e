"""Tests of quality send reports over HTTP with a real key; the people are those of the office, and developers."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.accounts import service as accounts
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.quality.models import Item
from portal.tenants import keys
from tests.desk.office import Office, office

__all__ = ["office"]

#: Public reports, where they are beside the project or JUNIT_CORPUS names them; without them the extra is not collected.
CORPUS = Path(os.environ.get("JUNIT_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "data" / "junit")
collect_ignore = [] if (CORPUS / "MANIFEST.tsv").is_file() else ["test_corpus.py"]


@dataclass
class Builds:
    """A build server with its key."""

    office: Office
    key: str
    number: int = 0

    def send(self, *files: bytes | tuple[str, bytes], **told: object) -> TestResponse:
        """POST reports of a build; its number is one more than the last unless told."""
        if "number" not in told:
            self.number += 1
        build: dict[str, object] = {
            "job": "planroom",
            "number": self.number,
            "branch": "main",
            "platform": "linux",
        } | told
        named = [file if isinstance(file, tuple) else (f"TEST-{n}.xml", file) for n, file in enumerate(files)]
        data = {"build": json.dumps(build), "report": [(io.BytesIO(body), name) for name, body in named]}
        return self.office.client().post(
            "/api/v1/test-reports", data=data, headers={"Authorization": f"Bearer {self.key}"}
        )

    def report(self, *cases: str, **told: object) -> dict[str, Any]:
        """The answer to one file with these cases ("+a" passed, "-a" failed, "~a" skipped)."""
        answer = self.send(junit(*cases), **told)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.get_json()
        return body

    def item(self, item_id: int) -> Item:
        row = db.session.get_one(Item, item_id)
        db.session.refresh(row)
        return row


def junit(*cases: str, suite: str = "tests", klass: str = "tests.test_money", message: str = "assert 3 == 4") -> bytes:
    """A report; "-name:message" fails with a message of its own."""
    lines = []
    for case in cases:
        name, _, own = case[1:].partition(":")
        inside = {"+": "", "~": "<skipped/>", "-": f'<failure type="AssertionError" message="{own or message}"/>'}
        lines.append(f'<testcase classname="{klass}" name="{name}">{inside[case[0]]}</testcase>')
    return f'<testsuite name="{suite}">{"".join(lines)}</testsuite>'.encode()


@pytest.fixture
def builds(office: Office) -> Builds:
    with office.at_work(), write() as session:
        for name in ("dana", "dave"):
            person = accounts.ensure_person(session, email=f"{name}@planroom.example", name=name.title())
            person.staff_roles = ["developer"]
            office.people[name] = Caller(person.id, person.name, person.email, staff_roles=frozenset({"developer"}))
        _key, secret = keys.create(session, "reports", tenant_id=None, label="Jenkins", by="test")
    return Builds(office, secret)
