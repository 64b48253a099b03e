"""What the portal asks of an issuing service, in our words. One file per service beside this one; none knows a database.

Every verb answers with a value and never raises for what the other side does. After `Unknown`, and after a refused issue
too, `find` by our own management key tells whether there is one: an invoice is never issued blindly a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Party:
    """Supplier or customer as on its registration; `business_number` as ten digits."""

    business_number: str
    name: str
    ceo: str
    address: str = ""
    business_type: str = ""
    business_class: str = ""
    contact: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One of at most 99 lines; `supply` and `vat` in won, quantity and unit price as texts of at most two decimals."""

    on: date
    name: str
    supply: int
    vat: int
    spec: str = ""
    quantity: str = ""
    unit_price: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A tax invoice to be issued. Its totals are the sums of its lines.

    `management_key` is ours: 1 to 24 of `[A-Za-z0-9_-]`, unique for good. `purpose` is 청구 or 영수. An amendment has its
    `modify_code` (1 to 6) and the approval number of what it amends. `late` issues although the lawful day has passed.
    """

    management_key: str
    write_date: date
    purpose: str
    supplier: Party
    customer: Party
    lines: tuple[Line, ...]
    remark: str = ""
    modify_code: int | None = None
    original_approval_number: str = ""
    late: bool = False

    @property
    def supply(self) -> int:
        return sum(line.supply for line in self.lines)

    @property
    def vat(self) -> int:
        return sum(line.vat for line in self.lines)


class Progress(StrEnum):
    """How far an issued invoice has come."""

    SAVED = "saved"  #: a draft that is not issued
    ISSUED = "issued"
    FILING = "filing"
    FILED = "filed"
    FAILED = "failed"  #: the tax office refused it
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Issued:
    """Legally issued. The approval number is the tax office's 24 digits and letters."""

    approval_number: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the service says of one invoice; `state_code` is its own word, `failure_code` the tax office's."""

    management_key: str
    progress: Progress
    state_code: str
    approval_number: str
    issued_at: datetime | None
    filed_at: datetime | None
    late: bool
    opened: bool
    failure_code: str = ""
    failure_message: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""


@dataclass(frozen=True, slots=True)
class NotThere:
    """The service holds no invoice of that management key."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A certain no. `ours`: keys, contract or points are wrong, so everything would be refused, not this one only."""

    code: str
    message: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been done. `reason` is a Korean sentence for staff; `sent` false when the call never arrived."""

    reason: str
    sent: bool = True


class Provider(Protocol):
    """An issuing service. `document` is in its own wire format, so that what was sent can be kept as it was sent."""

    def document(self, paper: Paper) -> dict[str, Any]: ...

    def issue(self, document: Mapping[str, Any]) -> Issued | Rejected | Unknown: ...

    def find(self, management_key: str) -> Standing | NotThere | Unknown: ...

    def cancel_issue(self, management_key: str, memo: str = "") -> Done | Rejected | Unknown: ...

    def send_now(self, management_key: str) -> Done | Rejected | Unknown: ...

    def email(self, management_key: str, receiver: str) -> Done | Rejected | Unknown: ...

    def view_url(self, management_key: str) -> str | Rejected | Unknown: ...
