"""Every route by every method, by everybody, with own, foreign and absent ids: nothing leaks, nothing changes on refusal.

What each route lets in is read from its declaration; what comes out is judged by words that exist in one company only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.core import gate
from tests.house.cast import CANARY, OTHER_MEMBERS, OTHER_STAFF, House, Watch, hire

PEOPLE = ("nobody", "alice", "bob", "charlie", "rita", "bill")
#: One of each role that is left. Theirs is a shorter walk: with ids that both companies have.
OTHERS = (*OTHER_MEMBERS, *OTHER_STAFF)
#: Of support, and in company A by a grant: she may look.
VISITING = "vera"
COMPANY = {"alice": "a", "bob": "a", "charlie": "b", VISITING: "a"} | dict.fromkeys(OTHER_MEMBERS, "a")
ROLE = {"alice": "owner", "bob": "viewer", "charlie": "owner", VISITING: "viewer"} | OTHER_MEMBERS
STAFF = {"rita": "reviewer", "bill": "billing"} | OTHER_STAFF
#: In both companies; in Charlie's only; nowhere.
SHARED, BRAVO_ONLY, ABSENT = 1, 2, 987_654
NO_SUCH_TOKEN = "A" * 43
#: Answers that differ by what they are about, not by whether it is there: the mock of the outside world.
NOT_OURS = ("/sandbox/",)


@dataclass(frozen=True)
class Call:
    rule: str
    method: str
    url: str
    access: gate.Access
    number: int | None

    def admits(self, who: str) -> bool:
        kind, roles = self.access.kind, self.access.roles
        if kind in {"public", "signed-link", "webhook"}:  # a webhook is taken from anybody, and never believed
            return True
        if kind == "person":
            return who != "nobody"
        if kind == "member":
            may = who in ROLE and (not roles or ROLE[who] in roles)
            return may and (who != VISITING or self.method == "GET")
        if kind == "staff":
            return who in STAFF and (not roles or STAFF[who] in roles)
        return False


def seen(answer: TestResponse) -> str:
    """What an answer says, also one that is no text."""
    return answer.get_data().decode("utf-8", "replace")


def calls(house: House) -> Iterator[Call]:
    with house.app.app_context():
        for rule in house.app.url_map.iter_rules():
            if rule.rule.startswith(NOT_OURS):
                continue
            access = gate.access_of(house.app, rule.endpoint)
            assert access is not None, rule
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                for number in (SHARED, BRAVO_ONLY, ABSENT) if "int" in kinds(rule) else (None,):
                    yield Call(rule.rule, method, url_of(rule, number), access, number)


def kinds(rule: Rule) -> set[str]:
    return set(re.findall(r"<(\w+):", rule.rule))


def url_of(rule: Rule, number: int | None) -> str:
    url = re.sub(r"<int:\w+>", str(number), rule.rule)
    url = re.sub(r"<path:\w+>", "css/base.css", url)
    return re.sub(r"<\w+>", NO_SUCH_TOKEN, url)


def send(client: FlaskClient, call: Call) -> TestResponse:
    return client.open(
        call.url, method=call.method, data={"name": "새 이름"} if call.method != "GET" else None, buffered=True
    )


def leaks(text: str, who: str) -> bool:
    """Whether a text holds words of a company that `who` does not belong to; staff belong to none."""
    return any(word in text for company, word in CANARY.items() if COMPANY.get(who) != company)


@pytest.fixture(scope="module", autouse=True)
def everybody(house: House) -> None:
    hire(house)


@pytest.mark.parametrize("who", [*PEOPLE, *OTHERS])
def test_nothing_leaks_and_nothing_changes_on_refusal(house: House, who: str) -> None:
    client = house.client(who)
    watch = Watch(house)
    wrong: list[str] = []
    for call in calls(house):
        if who in OTHERS and call.number not in {None, SHARED}:
            continue
        if call.admits(who) and call.method != "GET":
            continue  # what is granted may change things; its limits are the next test's
        watch.changed()
        answer = send(client, call)
        shown = seen(answer) + json.dumps(dict(answer.headers))
        told = f"{call.method} {call.url} -> {answer.status_code}"
        if leaks(shown, who):
            wrong.append(f"leak: {told}")
        if answer.status_code >= 500:
            wrong.append(f"error: {told}")
        if not call.admits(who):
            if answer.status_code not in {303, 401, 403, 404}:
                wrong.append(f"let in: {told}")
            if answer.status_code == 303 and "/sign-in" not in answer.headers["Location"]:
                wrong.append(f"sent on: {told}")
            if watch.changed():
                wrong.append(f"changed: {told}")
    watch.close()
    assert wrong == []


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_what_is_anothers_and_what_is_not_there_answer_alike(house: House, who: str) -> None:
    """Alice's company has no drawing 2; Charlie's has. To her it must be as absent as 987654, and stay untouched."""
    client = house.client(who)
    watch = Watch(house)
    wrong: list[str] = []
    found = list(calls(house))
    for call in found:
        if (
            call.access.kind != "member"
            or call.number != BRAVO_ONLY
            or not call.admits(who)
            or "/companies/" in call.rule
        ):
            continue
        if "/members/" in call.rule:
            continue  # members are rows of the platform; the test below has them
        absent = next(
            other for other in found if (other.rule, other.method, other.number) == (call.rule, call.method, ABSENT)
        )
        watch.changed()
        foreign_answer, absent_answer = send(client, call), send(client, absent)
        if foreign_answer.status_code != absent_answer.status_code:
            wrong.append(
                f"{call.method} {call.url}: {foreign_answer.status_code} but absent {absent_answer.status_code}"
            )
        elif seen(foreign_answer).replace(call.url, "") != seen(absent_answer).replace(absent.url, ""):
            wrong.append(f"{call.method} {call.url}: another text than for the absent one")
        if watch.changed():
            wrong.append(f"{call.method} {call.url}: changed something")
    watch.close()
    assert wrong == []


def test_a_tenant_named_by_the_caller_is_ignored(house: House) -> None:
    """The company comes from the session, whatever a request says of it."""
    client = house.client("alice")
    foreign = str(house.tenants["b"])
    for extra in ({"tenant": foreign}, {"tenant_id": foreign}, {"company": foreign}):
        answer = client.get("/drawings", query_string=extra, headers={"X-Tenant": foreign})
        assert answer.status_code == 200
        assert CANARY["b"] not in seen(answer)
        assert CANARY["a"] in seen(answer)


def test_every_signed_in_page_is_kept_by_nobody(house: House) -> None:
    client = house.client("alice")
    for url in ("/drawings", "/me", "/members", "/company"):
        assert client.get(url).headers["Cache-Control"] == "no-store", url


def test_no_page_changes_anything_by_being_looked_at(house: House) -> None:
    for who in ("alice", "rita"):
        client = house.client(who)
        for call in calls(house):  # the first look may note that the device is in use
            if call.method == "GET" and call.admits(who) and call.access.kind in {"member", "staff", "person"}:
                send(client, call)
        watch = Watch(house)
        changed = []
        for call in calls(house):
            if call.method != "GET" or not call.admits(who) or call.access.kind not in {"member", "staff", "person"}:
                continue
            send(client, call)
            if watch.changed() and not call.rule.endswith(
                ("/file", ".zip")
            ):  # a download leaves its line in the company's log
                changed.append(call.url)
        watch.close()
        assert changed == []
