"""Popbill: electronic tax invoices over its wire format (popbill 1.64, linkhub 1.6).

Its own SDK has no time limits and one connection for all threads, hence these few calls. A token of half an hour is had
against a signature and kept per process.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from portal.core import clock
from portal.core.calls import Heard, Silence, call
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

ANSWER_SECONDS = 60.0
VERSION, TOKEN_VERSION = "1.0", "2.0"
SCOPES = ["member", "110"]
#: A token is renewed this long before it ends, so that it does not end on the way.
MARGIN = timedelta(minutes=2)
LONGEST_MESSAGE = 300
_NO_SUCH = {"-11000000", "-11000005"}
_PROGRESS = {
    "100": Progress.SAVED,
    "300": Progress.ISSUED,
    "301": Progress.ISSUED,
    "302": Progress.FILING,
    "303": Progress.FILING,
    "304": Progress.FILED,
    "305": Progress.FAILED,
    "600": Progress.CANCELLED,
}
_OK, _UNAUTHORIZED, _BROKEN = 200, 401, 500


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: datetime


#: (token address, our name there, business number) -> token.
_tokens: dict[tuple[str, str, str], _Token] = {}
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Popbill:
    """One member at Popbill. `now` is an aware instant; the token service compares it with its own clock."""

    auth_url: str
    base_url: str
    link_id: str
    secret_key: str = field(repr=False)
    business_number: str
    seconds: float = ANSWER_SECONDS
    now: Callable[[], datetime] = clock.now

    def document(self, paper: Paper) -> dict[str, Any]:
        """The invoice as it goes over the wire: amounts as texts, days as yyyyMMdd."""
        document: dict[str, Any] = {
            "writeDate": f"{paper.write_date:%Y%m%d}",
            "chargeDirection": "정과금",
            "issueType": "정발행",
            "purposeType": paper.purpose,
            "taxType": "과세",
            "invoicer": _party(paper.supplier)
            | {"MgtKey": paper.management_key, "ContactName": paper.supplier.contact}
            | {"Email": paper.supplier.email, "TEL": paper.supplier.phone, "SMSSendYN": False},
            "invoicee": {"Type": "사업자"}
            | _party(paper.customer)
            | {"ContactName1": paper.customer.contact, "Email1": paper.customer.email, "TEL1": paper.customer.phone},
            "supplyCostTotal": str(paper.supply),
            "taxTotal": str(paper.vat),
            "totalAmount": str(paper.supply + paper.vat),
            "remark1": paper.remark,
            "detailList": [_line(number, line) for number, line in enumerate(paper.lines, 1)],
            "writeSpecification": False,
            "forceIssue": paper.late,
        }
        if paper.modify_code is not None:
            document |= {"modifyCode": paper.modify_code, "orgNTSConfirmNum": paper.original_approval_number}
        return document

    def issue(self, document: Mapping[str, Any]) -> Issued | Rejected | Unknown:
        """Issue it at once. A refusal because the key is in use means that it was issued before: `find` it."""
        said = self._call("POST", "/Taxinvoice", document, "ISSUE")
        if isinstance(said, Unknown | Rejected):
            return said
        number = said.get("ntsConfirmNum")
        return Issued(number) if isinstance(number, str) and number else Unknown("답에 승인번호가 없습니다.")

    def find(self, management_key: str) -> Standing | NotThere | Unknown:
        """How far it has come. Asking changes nothing and may be done as often as needed."""
        said = self._call("GET", _path(management_key))
        if isinstance(said, Rejected):
            # A refusal to tell says nothing of the invoice itself.
            return NotThere() if said.code in _NO_SUCH else Unknown(f"{said.message} ({said.code})")
        return said if isinstance(said, Unknown) else _standing(management_key, said)

    def cancel_issue(self, management_key: str, memo: str = "") -> Done | Rejected | Unknown:
        """Take it back: only before it is being filed."""
        return self._done(management_key, "CANCELISSUE", {"memo": memo})

    def send_now(self, management_key: str) -> Done | Rejected | Unknown:
        """File it with the tax office now instead of on the next business day; again, when it was refused there."""
        return self._done(management_key, "NTS", {})

    def email(self, management_key: str, receiver: str) -> Done | Rejected | Unknown:
        """Mail it to the customer once more."""
        return self._done(management_key, "EMAIL", {"receiver": receiver})

    def view_url(self, management_key: str) -> str | Rejected | Unknown:
        """Where a person sees it at the service, for some seconds."""
        said = self._call("GET", f"{_path(management_key)}?TG=VIEW")
        if isinstance(said, Unknown | Rejected):
            return said
        url = said.get("url")
        return url if isinstance(url, str) and url else Unknown("답에 주소가 없습니다.")

    def _done(self, management_key: str, verb: str, body: Mapping[str, Any]) -> Done | Rejected | Unknown:
        said = self._call("POST", _path(management_key), body, verb)
        if isinstance(said, Unknown | Rejected):
            return said
        return Done() if said.get("code") == 1 else Unknown("되었다는 말이 답에 없습니다.")

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, verb: str = ""
    ) -> dict[str, Any] | Rejected | Unknown:
        heard = self._heard(method, path, body, verb)
        if isinstance(heard, Heard) and heard.status == _UNAUTHORIZED:
            # Refused at the door, so nothing was done: once more with a new token.
            _tokens.pop(self._place, None)
            heard = self._heard(method, path, body, verb)
        return heard if isinstance(heard, Unknown | Rejected) else _judged(heard)

    def _heard(
        self, method: str, path: str, body: Mapping[str, Any] | None, verb: str
    ) -> Heard | Silence | Rejected | Unknown:
        token = self._token()
        if not isinstance(token, str):
            return token
        headers = {"Authorization": f"Bearer {token}", "x-pb-version": VERSION}
        if verb:
            headers["X-HTTP-Method-Override"] = verb
        return call(method, f"{self.base_url}{path}", body=body, headers=headers, seconds=self.seconds)

    @property
    def _place(self) -> tuple[str, str, str]:
        return (self.auth_url, self.link_id, self.business_number)

    def _token(self) -> str | Rejected | Unknown:
        """A token that is good for a while yet. Without one the call was certainly not made."""
        with _one_at_a_time:
            kept = _tokens.get(self._place)
            if kept is not None and self.now() < kept.until - MARGIN:
                return kept.text
            said = _judged(self._asked_for_token())
            if isinstance(said, Unknown):
                return Unknown(f"인증 서버: {said.reason}", sent=False)
            if isinstance(said, Rejected):
                return Rejected(said.code, said.message, ours=True)
            try:
                token = _Token(said["session_token"], datetime.fromisoformat(said["expiration"]))
            except (KeyError, TypeError, ValueError):
                return Unknown("인증 서버의 답을 읽을 수 없습니다.", sent=False)
            _tokens[self._place] = token
            return token.text

    def _asked_for_token(self) -> Heard | Silence:
        body = json.dumps({"access_id": self.business_number, "scope": SCOPES}).encode()
        date = f"{self.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        service = self.auth_url.rpartition("/")[2]
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        # `*`: our workers may call from any address.
        text = "\n".join(("POST", digest, date, "*", TOKEN_VERSION, f"/{service}/Token"))
        proof = hmac.new(base64.b64decode(self.secret_key), text.encode(), hashlib.sha256).digest()
        headers = {
            "x-lh-date": date,
            "x-lh-version": TOKEN_VERSION,
            "x-lh-forwarded": "*",
            "Authorization": f"LINKHUB {self.link_id} {base64.b64encode(proof).decode()}",
        }
        return call("POST", f"{self.auth_url}/Token", body=body, headers=headers, seconds=self.seconds)


def of(settings: Settings) -> Popbill | None:
    """The issuing service by the settings; None where tax invoices are not set up."""
    if not settings.tax_invoices_set_up:
        return None
    return Popbill(
        settings.popbill_auth_url,
        settings.popbill_base_url,
        settings.popbill_link_id,
        settings.popbill_secret_key,
        settings.supplier.business_number,
    )


def _judged(heard: Heard | Silence) -> dict[str, Any] | Rejected | Unknown:
    """The body of a yes; a no by its own code; everything else is unknown."""
    if isinstance(heard, Silence):
        return Unknown(heard.reason, sent=heard.sent)
    code = heard.body.get("code")
    if heard.status >= _BROKEN:
        return Unknown(f"오류라는 답이 왔습니다(HTTP {heard.status}, {code}).")
    if type(code) is int and code < 0:
        # -110: about this invoice. -100, -990: about our contract, certificate or points.
        about_it = str(code).startswith("-110")
        return Rejected(str(code), str(heard.body.get("message") or "")[:LONGEST_MESSAGE], ours=not about_it)
    if heard.status != _OK:
        return Unknown(f"까닭을 적지 않은 답이 왔습니다(HTTP {heard.status}).")
    return heard.body


def _standing(management_key: str, info: dict[str, Any]) -> Standing | Unknown:
    code = str(info.get("stateCode"))
    progress = _PROGRESS.get(code)
    number = info.get("ntsconfirmNum")
    if progress is None or (progress is Progress.FILED and not number):
        return Unknown(f"모르는 상태라는 답이 왔습니다({code}).")
    failed = progress is Progress.FAILED
    return Standing(
        management_key=management_key,
        progress=progress,
        state_code=code,
        approval_number=str(number or ""),
        issued_at=_moment(info.get("issueDT")),
        filed_at=_moment(info.get("ntssendDT")),
        late=info.get("lateIssueYN") is True,
        opened=info.get("openYN") is True,
        failure_code=str(info.get("ntssendErrCode") or "") if failed else "",
        failure_message=str(info.get("ntsresult") or "")[:LONGEST_MESSAGE] if failed else "",
    )


def _path(management_key: str) -> str:
    return f"/Taxinvoice/SELL/{quote(management_key, safe='')}"


def _party(party: Party) -> dict[str, Any]:
    return {
        "CorpNum": party.business_number,
        "CorpName": party.name,
        "CEOName": party.ceo,
        "Addr": party.address,
        "BizType": party.business_type,
        "BizClass": party.business_class,
    }


def _line(number: int, line: Line) -> dict[str, Any]:
    return {
        "serialNum": number,
        "purchaseDT": f"{line.on:%Y%m%d}",
        "itemName": line.name,
        "spec": line.spec,
        "qty": line.quantity,
        "unitCost": line.unit_price,
        "supplyCost": str(line.supply),
        "tax": str(line.vat),
        "remark": line.remark,
    }


def _moment(text: object) -> datetime | None:
    """The instant of `yyyyMMddHHmmss` in Seoul; None when it is none."""
    try:
        return datetime.strptime(str(text), "%Y%m%d%H%M%S").replace(tzinfo=clock.SEOUL)
    except ValueError:
        return None
