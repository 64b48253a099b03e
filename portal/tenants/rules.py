"""What roles may do, what a company's state means for those who want in, and when an opening is tried again.

Pure functions: no clock, no database, no Flask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.tenants.models import Mode, Role, TenantState

TRIAL = timedelta(days=30)
#: From so long before its end on, a trial says so on every page.
ENDS_SOON = timedelta(days=7)
#: A job that opens a company holds it this long between two signs of life. Short, because a step that is overtaken does no
#: harm, and two dozen companies whose workers died together shall all be open within a minute.
LEASE = timedelta(seconds=15)
#: Longer than anybody waits for a row's lock.
SLACK = timedelta(seconds=60)
#: A step tried this often without success needs a person.
MOST_ATTEMPTS = 8
LONGEST_WAIT = timedelta(seconds=60)
#: A company is nudged again only after this long, so that a full queue is not filled further.
BETWEEN_NUDGES = timedelta(seconds=10)


class Right(StrEnum):
    LOOK = "look"  #: see and download drawings
    CHANGE = "change"  #: upload, sort, rename, delete drawings
    MEMBERS = "members"  #: invite people, change their roles, remove them
    COMPANY = "company"  #: change what the company is called
    USAGE = "usage"  #: how much is used, and how much may be
    BILLING = "billing"  #: statements, invoices, means of payment
    OWN = "own"  #: make and unmake owners


O, A, E, V, B = Role.OWNER, Role.ADMIN, Role.EDITOR, Role.VIEWER, Role.BILLING  # noqa: E741 - columns of the table

RIGHTS: dict[Right, frozenset[Role]] = {
    Right.LOOK:    frozenset({O, A, E, V}),
    Right.CHANGE:  frozenset({O, A, E}),
    Right.MEMBERS: frozenset({O, A}),
    Right.COMPANY: frozenset({O, A}),
    Right.USAGE:   frozenset({O, A, B}),
    Right.BILLING: frozenset({O, B}),
    Right.OWN:     frozenset({O}),
}  # fmt: skip

RIGHT_WORDS: dict[Right, str] = {
    Right.LOOK: "도면 보고 내려받기",
    Right.CHANGE: "도면 올리고 고치기",
    Right.MEMBERS: "구성원 초대하고 역할 바꾸기",
    Right.COMPANY: "회사 이름 바꾸기",
    Right.USAGE: "사용량 보기",
    Right.BILLING: "명세서와 결제",
    Right.OWN: "소유자 정하기",
}

ROLE_WORDS: dict[Role, str] = {O: "소유자", A: "관리자", E: "편집", V: "보기", B: "회계"}
ROLE_MEANS: dict[Role, str] = {
    O: "모든 일을 할 수 있고, 소유자를 정합니다.",
    A: "구성원을 초대하고 도면을 관리합니다.",
    E: "도면을 올리고 고칩니다.",
    V: "도면을 보고 내려받습니다.",
    B: "명세서와 결제를 맡습니다. 도면은 보지 않습니다.",
}


def may(role: str, right: Right) -> bool:
    """Whether the role (any text; unknown ones may nothing) has the right."""
    return role in RIGHTS[right]


def assignable(by: str) -> tuple[Role, ...]:
    """The roles that somebody of role `by` may give."""
    if not may(by, Right.MEMBERS):
        return ()
    return tuple(role for role in Role if role != Role.OWNER or may(by, Right.OWN))


def may_touch(by: str, target: str) -> bool:
    """Whether `by` may change or remove a member of role `target`: owners are touched by owners only."""
    return may(by, Right.MEMBERS) and (target != Role.OWNER or may(by, Right.OWN))


def told_of_end(role: str, ends_on: date | None, day: date) -> date | None:
    """The day a trial ends, when it is near and one of this role may choose a plan."""
    return ends_on if ends_on is not None and may(role, Right.BILLING) and ends_on - day <= ENDS_SOON else None


def leaves_no_owner(roles: Iterable[str], before: str, after: str | None) -> bool:
    """Whether the company (`roles` of all its members) would have no owner once one turns from `before` to `after`."""
    owners = sum(role == Role.OWNER for role in roles)
    return before == Role.OWNER and after != Role.OWNER and owners <= 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What a company may do: empty sentences mean no limit."""

    read_only: str = ""
    closed: str = ""
    gone: bool = False


CLOSED: dict[str, str] = {
    TenantState.REQUESTED: "회사를 여는 중입니다. 다 되면 메일로 알려 드립니다.",
    TenantState.PROVISIONING: "회사를 여는 중입니다. 다 되면 메일로 알려 드립니다.",
    TenantState.FAILED: "회사를 여는 데 시간이 더 걸립니다. 담당자가 살펴보고 있습니다.",
    TenantState.RETAINED: "이용이 끝나 자료를 보관하고 있는 회사입니다. 요금제를 고르시면 다시 쓸 수 있습니다.",
    TenantState.PURGING: "이용이 끝나 자료를 파기하고 있는 회사입니다.",
    TenantState.PURGED: "이용이 끝나 자료를 파기한 회사입니다.",
}
SUSPENDED = "이용이 제한된 상태입니다. 도면을 보고 내려받을 수는 있습니다."
ENDED = "이용이 끝났습니다. 당분간 도면을 보고 내려받을 수 있고, 요금제를 고르면 이어서 쓸 수 있습니다."
READ_ONLY = "지금은 보기 전용입니다. 도면을 보고 내려받을 수는 있습니다."
SHUT = "지금은 들어갈 수 없는 회사입니다."


def standing(state: str, mode: str, reason: str = "") -> Standing:
    """What a company of this state and mode may do. `reason` is a Korean sentence by staff, shown after ours."""
    if state in CLOSED:
        return Standing(closed=CLOSED[state], gone=state in {TenantState.PURGING, TenantState.PURGED})
    if mode == Mode.CLOSED:
        return Standing(closed=f"{SHUT} {reason}".strip())
    if state == TenantState.SUSPENDED:
        return Standing(read_only=f"{SUSPENDED} {reason}".strip())
    if state == TenantState.ENDED:
        return Standing(read_only=f"{ENDED} {reason}".strip())
    if mode == Mode.READ_ONLY:
        return Standing(read_only=f"{READ_ONLY} {reason}".strip())
    return Standing()


def kept(closed: str) -> bool:
    """Whether the sentence says that the company's data is still kept, so that it may come back or take it along."""
    return closed == CLOSED[TenantState.RETAINED]


def wait_after(attempts: int) -> timedelta:
    """How long to wait before the next attempt at a step that failed `attempts` times: 2, 4, 8 ... 60 seconds."""
    return min(timedelta(seconds=2 ** min(attempts, 6)), LONGEST_WAIT)
