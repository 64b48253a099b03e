"""Who may enter. Every route declares it; one without a declaration stops the start; what is not granted is refused.

The gate knows classes and roles only. Who the caller is, is handed in by create_app; whether a row is theirs is decided
where the row is loaded.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeVar, cast, get_args
from urllib.parse import urlencode, urlsplit

from flask import Flask, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.core import sessions
from portal.core.errors import Forbidden, NotFound, Refusal, Unavailable
from portal.core.settings import settings

AccessClass = Literal["public", "signed-link", "person", "member", "staff", "key", "webhook"]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Classes whose callers are no browsers with our cookie, so that a foreign page cannot act in their name.
NOT_BROWSERS = frozenset({"key", "webhook"})
#: What a form of words may weigh. A body is read into memory, or onto the disk, before a view can look at it.
LARGEST_FORM = 2 * 1024 * 1024
PLAIN_FORM = "application/x-www-form-urlencoded"

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """What a route demands. Empty `roles` means any role of the class."""

    kind: AccessClass
    roles: frozenset[str]
    when_read_only: bool
    when_closed: bool
    largest: int
    often: bool


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The program that asks with a key: the key's row, what it is for, and the only company it may speak of, if any."""

    key_id: int
    scope: str
    tenant_id: int | None = None

    @property
    def actor(self) -> str:
        """The word for audit and state machines."""
        return f"api_key:{self.key_id}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person, perhaps as a member of one company, perhaps as staff. Anonymous has person_id 0."""

    person_id: int = 0
    person_name: str = ""
    email: str = ""
    device_id: int = 0
    tenant_id: int = 0
    tenant_name: str = ""
    role: str = ""
    staff_roles: frozenset[str] = frozenset()
    read_only: str = ""
    """Why the company may only look, as a sentence; empty when it may also change."""
    closed: str = ""
    """Why the company may not enter at all, as a sentence; empty when it may."""
    gone: bool = False
    """Whether the company is being destroyed, or was: not even what a closed one may do is left to it."""
    companies: int = 0
    """In how many companies the person is a member."""
    trial_ends_on: date | None = None
    """When the company's trial ends, while that is near and the person may choose a plan."""
    acting: int = 0
    """The grant by which support is in the company; it looks and changes nothing."""
    acting_until: datetime | None = None

    @property
    def signed_in(self) -> bool:
        return self.person_id > 0

    @property
    def staff(self) -> bool:
        return bool(self.staff_roles)

    @property
    def actor(self) -> str:
        """The word for audit and state machines."""
        return f"person:{self.person_id}" if self.signed_in else "visitor"


def access(  # noqa: PLR0913 - what a route may declare, by name
    kind: AccessClass,
    *,
    roles: Iterable[str] = (),
    when_read_only: bool = False,
    when_closed: bool = False,
    largest: int = LARGEST_FORM,
    often: bool = False,
) -> Callable[[View], View]:
    """Declare who may call a view. `when_read_only`: a company that may only look may still post here.

    `when_closed`: so may one that may not enter any more: what it needs to come back, or to take its data along.
    `largest`: how many bytes may be sent. Nobody is read more from before it is known that they may send it.
    `often`: looked at all the time, and nothing of money or rights: the near cache's word for the session is enough.
    """
    if kind not in get_args(AccessClass):
        message = f"{kind!r} is no class of access"
        raise ValueError(message)

    def declare(view: View) -> View:
        view.access = Access(kind, frozenset(roles), when_read_only or when_closed, when_closed, largest, often)  # type: ignore[attr-defined]  # a label on the function
        return view

    return declare


def caller() -> Caller:
    """Who asks, in this request; nobody, when it failed before it was known."""
    return cast("Caller", g.get("caller") or Caller())


def key_holder() -> KeyHolder:
    """Which program asks, on a route of class `key`."""
    return cast("KeyHolder", g.key_holder)


def access_of(app: Flask, endpoint: str) -> Access | None:
    return cast("Access | None", getattr(app.view_functions.get(endpoint), "access", None))


def may_open(endpoint: str) -> bool:
    """Whether role and company let the caller open a page, for links to it; False for a page of a room that is not there."""
    wanted, who = access_of(current_app, endpoint), caller()
    if wanted is None:
        return False
    if wanted.kind == "staff":
        return who.staff and (not wanted.roles or bool(wanted.roles & who.staff_roles))
    if wanted.kind == "member" and _shut_out(who, wanted):
        return False
    return not wanted.roles or who.role in wanted.roles


def check_complete(app: Flask) -> None:
    """Raise RuntimeError for routes that say nothing of who may enter, and for two that answer the same request.

    Of two routes on one address only the first is ever called; the other one's page looks right and does nothing.
    """
    silent = sorted({rule.endpoint for rule in app.url_map.iter_rules() if access_of(app, rule.endpoint) is None})
    if silent:
        message = f"routes without a declaration of access: {', '.join(silent)}"
        raise RuntimeError(message)
    requests = Counter((rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods or ())
    if twice := sorted(
        f"{method} {rule}"
        for (rule, method), count in requests.items()
        if count > 1 and method not in {"HEAD", "OPTIONS"}
    ):
        message = f"requests with two routes: {', '.join(twice)}"
        raise RuntimeError(message)


def init_app(
    app: Flask,
    identify: Callable[[], Caller],
    key_holder: Callable[[str], KeyHolder | None],
    make_anew: Callable[[], None] = lambda: None,
) -> None:
    """`identify` tells who comes with the session; `key_holder` who holds a Bearer key, or None.

    `make_anew` may make the session of a caller anew whom the store does not know.
    """
    app.extensions["planroom.make_anew"] = make_anew
    app.extensions["planroom.identify"] = identify
    app.extensions["planroom.key_holder"] = key_holder
    app.before_request(_guard)


def _guard() -> Response | None:
    g.caller = Caller()
    if request.routing_exception is not None:
        _only_known_host()
        return None  # Flask answers 404 or 405 itself
    wanted = access_of(current_app, request.endpoint or "")
    if wanted is None:
        raise NotFound
    if request.endpoint != "health.healthz":
        _only_known_host()
    if wanted.kind in NOT_BROWSERS:
        _machine(wanted)
        request.max_content_length = _largest(wanted)
        return None
    if request.method not in SAFE:
        _only_same_origin()
    if request.endpoint == "static":
        return None
    if not near_is_enough(wanted, request.method):
        sessions.make_sure()
    if sessions.unknown():
        current_app.extensions["planroom.make_anew"]()
    g.caller = current_app.extensions["planroom.identify"]()
    answer = _admit(g.caller, wanted)
    request.max_content_length = _largest(wanted)
    return answer


def _largest(wanted: Access) -> int:
    """How many bytes may be sent. Files come in parts that are spooled to disk; a plain form is read whole, so it is short."""
    return min(wanted.largest, LARGEST_FORM) if request.mimetype == PLAIN_FORM else wanted.largest


def near_is_enough(wanted: Access, method: str) -> bool:
    """Whether a session out of the near cache will do: to look at what is public, or declared as looked at often.

    Everything else, and so every page of money and rights and every change, asks the store.
    """
    return method in SAFE and (wanted.often or wanted.kind in {"public", "signed-link"})


def _admit(who: Caller, wanted: Access) -> Response | None:
    if wanted.kind in {"public", "signed-link"}:
        return None
    if not who.signed_in:
        if sessions.lost():
            raise Unavailable
        return _to_sign_in()
    if wanted.kind == "staff":
        if not who.staff or (wanted.roles and not wanted.roles & who.staff_roles):
            raise Forbidden
    elif wanted.kind == "member":
        _admit_member(who, wanted)
    return None


def _admit_member(who: Caller, wanted: Access) -> None:
    if not who.tenant_id:
        raise Forbidden("들어갈 회사가 없습니다.", "초대 메일을 확인하시거나 무료체험을 신청해 주십시오.")
    if _shut_out(who, wanted):
        raise Forbidden(who.closed, "'처음으로'를 누르시면 지금 하실 수 있는 일이 나옵니다.")
    if wanted.roles and who.role not in wanted.roles:
        raise Forbidden
    if who.acting and request.method not in SAFE:
        raise Refusal(who.read_only, "고칠 것이 있으면 그 회사 사람에게 알려 주십시오.", 403)
    if who.read_only and request.method not in SAFE and not wanted.when_read_only:
        raise Refusal(who.read_only, "지금은 보고 내려받기만 할 수 있습니다.", 403)


def _shut_out(who: Caller, wanted: Access) -> bool:
    """Whether the company's end keeps its people out. What they would add while it is destroyed would outlive it."""
    return bool(who.closed) and (who.gone or not wanted.when_closed)


def _machine(wanted: Access) -> None:
    if wanted.kind == "key":
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        holder = current_app.extensions["planroom.key_holder"](key.strip()) if scheme.lower() == "bearer" else None
        if holder is None:
            raise Refusal("열쇠가 없거나 맞지 않습니다.", "Authorization: Bearer 머리말을 확인해 주십시오.", 401)
        if wanted.roles and holder.scope not in wanted.roles:
            raise Forbidden("이 열쇠로는 할 수 없는 일입니다.", "맞는 범위의 열쇠를 새로 만들어 주십시오.")
        g.key_holder = holder


def _to_sign_in() -> Response:
    if request.method not in SAFE:
        raise Refusal("로그인이 필요합니다.", "로그인하신 뒤 다시 해 주십시오.", 401)
    target = url_for("accounts.sign_in") + "?" + urlencode({"next": request.full_path.rstrip("?")})
    if request.headers.get("HX-Request") == "true":
        response = current_app.response_class(status=204)
        response.headers["HX-Redirect"] = url_for("accounts.sign_in")
        return response
    return redirect(target, 303)


def _only_known_host() -> None:
    """A Host header of somebody else's choosing ends here (links in mails never use it anyway)."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if host == urlsplit(settings().public_url).hostname:
        return
    if settings().embedded and _on_this_network(host):
        return
    raise Refusal("이 주소로는 열 수 없습니다.", f"{settings().public_url} 로 들어와 주십시오.", 400)


def _on_this_network(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback


def _only_same_origin() -> None:
    """Refuse what another site made a browser send.

    Every browser in use sends Sec-Fetch-Site or Origin with an unsafe request; a caller with neither is no browser, and
    carries no cookie of somebody else's.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site in {"same-origin", "none"}:
        return
    origin = request.headers.get("Origin")
    # Cut, not parsed: an Origin that is no address at all is one more foreign one, and not a reason to fall over.
    if site is None and (origin is None or origin.partition("://")[2] == request.host):
        return
    raise Refusal("다른 사이트에서 보낸 요청은 받지 않습니다.", "도면실 화면에서 다시 해 주십시오.", 403)


def rules(app: Flask) -> list[dict[str, Any]]:
    """Every (rule, method) with what it demands: the answer of `flask access --json`."""
    rows = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        wanted = access_of(app, rule.endpoint)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            kind, roles = (wanted.kind, sorted(wanted.roles)) if wanted else ("none", [])
            rows.append(
                {"rule": rule.rule, "method": method, "endpoint": rule.endpoint, "access": kind, "roles": roles}
            )
    return rows


__all__ = ["Access", "Caller", "KeyHolder", "access", "caller", "check_complete", "init_app", "key_holder", "rules"]
