"""The staff's pages of quality, with and without htmx's headers."""

from __future__ import annotations

from tests.quality.conftest import Builds

URL = "/staff/quality"


def test_the_board_shows_what_fails_who_has_it_and_the_builds(builds: Builds) -> None:
    client = builds.office.client("dana")
    assert "지금 실패하는 시험이 없습니다." in client.get(URL).text
    builds.report("-test_vat", "+b", authors=["dana@planroom.example"])
    text = client.get(URL).text
    for words in ("test_vat", "Dana", "planroom #1", "신규", "실패 1건"):
        assert words in text, words
    headers = {"HX-Request": "true", "HX-Target": "section#failures"}
    part = client.get(f"{URL}?show=resolved", headers=headers).text
    assert "<html" not in part
    assert "여기에 해당하는 실패가 없습니다." in part
    assert "test_vat" in client.get(f"{URL}?owner={builds.office.people['dana'].person_id}").text
    assert "test_vat" not in client.get(f"{URL}?owner=none&page=9999999999").text


def test_an_item_tells_its_story_and_is_moved_by_its_buttons(builds: Builds) -> None:
    (item_id,) = builds.report(
        "-test_vat", authors=["dana@planroom.example"], url="https://ci.example/job/1", commit="abcdef0123456789"
    )["opened"]
    client, url = builds.office.client("dana"), f"{URL}/items/{item_id}"
    text = client.get(url).text
    for words in (
        "왜 나에게?",
        "변경을 만들었습니다",
        "assert 3 == 4",
        "https://ci.example/job/1/console",
        "abcdef012345",
    ):
        assert words in text, words
    assert client.post(f"{url}/quarantine", data={"reason": "", "days": "40"}).status_code == 422
    for verb, data, word in (
        ("begin", {}, "진행"),
        ("assign", {"person": builds.office.people["dave"].person_id}, "Dave"),
        ("quarantine", {"reason": "기다립니다", "days": "7"}, "격리"),
        ("reopen", {}, "신규"),
        ("resolve", {}, "해결"),
        ("reopen", {}, "신규"),
        ("archive", {}, "무시"),
    ):
        assert client.post(f"{url}/{verb}", data=data).status_code == 303, verb
        assert word in client.get(url).text
    assert client.post(f"{url}/begin").status_code == 409
    assert client.post(f"{url}/assign", data={"person": builds.office.people["charlie"].person_id}).status_code == 422
    assert client.get(f"{URL}/items/987654").status_code == 404


def test_rules_are_added_moved_and_removed_on_their_page(builds: Builds) -> None:
    client, dave = builds.office.client("dana"), builds.office.people["dave"].person_id
    assert client.post(f"{URL}/rules", data={"pattern": "", "owner": dave}).status_code == 422
    for pattern in ("tests/billing/", "@build"):
        assert client.post(f"{URL}/rules", data={"pattern": pattern, "owner": dave}).status_code == 303
    assert client.post(f"{URL}/rules/2/move", data={"to": "up"}).status_code == 303
    text = client.get(f"{URL}/rules").text
    assert text.index("<code>@build</code>") < text.index("<code>tests/billing/</code>")
    assert client.post(f"{URL}/rules/2/remove").status_code == 303
    assert client.post(f"{URL}/rules/2/remove").status_code == 404


def test_empty_pages_say_what_to_do_and_are_not_everybodys(builds: Builds) -> None:
    for path in ("/rules", "/releases", "/requests", "/requests?show=mended"):
        answer = builds.office.client("dana").get(URL + path)
        assert (answer.status_code, 'class="empty"' in answer.text) == (200, True), path
        assert builds.office.client("bill").get(URL + path).status_code == 403
