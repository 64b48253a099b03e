"""The portal's client of the payment company against the real sandbox: a yes, a certain no, or honestly unknown."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portal.core.settings import Settings
from portal.payments.providers import (
    Cancelled,
    Charged,
    Declined,
    Deleted,
    IssuedKey,
    Kind,
    NotThere,
    Then,
    Unknown,
)
from portal.payments.providers import toss as toss_file
from portal.payments.providers.toss import Toss
from portal.payments.providers.toss_codes import MEANINGS, Meaning, meaning
from tests.sandbox.cards import BACK, FAILED, auth_key

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "korea.json"
CUSTOMER = "c-0b6d7a51"
LOSING = ("answer-lost", "slow", "500", "500-after-commit", "half-json", "refuse")
#: After these the work is done over there, whatever came back.
DONE = {"answer-lost", "slow", "500-after-commit", "half-json"}


@pytest.fixture
def toss(outside: Outside, tmp_path: Path) -> Toss:
    made = toss_file.of(Settings.read({"DATA_DIR": str(tmp_path), "SANDBOX_PORT": str(outside.port)}))
    assert made is not None
    return dataclasses.replace(made, seconds=10.0)


def card(toss: Toss, outside: Outside, behaviour: str = "") -> IssuedKey:
    issued = toss.issue(auth_key(outside, CUSTOMER, behaviour), CUSTOMER, idempotency_key="card:1" + behaviour)
    assert isinstance(issued, IssuedKey), issued
    return issued


def charge(toss: Toss, key: IssuedKey, attempt: int = 1, won: int = 11000) -> Charged | Declined | Unknown:
    return toss.charge(
        key.billing_key,
        customer_key=CUSTOMER,
        order_id=f"invoice-7-{attempt}",
        order_name="도면실 11월 이용료",
        won=won,
        idempotency_key=f"charge:7:{attempt}",
        email="alice@alpha.example",
        name="한빛건설",
    )


def orders(outside: Outside) -> list[str]:
    payments: list[dict[str, Any]] = outside.get("/_control/toss").json()["payments"]
    return [payment["status"] for payment in payments]


def test_a_card_is_registered_charged_refunded_and_deleted(toss: Toss, outside: Outside) -> None:
    key = card(toss, outside)
    assert (key.company, key.number, key.owner_type) == ("국민", "43301299****123*", "법인")
    assert key.billing_key not in repr(key)
    paid = charge(toss, key)
    assert isinstance(paid, Charged)
    assert (paid.order_id, paid.won, paid.balance, len(paid.approval_number)) == ("invoice-7-1", 11000, 11000, 8)
    assert "/sandbox/toss/receipt/" in paid.receipt_url
    assert toss.find("invoice-7-1") == paid
    part = toss.cancel(paid.payment_key, reason="감액", won=1000, idempotency_key="refund:1")
    assert isinstance(part, Cancelled)
    assert (part.won, part.balance, part.reason) == (1000, 10000, "감액")
    rest = toss.cancel(paid.payment_key, reason="해지", idempotency_key="refund:2")
    assert isinstance(rest, Cancelled)
    assert (rest.won, rest.balance) == (10000, 0)
    found = toss.find("invoice-7-1")
    assert isinstance(found, Charged)
    assert (found.balance, found.cancels) == (0, (part, rest))
    assert toss.cancel(paid.payment_key, reason="또", idempotency_key="refund:3") == Unknown(
        "이미 취소된 결제 입니다.", "ALREADY_CANCELED_PAYMENT"
    )
    assert toss.delete(key.billing_key) == Deleted() == toss.delete(key.billing_key)


def test_an_order_that_never_arrived_is_not_there(toss: Toss) -> None:
    assert toss.find("invoice-7-1") == NotThere()


@pytest.mark.parametrize(
    ("behaviour", "kind", "once_more"),
    [
        ("EXCEED_MAX_AMOUNT", Kind.SOFT, False),
        ("REJECT_ACCOUNT_PAYMENT", Kind.SOFT, False),
        ("REJECT_CARD_COMPANY", Kind.SOFT, True),
        ("INVALID_STOPPED_CARD", Kind.HARD, False),
        ("INVALID_CARD_EXPIRATION", Kind.HARD, False),
    ],
)
def test_a_declined_card_says_whether_another_day_may_do(
    toss: Toss, outside: Outside, behaviour: str, kind: Kind, once_more: bool
) -> None:
    no = charge(toss, card(toss, outside, behaviour))
    assert isinstance(no, Declined)
    assert (no.code, no.kind, no.once_more) == (behaviour, kind, once_more)
    assert no.message
    assert toss.find("invoice-7-1") == no, "asked for later, it is the same no"


def test_a_passing_trouble_is_unknown_until_asked_for(toss: Toss, outside: Outside) -> None:
    key = card(toss, outside, "PROVIDER_ERROR")
    lost = charge(toss, key)
    assert isinstance(lost, Unknown)
    assert (lost.code, lost.then) == ("PROVIDER_ERROR", Then.ASK)
    no = toss.find("invoice-7-1")
    assert isinstance(no, Declined)
    assert (no.code, no.kind) == ("PROVIDER_ERROR", Kind.SOFT)
    outside.post("/_control/toss/card", json={"customerKey": CUSTOMER, "behaviour": ""})
    assert charge(toss, key) == lost, "the old key repeats the old answer"
    assert isinstance(charge(toss, key, attempt=2), Charged)


@pytest.mark.parametrize("kind", LOSING)
def test_a_lost_answer_is_unknown_and_asking_or_repeating_ends_in_one_charge(
    toss: Toss, outside: Outside, kind: str
) -> None:
    key = card(toss, outside)
    hasty = dataclasses.replace(toss, seconds=0.5)
    outside.fault("toss", kind, path="/v1/billing/", seconds=2 if kind == "slow" else 0)
    lost = charge(hasty, key)
    assert isinstance(lost, Unknown), lost
    assert (lost.sent, lost.then) == (True, Then.ASK)
    found = toss.find("invoice-7-1")
    assert isinstance(found, Charged if kind in DONE else NotThere), found
    again = charge(toss, key)
    assert isinstance(again, Charged)
    assert found in {NotThere(), again}
    assert orders(outside) == ["DONE"], "one charge"


@pytest.mark.parametrize("kind", LOSING)
def test_a_lost_issue_is_unknown_and_the_same_key_brings_the_same_card(toss: Toss, outside: Outside, kind: str) -> None:
    auth = auth_key(outside, CUSTOMER)
    outside.fault("toss", kind, seconds=2 if kind == "slow" else 0)
    lost = dataclasses.replace(toss, seconds=0.5).issue(auth, CUSTOMER, idempotency_key="card:9")
    assert isinstance(lost, Unknown), lost
    first = toss.issue(auth, CUSTOMER, idempotency_key="card:9")
    assert isinstance(first, IssuedKey)
    assert toss.issue(auth, CUSTOMER, idempotency_key="card:9") == first
    spent = toss.issue(auth, CUSTOMER, idempotency_key="card:10")
    assert isinstance(spent, Declined)
    assert (spent.code, spent.kind) == ("INVALID_BILLING_AUTH", Kind.HARD)


@pytest.mark.parametrize("kind", LOSING)
def test_a_lost_cancel_is_unknown_and_the_same_key_gives_back_once(toss: Toss, outside: Outside, kind: str) -> None:
    paid = charge(toss, card(toss, outside))
    assert isinstance(paid, Charged)
    outside.fault("toss", kind, path="/cancel", seconds=2 if kind == "slow" else 0)
    hasty = dataclasses.replace(toss, seconds=0.5)
    assert isinstance(hasty.cancel(paid.payment_key, reason="감액", won=3000, idempotency_key="refund:1"), Unknown)
    found = toss.find("invoice-7-1")
    assert isinstance(found, Charged)
    assert found.balance == (8000 if kind in DONE else 11000)
    done = toss.cancel(paid.payment_key, reason="감액", won=3000, idempotency_key="refund:1")
    assert isinstance(done, Cancelled)
    assert (done.won, done.balance) == (3000, 8000)


@pytest.mark.parametrize("kind", LOSING)
def test_asking_may_fail_as_well_and_changes_nothing(toss: Toss, outside: Outside, kind: str) -> None:
    charge(toss, card(toss, outside))
    outside.fault("toss", kind, path="/orders/", seconds=2 if kind == "slow" else 0)
    assert isinstance(dataclasses.replace(toss, seconds=0.5).find("invoice-7-1"), Unknown)
    assert isinstance(toss.find("invoice-7-1"), Charged)


def test_nobody_there_is_unknown_and_was_never_sent(toss: Toss) -> None:
    for nowhere in ("http://127.0.0.1:1", "not an address"):
        lost = dataclasses.replace(toss, base_url=nowhere).find("invoice-7-1")
        assert isinstance(lost, Unknown)
        assert not lost.sent


def test_an_answer_of_another_order_is_not_taken_for_ours(toss: Toss, outside: Outside) -> None:
    key = card(toss, outside)
    assert isinstance(charge(toss, key, won=11000), Charged)
    other = charge(toss, key, won=22000)
    assert isinstance(other, Unknown), "the same idempotency key replays what was asked first"


def test_wrong_keys_are_ours_to_mend(toss: Toss, outside: Outside) -> None:
    no = charge(dataclasses.replace(toss, secret_key="test_sk_other"), card(toss, outside))
    assert isinstance(no, Declined)
    assert (no.code, no.kind) == ("UNAUTHORIZED_KEY", Kind.OURS)
    assert toss.secret_key not in repr(toss)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared vectors are not on this machine")
def test_every_error_of_the_shared_table_is_classified_as_it_says(toss: Toss, outside: Outside) -> None:
    """Each one comes over the wire, by the header that the real test environment understands too."""
    table = json.loads(SHARED.read_text())["toss_errors"]["codes"]
    key = card(toss, outside)
    wanted = {
        "transient": (Unknown, Then.ASK),
        "query_state": (Unknown, Then.ASK),
        "in_progress": (Unknown, Then.SAME_AGAIN),
        "funds_or_limit": (Declined, Kind.SOFT),
        "issuer_decline": (Declined, Kind.SOFT),
        "user_abort": (Declined, Kind.SOFT),
        "card_dead": (Declined, Kind.HARD),
        "cancel_final": (Declined, Kind.HARD),
        "merchant_bug": (Declined, Kind.OURS),
        "merchant_config": (Declined, Kind.OURS),
    }
    wrong = []
    for number, row in enumerate(table):
        assert meaning(row["code"]) == row["class"]
        playing = dataclasses.replace(toss, headers={"TossPayments-Test-Code": row["code"]})
        said = charge(playing, key, attempt=number)
        assert not isinstance(said, Charged)
        how = said.then if isinstance(said, Unknown) else said.kind
        if (type(said), how) != wanted[row["class"]] or said.code != row["code"]:
            wrong.append(row["code"])
    assert wrong == []
    assert sum(len(codes) for codes in MEANINGS.values()) == len(table)
    assert meaning("SOMETHING_NEW") is Meaning.TRANSIENT
    assert orders(outside) == []


def test_the_window_is_a_page_in_the_sandbox_and_a_script_outside(toss: Toss) -> None:
    page = toss.window(CUSTOMER, BACK, FAILED, email="alice@alpha.example", name="한빛건설")
    assert page.url.startswith("/sandbox/toss/window?clientKey=test_ck_sandbox&customerKey=c-0b6d7a51&method=CARD")
    assert page.script == ""
    outside = dataclasses.replace(toss, sdk_url="https://js.tosspayments.com/v2/standard")
    script = outside.window(CUSTOMER, BACK, FAILED)
    assert (script.url, script.script, script.client_key) == ("", outside.sdk_url, "test_ck_sandbox")
    assert script.options["customerKey"] == CUSTOMER


def test_without_settings_there_is_no_payment_company() -> None:
    assert toss_file.of(Settings.read({"PORTAL_ENV": "production"})) is None
