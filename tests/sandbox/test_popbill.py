"""The tax-invoice service and the portal's client of it, over real HTTP: issued once, filed by the clock, honest when lost."""

from __future__ import annotations

import dataclasses
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portal.core.clock import SEOUL
from portal.core.settings import Settings
from portal.taxinvoices.providers import (
    Done,
    Issued,
    Line,
    NotThere,
    Paper,
    Party,
    Progress,
    Rejected,
    Standing,
    Unknown,
)
from portal.taxinvoices.providers import popbill as popbill_file
from portal.taxinvoices.providers.popbill import Popbill

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside

LOSING = ("answer-lost", "slow", "500", "500-after-commit", "half-json", "refuse")
#: After these the work is done over there, whatever came back.
DONE = {"answer-lost", "slow", "500-after-commit", "half-json"}
CUSTOMER = Party(
    "1208800767", "한빛건설", "김한빛", "서울", "건설업", "토목", "이담당", "bill@alpha.example", "02-123-4567"
)
KEY = "INV-2026-000007-1"


@pytest.fixture
def popbill(outside: Outside, tmp_path: Path) -> Iterator[Popbill]:
    made = popbill_file.of(Settings.read({"DATA_DIR": str(tmp_path), "SANDBOX_PORT": str(outside.port)}))
    assert made is not None
    yield dataclasses.replace(made, seconds=10.0)
    popbill_file._tokens.clear()


def paper(key: str = KEY, supply: int = 1234560, **other: object) -> Paper:
    today = datetime.now(SEOUL).date()
    seller = Settings.read({}).supplier
    return Paper(
        **{
            "management_key": key,
            "write_date": today,
            "purpose": "청구",
            "supplier": Party(
                seller.business_number, seller.name, seller.ceo, seller.address, seller.business_type,
                seller.business_class, "", seller.email, seller.phone,
            ),
            "customer": CUSTOMER,
            "lines": (Line(today, "도면실 이용료", supply, supply // 10 if supply > 0 else -(-supply // 10)),),
            **other,
        }
    )  # fmt: skip


def issue(popbill: Popbill, key: str = KEY, supply: int = 1234560, **other: object) -> Issued | Rejected | Unknown:
    return popbill.issue(popbill.document(paper(key, supply, **other)))


def moved(outside: Outside, since: timedelta) -> None:
    """As if every invoice had been due for filing that long ago."""
    with closing(sqlite3.connect(outside.folder / "sandbox" / "sandbox.db")) as rows, rows:
        at = datetime.now(UTC) - since
        rows.execute("UPDATE popbill_invoice SET send_at = ?, issued_at = ?", (at.isoformat(), at.isoformat()))


def standing(popbill: Popbill, key: str = KEY) -> Standing:
    found = popbill.find(key)
    assert isinstance(found, Standing), found
    return found


def rejected(said: object) -> str:
    assert isinstance(said, Rejected), said
    return said.code


def test_an_invoice_is_issued_and_filed_as_time_goes_by(popbill: Popbill, outside: Outside) -> None:
    assert popbill.find(KEY) == NotThere()
    done = issue(popbill)
    assert isinstance(done, Issued)
    assert re.fullmatch(r"[0-9]{8}41[0-9]{6}[A-Za-z0-9]{8}", done.approval_number)
    first = standing(popbill)
    assert (first.progress, first.approval_number, first.late) == (Progress.ISSUED, done.approval_number, False)
    assert first.filed_at is None
    seen = []
    for minutes in (0.5, 5, 21):
        moved(outside, timedelta(minutes=minutes))
        seen.append(standing(popbill).state_code)
    assert seen == ["302", "303", "304"]
    filed = standing(popbill)
    assert (filed.progress, filed.approval_number) == (Progress.FILED, done.approval_number)
    assert filed.filed_at is not None
    info = outside.get("/_control/popbill").json()["invoices"][0]
    assert (info["ntssendErrCode"], info["supplyCostTotal"], info["taxTotal"]) == ("SUC001", "1234560", "123456")
    assert "한빛건설" in outside.get("/popbill").text
    assert "1,358,016원" in outside.get(f"/popbill/{KEY}").text
    assert outside.get("/popbill/nobody").status_code == 404
    url = popbill.view_url(KEY)
    assert isinstance(url, str)
    assert url.endswith(f"/sandbox/popbill/{KEY}")


def test_filing_waits_for_the_next_business_day_unless_told(popbill: Popbill) -> None:
    issue(popbill)
    assert standing(popbill).state_code == "300"
    assert popbill.send_now(KEY) == Done()
    assert standing(popbill).state_code == "302"
    assert rejected(popbill.send_now(KEY)) == "-11001912"
    assert rejected(popbill.cancel_issue(KEY)) == "-11001911"


def test_an_issue_is_taken_back_only_before_filing(popbill: Popbill) -> None:
    issue(popbill)
    assert popbill.cancel_issue(KEY, "금액이 다릅니다") == Done()
    assert standing(popbill).progress is Progress.CANCELLED
    assert isinstance(popbill.cancel_issue(KEY), Rejected)
    assert rejected(issue(popbill)) == "-11001902", "its key is used for good"


def test_a_refusal_of_the_tax_office_is_told_and_may_be_filed_again(popbill: Popbill, outside: Outside) -> None:
    assert outside.post("/_control/popbill/fail", json={"code": "NO"}).status_code == 400
    assert outside.post("/_control/popbill/fail", json={"code": "SYN004"}).status_code == 200
    issue(popbill)
    moved(outside, timedelta(hours=1))
    failed = standing(popbill)
    assert (failed.progress, failed.failure_code) == (Progress.FAILED, "SYN004")
    assert failed.failure_message
    assert popbill.send_now(KEY) == Done()
    moved(outside, timedelta(hours=1))
    assert standing(popbill).progress is Progress.FILED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"writeDate": ""}, "-11001001"),
        ({"writeDate": "20991231"}, "-11001910"),
        ({"writeDate": "20250131"}, "-11001909"),
        ({"issueType": ""}, "-11001003"),
        ({"purposeType": None}, "-11001004"),
        ({"taxType": "x"}, "-11001005"),
        ({"chargeDirection": ""}, "-11001012"),
        ({"totalAmount": "1"}, "-11001906"),
        ({"taxTotal": "0", "totalAmount": "1234560"}, "-11001906"),
        ({"totalAmount": 1358016}, "-11001905"),
        ({"modifyCode": 9}, "-11001009"),
        ({"modifyCode": 4, "orgNTSConfirmNum": "2026112741000000abcd1234"}, "-11001010"),
        ({"modifyCode": 3, "orgNTSConfirmNum": "2026112741000000abcd1234"}, "-11001010"),
        ({"modifyCode": 2}, "-11001908"),
        ({"invoicer.CorpNum": ""}, "-11001013"),
        ({"invoicer.CorpNum": "12"}, "-11001014"),
        ({"invoicer.CorpNum": "1208800767"}, "-11001000"),
        ({"invoicer.CorpName": ""}, "-11001015"),
        ({"invoicer.CEOName": ""}, "-11001016"),
        ({"invoicer.MgtKey": "가"}, "-11001901"),
        ({"invoicee.CorpNum": "1234567890"}, "-11001021"),
        ({"invoicee.CEOName": ""}, "-11001903"),
        ({"detailList": [{}] * 100}, "-11001907"),
    ],
)
def test_what_the_law_or_the_sums_forbid_is_refused(popbill: Popbill, change: dict[str, Any], code: str) -> None:
    document = popbill.document(paper())
    for name, value in change.items():
        holder, _, field = name.rpartition(".")
        (document[holder] if holder else document)[field] = value
    said = popbill.issue(document)
    assert isinstance(said, Rejected), said
    assert (said.code, said.ours) == (code, False)
    assert said.message
    assert popbill.find(KEY) == NotThere()


def test_a_closed_buyer_gets_no_invoice(popbill: Popbill, outside: Outside) -> None:
    outside.post("/_control/business", json={"number": CUSTOMER.business_number, "state": "closed"})
    assert rejected(issue(popbill)) == "-11001904"


def test_amendments_name_their_original_and_take_back(popbill: Popbill) -> None:
    first = issue(popbill)
    assert isinstance(first, Issued)
    assert rejected(issue(popbill, "INV-7-2", -1000)) == "-11001913", "only an amendment takes back"
    back = issue(popbill, "INV-7-2", -1234560, modify_code=4, original_approval_number=first.approval_number)
    assert isinstance(back, Issued)
    late = paper("INV-7-3", write_date=datetime.now(SEOUL).date() - timedelta(days=90), late=True)
    assert isinstance(popbill.issue(popbill.document(late)), Issued)
    assert standing(popbill, "INV-7-3").late


@pytest.mark.parametrize("kind", LOSING)
def test_a_lost_issue_is_unknown_and_asking_tells_whether_there_is_one(
    popbill: Popbill, outside: Outside, kind: str
) -> None:
    popbill.find(KEY)
    outside.fault("popbill", kind, path="/Taxinvoice", seconds=2 if kind == "slow" else 0)
    lost = issue(dataclasses.replace(popbill, seconds=0.5))
    assert isinstance(lost, Unknown), lost
    assert lost.sent
    found = popbill.find(KEY)
    assert isinstance(found, Standing if kind in DONE else NotThere)
    again = issue(popbill)
    assert isinstance(again, Rejected if kind in DONE else Issued), "the management key is issued once"
    assert len(outside.get("/_control/popbill").json()["invoices"]) == 1


@pytest.mark.parametrize("kind", LOSING)
def test_asking_may_fail_as_well_and_changes_nothing(popbill: Popbill, outside: Outside, kind: str) -> None:
    issue(popbill)
    outside.fault("popbill", kind, path="/Taxinvoice/SELL", seconds=2 if kind == "slow" else 0)
    assert isinstance(dataclasses.replace(popbill, seconds=0.5).find(KEY), Unknown)
    assert standing(popbill).progress is Progress.ISSUED


@pytest.mark.parametrize("kind", LOSING)
def test_without_a_token_nothing_was_sent(popbill: Popbill, outside: Outside, kind: str) -> None:
    outside.fault("popbill", kind, path="/Token", seconds=2 if kind == "slow" else 0)
    lost = issue(dataclasses.replace(popbill, seconds=0.5))
    assert isinstance(lost, Unknown)
    assert not lost.sent
    assert isinstance(issue(popbill), Issued)


def test_one_token_serves_all_threads_until_it_ends(popbill: Popbill, outside: Outside) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda number: popbill.find(f"K{number}"), range(16))) == {NotThere()}
    calls = outside.get("/_control/ledger?service=popbill").json()
    assert sum(call["path"].endswith("/Token") for call in calls) == 1
    later = dataclasses.replace(popbill, now=lambda: datetime.now(UTC) + timedelta(minutes=29))
    assert later.find(KEY) == NotThere()
    popbill_file._tokens[popbill._place] = popbill_file._Token("spent", datetime.now(UTC) + timedelta(hours=1))
    assert popbill.find(KEY) == NotThere(), "one that is refused is renewed"
    calls = outside.get("/_control/ledger?service=popbill").json()
    assert sum(call["path"].endswith("/Token") for call in calls) == 3
    assert "session_token" in str(calls)
    assert popbill_file._tokens[popbill._place].text not in str(calls)


def test_a_wrong_signature_or_member_is_ours_to_mend(popbill: Popbill) -> None:
    for wrong in (
        dataclasses.replace(popbill, secret_key="d3Jvbmc="),
        dataclasses.replace(popbill, link_id="NOBODY"),
        dataclasses.replace(popbill, business_number="1208800767"),
    ):
        said = issue(wrong)
        assert isinstance(said, Rejected), said
        assert said.ours
    assert popbill.secret_key not in repr(popbill)


def test_it_is_mailed_once_more(popbill: Popbill) -> None:
    assert rejected(popbill.email(KEY, "bill@alpha.example")) == "-11000005"
    issue(popbill)
    assert popbill.email(KEY, "bill@alpha.example") == Done()


def test_without_settings_there_is_no_issuing_service() -> None:
    assert popbill_file.of(Settings.read({"PORTAL_ENV": "production"})) is None
