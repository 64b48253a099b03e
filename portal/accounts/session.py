"""From a request to a session: where somebody comes from, the browser's own mark, the way from a proof to being in.

A browser keeps a mark of its own (a random cookie that opens nothing) so that a person's next sign-in with it is known to
be from the same device: it mails no notice, and nobody else's guessing can hold it off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g, request, url_for
from flask import session as current
from werkzeug.wrappers import Response

from portal.accounts import device_keys, second_factor, service
from portal.accounts.rules import label_of, limit_unit, local_path, network_of
from portal.accounts.service import Place, Proof
from portal.core import ids, sessions
from portal.core.clock import now
from portal.core.errors import Unavailable
from portal.core.page import see_other
from portal.core.settings import settings

#: From the right password to the right code.
LONGEST_BETWEEN = timedelta(minutes=10)
MARK_LENGTH = 43
MARK_DAYS = 400
#: Where somebody goes who named no page: from there to what their role and their company leave open.
HOME = "/start"
PENDING = "pending"
SETUP = "second_factor_setup"
CODES = "recovery_codes"


def mark_name() -> str:
    return "__Host-planroom-device" if settings().https else "planroom-device"


def place() -> Place:
    """Where this request comes from. A browser without a mark is given one with the answer."""
    mark = request.cookies.get(mark_name(), "")
    marked = len(mark) == MARK_LENGTH
    if not marked:
        mark = g.setdefault("new_browser_mark", ids.token())
    address = request.remote_addr or ""
    label = label_of(request.user_agent.string)
    return Place(limit_unit(address), network_of(address), label, ids.digest(mark), marked)


def keep_mark(response: Response) -> Response:
    """After a sign-in: the browser keeps its mark from now on."""
    mark = g.pop("new_browser_mark", None)
    if mark is not None and current.get("person"):
        age = timedelta(days=MARK_DAYS)
        response.set_cookie(
            mark_name(), mark, max_age=age, path="/", secure=settings().https, httponly=True, samesite="Lax"
        )
    return response


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody whose password was right and whose second factor is still to come."""

    proof: Proof
    next: str
    remember: bool


def go_on(proof: Proof, wanted: str, *, remember: bool = False) -> Response:
    """After a right password: to the second factor, to setting one up (staff), or in."""
    found = service.person(proof.person_id)
    if not found.second_factor and not found.staff:
        return let_in(proof, wanted, remember=remember)
    values = [proof.person_id, proof.password_version, now().timestamp(), local_path(wanted), remember]
    sessions.begin(**{PENDING: values})
    try:
        sessions.keep()
    except sessions.StoreGone:
        raise Unavailable("지금은 로그인을 끝낼 수 없습니다.", "잠시 뒤 처음부터 다시 로그인해 주십시오.") from None
    return see_other(url_for("accounts.code" if found.second_factor else "accounts.second_factor_first"))


def pending() -> Pending | None:
    """Who is between password and second factor in this session."""
    match current.get(PENDING):
        case [int(person_id), int(version), float(since), str(wanted), bool(remember)]:
            if timedelta(0) <= now() - _instant(since) <= LONGEST_BETWEEN:
                return Pending(Proof(person_id, version), wanted, remember)
    return None


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, now().tzinfo)


def let_in(proof: Proof, wanted: str, codes: list[str] | None = None, *, remember: bool = False) -> Response:
    """Open a device, begin its session under a new id, and go where the person wanted to.

    With fresh recovery `codes`, these are shown first. `remember`: the browser keeps its cookie when it is closed; staff's
    never does, because whoever finds their computer finds others' data.
    """
    found = service.person(proof.person_id)
    kept = remember and not found.staff
    device = service.sign_in(proof, place(), remember=kept)
    found = service.person(proof.person_id)
    sessions.begin(person=found.id, device=device.id, stamp=found.stamp, seen=now().timestamp())
    g.device_key = device_keys.issue(device.id, found.id)  # staying.py carries it to the browser
    current.permanent = kept
    target = local_path(wanted) or HOME
    if codes:
        keep_codes(codes, target)
        target = url_for("accounts.recovery_codes")
    return see_other(target)


def keep_codes(codes: list[str], then: str) -> None:
    """Keep fresh recovery codes, sealed, for the page that shows them once."""
    current[CODES] = [second_factor.sealed(" ".join(codes)), then]


def kept_codes() -> tuple[list[str], str] | None:
    """(codes, where to go afterwards) while they are still to be shown."""
    match current.get(CODES):
        case [str(box), str(then)]:
            return second_factor.opened(box).split(), then
    return None


def forget_codes() -> None:
    current.pop(CODES, None)


def setup_secret() -> str:
    """The secret being set up in this session: the same one until it is taken or given up."""
    kept = current.get(SETUP)
    if isinstance(kept, str):
        return second_factor.opened(kept)
    secret = second_factor.new_secret()
    current[SETUP] = second_factor.sealed(secret)
    return secret


def forget_setup() -> None:
    current.pop(SETUP, None)


def renew_after_change(person_id: int) -> None:
    """What the person may do or how they prove it has changed: this session goes on under a new id, its device under a
    new key.
    """
    sessions.renew()
    g.device_key = device_keys.replace(current["device"])
    current["stamp"] = service.person(person_id).stamp


def note_seen(device_id: int) -> None:
    """Note that the device is in use, at most every ten minutes."""
    last = current.get("seen")
    if isinstance(last, float) and timedelta(0) <= now() - _instant(last) < service.SEEN_EVERY:
        return
    current["seen"] = now().timestamp()
    service.seen(device_id)
