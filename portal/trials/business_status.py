"""Ask the tax office whether business numbers are active. The answer is a snapshot: its time is kept with it.

Nothing is asked twice on its own: what could not be found out is `unchecked` with the reason, and a person, or the job
that called, asks again. Wire format: the NTS status API of the public-data portal (POST {NTS_STATUS_URL}/status).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

import httpx

from portal.core import clock, korea
from portal.core.settings import settings

MOST_PER_CALL = 100
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 10.0
_REFUSED_KEY = {-401, -4, -10, -12}
# httpx logs every address at INFO, and the tax office wants its key in the address.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Standing(StrEnum):
    """What a business number is to the tax office."""

    ACTIVE = "active"  #: 계속사업자
    SUSPENDED = "suspended"  #: 휴업자
    CLOSED = "closed"  #: 폐업자
    UNKNOWN = "unknown"  #: the tax office knows no such number
    UNCHECKED = "unchecked"  #: we could not find out; the note says why


#: The tax office's `b_stt_cd`. Some public lists have 02 and 03 the wrong way round.
_BY_CODE = {
    "01": Standing.ACTIVE,
    "02": Standing.SUSPENDED,
    "03": Standing.CLOSED,
    "": Standing.UNKNOWN,
}
_WORDS = {Standing.ACTIVE: "계속사업자", Standing.SUSPENDED: "휴업자", Standing.CLOSED: "폐업자"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of `number` (ten digits) since `at`.

    `note` is a Korean sentence or phrase for staff; `tax_type` the tax office's word, empty unless registered;
    `digest` the SHA-256 of the whole answer as it came, empty when none did.
    """

    number: str
    status: Standing
    note: str
    at: datetime
    tax_type: str = ""
    closed_on: date | None = None
    digest: str = ""


def ask(number: str) -> Answer:
    """What the tax office says of one number, by the running app's settings and clock. Never raises for its failures."""
    return ask_many([number])[0]


def ask_many(numbers: Sequence[str]) -> list[Answer]:
    """The same for up to 100 numbers in one call, in their order. ValueError for more, or for one not of ten digits."""
    asked = [korea.plain_digits(number) for number in numbers]
    if len(asked) > MOST_PER_CALL:
        raise ValueError(f"at most {MOST_PER_CALL} numbers in one call")
    if not all(len(number) == 10 and number.isascii() and number.isdigit() for number in asked):  # noqa: PLR2004
        raise ValueError("a business number has ten digits")
    if not asked:
        return []
    url, key = settings().nts_status_url, settings().nts_status_key
    if not url or not key:
        reason = "국세청 조회가 설정되어 있지 않아 번호의 형식만 확인했습니다. NTS_STATUS_URL과 NTS_STATUS_KEY를 적으면 조회합니다."
        return _unchecked(asked, reason)
    try:
        reply = httpx.post(
            f"{url.rstrip('/')}/status",
            # The portal hands its key out both plain and already escaped; escaping it twice makes it a wrong one.
            params={"serviceKey": unquote(key)},
            json={"b_no": asked},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        )
    except httpx.TimeoutException:
        return _unchecked(asked, "국세청이 제때 답하지 않았습니다. 잠시 뒤 다시 조회해 주십시오.")
    except (httpx.HTTPError, httpx.InvalidURL):
        return _unchecked(asked, "국세청에 연결하지 못했습니다. 잠시 뒤 다시 조회해 주십시오.")
    return _understood(asked, reply)


def _understood(asked: list[str], reply: httpx.Response) -> list[Answer]:
    """One answer per number out of the tax office's reply, whatever it is."""
    try:
        body: Any = reply.json()
    except ValueError:
        body = None
    said = body if isinstance(body, dict) else {}
    if said.get("code") in _REFUSED_KEY or reply.status_code in {401, 403}:
        return _unchecked(asked, "국세청이 인증키를 받아들이지 않았습니다. NTS_STATUS_KEY를 확인해 주십시오.")
    if reply.status_code != httpx.codes.OK:
        return _unchecked(asked, f"국세청이 오류로 답했습니다({reply.status_code}). 잠시 뒤 다시 조회해 주십시오.")
    records = said.get("data")
    if said.get("status_code") != "OK" or not isinstance(records, list):
        return _unchecked(asked, "국세청의 답을 읽을 수 없습니다. 잠시 뒤 다시 조회해 주십시오.")
    by_number = {record.get("b_no"): record for record in records if isinstance(record, dict)}
    digest, at = hashlib.sha256(reply.content).hexdigest(), clock.fresh()
    return [_answer(number, by_number.get(number), digest, at) for number in asked]


def _answer(number: str, record: dict[str, Any] | None, digest: str, at: datetime) -> Answer:
    if record is None:
        return Answer(
            number, Standing.UNCHECKED, "국세청의 답에 이 번호가 없습니다. 다시 조회해 주십시오.", at, digest=digest
        )
    code, tax_type = record.get("b_stt_cd"), str(record.get("tax_type") or "")
    status = _BY_CODE.get(code) if isinstance(code, str) else None
    if status is None:
        note = f"국세청이 모르는 상태로 답했습니다({code}). 홈택스에서 직접 확인해 주십시오."
        return Answer(number, Standing.UNCHECKED, note[:200], at, digest=digest)
    if status is Standing.UNKNOWN:
        return Answer(number, status, tax_type or "국세청에 등록되지 않은 번호입니다.", at, digest=digest)
    closed_on = _day(record.get("end_dt")) if status is Standing.CLOSED else None
    since = f"폐업일 {korea.short_date_words(closed_on)}" if closed_on else ""
    note = " · ".join(part for part in (_WORDS[status], tax_type, since) if part)
    return Answer(number, status, note, at, tax_type, closed_on, digest)


def _unchecked(asked: list[str], reason: str) -> list[Answer]:
    at = clock.fresh()
    return [Answer(number, Standing.UNCHECKED, reason, at) for number in asked]


def _day(text: object) -> date | None:
    """The date of `yyyymmdd`; None when it is none."""
    try:
        return datetime.strptime(str(text), "%Y%m%d").date()  # noqa: DTZ007 - a day in Seoul, no instant
    except ValueError:
        return None
