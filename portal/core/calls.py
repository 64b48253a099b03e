"""Call a service outside: its readable answer, or why there is none. Never repeats a call, and never raises for theirs.

A call that was sent and not answered may have been carried out. Only the caller knows how to find out.
"""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

CONNECT_SECONDS = 5.0
# httpx logs every address at INFO, and some services want a key in the address.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer: its HTTP status and the JSON object in it."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer that can be read. `sent` is false only when the call certainly never arrived."""

    reason: str
    sent: bool = True


def call(
    method: str,
    url: str,
    *,
    body: Mapping[str, Any] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = 60.0,
) -> Heard | Silence:
    """One HTTP call with a JSON answer. `body` is sent as JSON, bytes as they are; `seconds` is the longest silence."""
    content = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, Mapping) else body
    sent_as = {"Content-Type": "application/json; charset=utf-8"} if content is not None else {}
    try:
        answer = httpx.request(
            method,
            url,
            content=content,
            headers={**sent_as, **(headers or {})},
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            trust_env=False,
            verify=trusted(),
        )
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        return Silence(f"연결하지 못했습니다({type(error).__name__}).", sent=False)
    except httpx.TimeoutException:
        return Silence(f"{seconds:g}초 안에 답이 오지 않았습니다.")
    except httpx.HTTPError as error:
        return Silence(f"답을 받는 중에 연결이 끊겼습니다({type(error).__name__}).")
    try:
        said: Any = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Silence(f"읽을 수 없는 답이 왔습니다(HTTP {answer.status_code}).")
    return Heard(answer.status_code, said)


@cache
def trusted() -> ssl.SSLContext:
    """Reading the certificates takes longer than most calls: once a process."""
    return httpx.create_ssl_context(trust_env=False)
