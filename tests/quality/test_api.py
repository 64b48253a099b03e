"""The door for build servers, and what knocks at it with bad manners."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from sqlalchemy import func, select

from portal.core.db import db, write
from portal.quality import builds as reading
from portal.quality import service
from portal.quality.models import Build
from portal.tenants import keys
from tests.quality.conftest import Builds, junit
from tests.quality.test_junit import HOSTILE
from tests.quality.world import company

URL = "/api/v1/test-reports"


def count(builds: Builds) -> int:
    with builds.office.at_work():
        return db.session.scalar(select(func.count()).select_from(Build)) or 0


def post(builds: Builds, **data: object) -> int:
    headers = {"Authorization": f"Bearer {builds.key}"}
    return builds.office.client().post(URL, data=data, headers=headers).status_code


def test_every_hostile_file_is_named_with_its_reason_and_the_good_ones_beside_are_kept(builds: Builds) -> None:
    files = [(f"{name}.xml", body) for name, body in HOSTILE.items()]
    answer = builds.send(*files, ("good.xml", junit("-test_vat", "+test_won")))
    assert answer.status_code == 200
    body = answer.get_json()
    assert [file["ok"] for file in body["files"]] == [False] * len(files) + [True]
    assert all(file["error"] for file in body["files"][:-1])
    assert body["counts"] == {"tests": 2, "failures": 1, "errors": 0, "skipped": 0}
    assert len(body["opened"]) == 1
    with builds.office.at_work():
        assert db.session.get_one(Build, body["build"]).complete is False


NO_BUILD = (
    "", "{", "[]", "null", "[" * 100_000, '{"job": "a"}', '{"number": 1}', '{"job": 7, "number": 1}',
    '{"job": "a", "number": -1}', '{"job": "a", "number": 1e400}', '{"job": "a", "number": true}',
    '{"job": "a", "number": 99999999999999999999}', '{"job": "a", "number": 1, "authors": {"a": 1}}',
    '{"job": "\\u0000\\u202e ", "number": 1}',
)  # fmt: skip


def test_a_build_that_cannot_be_understood_is_refused_and_leaves_nothing(builds: Builds) -> None:
    answers = {build[:60]: post(builds, build=build, report=(BytesIO(junit("-a")), "a.xml")) for build in NO_BUILD}
    assert answers == {build[:60]: 422 for build in NO_BUILD}
    assert count(builds) == 0


def test_odd_words_of_a_build_are_taken_with_care(builds: Builds) -> None:
    told = {
        "job": "일\ud800감\x00",
        "number": "7",
        "url": "javascript:alert(1)",
        "branch": None,
        "authors": "a@b.example,x",
    }
    file = ("../../\x00etc/passwd", junit("-테스트"))
    body = builds.send(file, **told).get_json()
    assert body["files"][0]["name"] == "passwd"
    with builds.office.at_work():
        build = db.session.get_one(Build, body["build"])
        assert (build.job.name, build.number, build.url, build.authors) == ("일감", 7, "", ["a@b.example"])


def test_build_may_come_as_a_file_and_a_report_as_a_field(builds: Builds) -> None:
    build = (BytesIO(json.dumps({"job": "a", "number": 1}).encode()), "build.json")
    assert post(builds, build=build, report=junit("+a").decode()) == 200


def test_without_build_report_or_key_nothing_is_taken(builds: Builds) -> None:
    report = (BytesIO(junit("+a")), "a.xml")
    assert post(builds, report=report) == 422
    assert post(builds, build='{"job": "a", "number": 1}') == 422
    keyless = builds.office.client().post(URL)
    assert (keyless.status_code, "열쇠" in keyless.get_json()["error"]) == (401, True)
    with builds.office.at_work(), write() as session:
        _key, usage = keys.create(session, "usage", tenant_id=None, label="", by="test")
    builds.key = usage
    assert post(builds, build="{}", report=(BytesIO(junit("+a")), "a.xml")) == 403
    assert count(builds) == 0


def test_a_key_of_one_company_does_not_reach_the_builds_of_the_house(builds: Builds) -> None:
    first = builds.report("-a")
    with builds.office.at_work(), write() as session:
        tenant_id = company(session)
        _key, builds.key = keys.create(session, "reports", tenant_id=tenant_id, label="", by="test")
    second = builds.report("-a", number=1)
    assert first["build"] != second["build"]
    assert first["opened"] != second["opened"]


def test_one_request_costs_only_so_much(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CASES", 3)
    monkeypatch.setattr(service, "MOST_KEPT", 2)
    body = builds.send(junit("-a", "-b", "-c", "-d"), junit("+e")).get_json()
    assert [file["ok"] for file in body["files"]] == [True, False]
    assert body["counts"]["failures"] == 4
    assert len(body["opened"]) == 2
    assert builds.send(junit("+e"), number=1).get_json()["files"][0]["ok"]
