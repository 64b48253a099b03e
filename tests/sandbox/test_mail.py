"""Mails arrive over real SMTP, survive, and can be read safely."""

from __future__ import annotations

import re
import smtplib
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from portal.sandbox.mail import linked

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside

LINK = "http://localhost:8000/invitation/Zx_9-a?next=%2Fdrawings"


def test_a_mail_sent_by_smtp_is_read_as_text_and_as_json(outside: Outside) -> None:
    outside.send("alice@example.com", "초대: 한빛건설 도면실", f"안녕하세요.\n{LINK}\n감사합니다.")
    (mail,) = outside.get("/_control/mail").json()
    assert mail["to"] == ["alice@example.com"]
    assert mail["subject"] == "초대: 한빛건설 도면실"
    assert mail["text"] == f"안녕하세요.\n{LINK}\n감사합니다.\n"
    assert mail["headers"]["From"] == "도면실 <no-reply@localhost>"
    page = outside.get(f"/mail/{mail['id']}").text
    assert f'<a href="{LINK}" rel="noreferrer">{LINK}</a>' in page
    assert "초대: 한빛건설 도면실" in outside.get("/mail").text


def test_mails_are_listed_newest_first_and_found_by_address(outside: Outside) -> None:
    for number, to in enumerate(["alice@example.com", "bob@example.com", "alice@example.com"]):
        outside.send(to, f"mail {number}", "x")
    assert [mail["subject"] for mail in outside.get("/_control/mail").json()] == ["mail 2", "mail 1", "mail 0"]
    assert [mail["subject"] for mail in outside.get("/_control/mail?to=Bob@example.com").json()] == ["mail 1"]
    page = outside.get("/mail?q=bob@").text
    assert "mail 1" in page
    assert "mail 0" not in page
    assert "맞는 메일이 없습니다" in outside.get("/mail?q=%25").text, "a percent sign is no wildcard"


def test_what_a_mail_says_is_never_markup(outside: Outside) -> None:
    evil = '<script>alert(1)</script> http://x/"onmouseover="alert(2) javascript:alert(3) http://y/<b>'
    outside.send("alice@example.com", "<img src=x onerror=alert(4)>", evil)
    number = outside.get("/_control/mail").json()[0]["id"]
    for page in (outside.get(f"/mail/{number}").text, outside.get("/mail").text, outside.get("/mail?q=%3Cimg").text):
        assert "<img src=x" not in page
        assert "alert(1)</script>" not in page
        assert not re.search(r"<[^>]*\son\w+=", page)
    assert 'href="javascript' not in outside.get(f"/mail/{number}").text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("보기: https://a.kr/b. 끝", '보기: <a href="https://a.kr/b" rel="noreferrer">https://a.kr/b</a>. 끝'),
        (
            "(http://a.kr/?x=1&y=2)",
            '(<a href="http://a.kr/?x=1&amp;y=2" rel="noreferrer">http://a.kr/?x=1&amp;y=2</a>)',
        ),
        ("http://a.kr/b에서", '<a href="http://a.kr/b" rel="noreferrer">http://a.kr/b</a>에서'),
        ("a < b & c", "a &lt; b &amp; c"),
        ("", ""),
    ],
)
def test_a_link_ends_where_the_sentence_goes_on(text: str, html: str) -> None:
    assert str(linked(text)) == html


def test_all_mails_can_be_deleted_from_the_page_without_javascript(outside: Outside) -> None:
    outside.send("alice@example.com", "x", "x")
    answer = outside.post("/mail/delete-all")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/mail")
    assert "아직 받은 메일이 없습니다" in outside.get("/mail").text
    assert outside.get("/mail/1").status_code == 404


def test_behind_the_portal_every_link_begins_with_the_prefix(outside: Outside) -> None:
    outside.send("alice@example.com", "x", "x")
    number = outside.get("/_control/mail").json()[0]["id"]
    behind = {"X-Forwarded-Prefix": "/sandbox"}
    for path in ("/", "/mail", f"/mail/{number}", "/mail?q=nobody", "/nowhere"):
        page = outside.get(path, headers=behind).text
        links = re.findall(r'(?:href|action|src)="([^"]+)"', page)
        assert len(links) > 5
        assert [link for link in links if not link.startswith(("/sandbox/", "#"))] == []
    assert outside.post("/mail/delete-all", headers=behind).headers["Location"] == "/sandbox/mail"


def test_a_page_needs_nothing_inline(outside: Outside) -> None:
    outside.send("alice@example.com", "x", "x")
    for path in ("/", "/mail", "/mail/1"):
        answer = outside.get(path)
        assert not re.search(r"<style|style=|<script(?![^>]*\ssrc=)|\son\w+=", answer.text)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_another_site_can_neither_post_nor_name_itself_this_machine(outside: Outside) -> None:
    outside.send("alice@example.com", "x", "x")
    assert outside.post("/mail/delete-all", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert outside.get("/_control/mail", headers={"Host": "evil.example"}).status_code == 400
    assert len(outside.get("/_control/mail").json()) == 1


def test_a_mail_box_survives_a_restart(own_outside: Outside) -> None:
    own_outside.start()
    own_outside.send("alice@example.com", "before", "x")
    assert own_outside.stop() == 0
    own_outside.start()
    own_outside.send("alice@example.com", "after", "x")
    assert [mail["subject"] for mail in own_outside.get("/_control/mail").json()] == ["after", "before"]


def test_smtp_says_try_again_or_never_as_told_and_then_is_well(outside: Outside) -> None:
    outside.fault("smtp", "451")
    with pytest.raises(smtplib.SMTPDataError) as later:
        outside.send("alice@example.com", "x", "x")
    assert later.value.smtp_code == 451
    outside.fault("smtp", "550", path="bob@", count=None)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as never:
        outside.send("bob@example.com", "x", "x")
    assert never.value.recipients["bob@example.com"][0] == 550
    outside.send("alice@example.com", "well", "x")
    assert [mail["subject"] for mail in outside.get("/_control/mail").json()] == ["well"]
    assert [entry["status"] for entry in outside.get("/_control/ledger?service=smtp").json()] == [451, 550, 250]


def test_a_lost_answer_leaves_the_mail_there(outside: Outside) -> None:
    outside.fault("smtp", "answer-lost")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        outside.send("alice@example.com", "kept", "x")
    assert [mail["subject"] for mail in outside.get("/_control/mail").json()] == ["kept"]


def test_a_hanging_server_leaves_no_mail_and_other_mails_pass(outside: Outside) -> None:
    outside.fault("smtp", "hang", seconds=60)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        outside.send("alice@example.com", "x", "x", timeout=0.5)
    outside.send("alice@example.com", "next", "x")
    assert [mail["subject"] for mail in outside.get("/_control/mail").json()] == ["next"]


def test_a_refused_connection_is_refused_once(outside: Outside) -> None:
    outside.fault("smtp", "refuse")
    with pytest.raises((OSError, smtplib.SMTPException)):
        outside.smtp()
    with outside.smtp() as server:
        assert server.noop()[0] == 250


def test_broken_mails_are_kept_and_shown(outside: Outside) -> None:
    raws = [
        b"no headers at all",
        b"Subject: =?utf-8?b?!!!?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"Content-Type: text/html\r\n\r\n<p>only <b>html</b></p>",
        b"Subject: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n",
    ]
    with outside.smtp() as server:
        for raw in raws:
            server.sendmail("", ["alice@example.com"], raw)
    mails = outside.get("/_control/mail").json()
    assert len(mails) == len(raws)
    assert all(outside.get(f"/mail/{mail['id']}").status_code == 200 for mail in mails)
    assert "&lt;b&gt;html" in outside.get(f"/mail/{mails[1]['id']}").text


def test_only_this_machine_can_reach_it(outside: Outside) -> None:
    assert outside.process is not None
    listening = [
        one for one in psutil.Process(outside.process.pid).net_connections() if one.status == psutil.CONN_LISTEN
    ]
    assert {(one.laddr.ip, one.laddr.port) for one in listening} == {
        ("127.0.0.1", outside.port),
        ("127.0.0.1", outside.port + 1),
    }


def test_a_static_file_of_the_product_is_served_here_too(outside: Outside) -> None:
    for path in ("/static/css/tokens.css", "/sandbox.css"):
        answer = outside.get(path)
        assert answer.status_code == httpx.codes.OK
        assert answer.headers["Content-Type"].startswith("text/css")
