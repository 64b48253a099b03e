"""Who may call the tax-invoice service: a token for half an hour, against a signature over the request.

The signature is HMAC-SHA256 with the key (out of its base64) over the lines: method, base64 of the body's SHA-256, date,
the forwarded-for line when it was sent, the version, the address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Request

from portal.sandbox.popbill.refusals import Refused
from portal.sandbox.world import World

GOOD_FOR = timedelta(minutes=30)
VERSION = "2.0"
SCOPES = ("member", "110")


class Tokens:
    """Hands tokens out and knows them again. None is stored: each carries its own proof."""

    def __init__(self, world: World) -> None:
        self._settings, self._now = world.settings, world.now

    def give(self, asked: Request, service: str) -> dict[str, Any]:
        """The answer of `/{service}/Token`; Refused unless it was signed with our key for our own business number."""
        body = asked.get_data()
        if not hmac.compare_digest(asked.headers.get("Authorization", ""), self._wanted(asked, body, service)):
            raise Refused(-99000001, 401)
        try:
            told: Any = json.loads(body)
        except ValueError:
            told = None
        member = told.get("access_id") if isinstance(told, dict) else None
        if member != self._settings.supplier.business_number:
            raise Refused(-99003008)
        if not set(SCOPES) <= set(told.get("scope") or ()):
            raise Refused(-11000001)
        until = (self._now() + GOOD_FOR).astimezone(UTC)
        return {
            "session_token": self._token(f"{until:%Y-%m-%dT%H:%M:%S.%fZ}"),
            "serviceID": service,
            "linkID": self._settings.popbill_link_id,
            "usercode": member,
            "ipaddress": "127.0.0.1",
            "expiration": f"{until:%Y-%m-%dT%H:%M:%S.%fZ}",
            "scope": list(SCOPES),
        }

    def check(self, asked: Request) -> None:
        """The Bearer token of a call."""
        kind, _, token = asked.headers.get("Authorization", "").partition(" ")
        until, _, _ = token.partition("~")
        if kind != "Bearer" or not hmac.compare_digest(token.encode(), self._token(until).encode()):
            raise Refused(-99000002, 401)
        if datetime.fromisoformat(until) <= self._now():
            raise Refused(-99000002, 401)

    def _wanted(self, asked: Request, body: bytes, service: str) -> str:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        forwarded = asked.headers.get("x-lh-forwarded")
        lines = ["POST", digest, asked.headers.get("x-lh-date", "")]
        lines += [*([forwarded] if forwarded else []), VERSION, f"/{service}/Token"]
        proof = hmac.new(base64.b64decode(self._settings.popbill_secret_key), "\n".join(lines).encode(), hashlib.sha256)
        return f"LINKHUB {self._settings.popbill_link_id} {base64.b64encode(proof.digest()).decode()}"

    def _token(self, until: str) -> str:
        proof = hmac.new(self._settings.popbill_secret_key.encode(), f"token:{until}".encode(), hashlib.sha256)
        return f"{until}~{proof.hexdigest()}"
