"""Who is counted, under which key, and where they came from."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

LONGEST_SOURCE = 60
#: Programs that say so themselves; also the ones that fetch a page to show a preview of it.
PROGRAM = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|scan|monitor|uptime|preview|facebookexternalhit|kakaotalk-scrap|yeti|daumoa|"
    r"curl|wget|python|httpx|aiohttp|okhttp|go-http|java/|libwww|headless|lighthouse|pingdom|healthcheck|feed",
    re.IGNORECASE,
)
#: Hosts that people know by name; the longest fitting end wins.
SOURCES: dict[str, str] = {
    "naver.com": "네이버",
    "blog.naver.com": "네이버 블로그",
    "cafe.naver.com": "네이버 카페",
    "google.com": "구글",
    "google.co.kr": "구글",
    "daum.net": "다음",
    "kakao.com": "카카오",
    "bing.com": "빙",
    "youtube.com": "유튜브",
    "instagram.com": "인스타그램",
    "facebook.com": "페이스북",
    "linkedin.com": "링크드인",
}


def is_program(agent: str) -> bool:
    """Whether a browser name is of a program, or of nothing at all."""
    return not agent.strip() or PROGRAM.search(agent) is not None


def key_of(salt: bytes, address: str, agent: str) -> str:
    """The key of a visitor on the day of `salt`: 32 hex letters."""
    return hmac.new(salt, f"{address}\0{agent}".encode(), hashlib.sha256).hexdigest()[:32]


def source_of(referrer: str, utm_source: str, own_host: str) -> str:
    """Where somebody came from: what the advertisement says, or the host of the page before; empty inside the site."""
    said = "".join(letter for letter in utm_source if letter.isprintable()).strip().lower()
    if said:
        return said[:LONGEST_SOURCE]
    try:
        host = (urlsplit(referrer).hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return ""
    if not host or host == own_host.removeprefix("www."):
        return ""
    known = [name for name in SOURCES if host == name or host.endswith("." + name)]
    return SOURCES[max(known, key=len)] if known else host[:LONGEST_SOURCE]


@dataclass(frozen=True, slots=True)
class Look:
    """One visit, bare: for counting."""

    key: str
    page: str
    source: str
    day: date
    at: datetime


def days_until(last: date, count: int) -> list[date]:
    """`count` days that end with `last`."""
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def by_day(looks: Iterable[Look], days: list[date], stages: tuple[str, ...]) -> list[dict[str, int]]:
    """For each day, how many different visitors reached each stage, and under `visitors` how many there were at all."""
    keys: dict[tuple[date, str], set[str]] = {}
    for look in looks:
        keys.setdefault((look.day, look.page), set()).add(look.key)
        if look.page != "approved":  # a reviewer's act, not a visit
            keys.setdefault((look.day, "visitors"), set()).add(look.key)
    return [{stage: len(keys.get((day, stage), ())) for stage in ("visitors", *stages)} for day in days]


def by_source(looks: Iterable[Look]) -> list[dict[str, int | str]]:
    """Visitors and applications by where they first came from that day, the most first."""
    first: dict[str, str] = {}
    applied: set[str] = set()
    for look in sorted(looks, key=lambda look: look.at):
        if look.page == "approved":
            continue
        first.setdefault(look.key, look.source)
        if look.page == "submitted":
            applied.add(look.key)
    rows: dict[str, list[int]] = {}
    for key, source in first.items():
        row = rows.setdefault(source or "직접", [0, 0])
        row[0] += 1
        row[1] += key in applied
    ordered = sorted(rows.items(), key=lambda row: (-row[1][0], row[0]))
    return [{"source": source, "visitors": visitors, "applied": count} for source, (visitors, count) in ordered]
