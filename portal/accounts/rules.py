"""What a password must be, where somebody comes from in coarse words, and where one may be sent after signing in."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import urlsplit

from portal.accounts.common import COMMON, RUNS, leaked

SHORTEST = 8
LONGEST = 128
#: Words of a person or company shorter than this are no hint to a guesser.
TELLING = 4
LOOK_ALIKES = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
STAYS_IN_THE_FLOW = ("/sign-in", "/sign-out", "/password/", "/invitations/")


def canonical_email(written: str) -> str:
    """An address as it is kept: without blanks around it, lower case."""
    return unicodedata.normalize("NFKC", written).strip().lower()


def canonical_password(typed: str) -> str:
    """The same password whatever keyboard composed it (NIST SP 800-63B 3.1.1.2: NFKC before hashing)."""
    return unicodedata.normalize("NFKC", typed)


def password_problem(typed: str, *, about: tuple[str, ...] = ()) -> str | None:
    """Why a new password is not taken, as a sentence, or None. `about`: e-mail, name, company of its owner.

    After NIST SP 800-63B: a length, no known or guessable one, and no rules of composition.
    """
    password = canonical_password(typed)
    if len(password) < SHORTEST:
        return f"{SHORTEST}자 이상으로 정해 주십시오."
    if len(password) > LONGEST:
        return f"{LONGEST}자까지 쓸 수 있습니다. 조금 줄여 주십시오."
    folded = password.casefold()
    if is_common(folded):
        return "많이 쓰여 쉽게 알아낼 수 있는 비밀번호입니다. 다른 것으로 정해 주십시오."
    if any(word in folded for word in telling_words(about)):
        return "이메일이나 이름, 회사 이름이 들어 있습니다. 다른 것으로 정해 주십시오."
    return None


def is_common(folded: str) -> bool:
    """Whether a folded password is on every guesser's list: leaked, a known word in disguise, a run of keys, a repetition."""
    if folded in leaked(SHORTEST):
        return True
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    disguised = folded.translate(LOOK_ALIKES)
    bare_disguised = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded.rstrip("0123456789!@#$%^&*?.~_-").translate(LOOK_ALIKES))
    if {folded, bare, disguised, bare_disguised} & COMMON:
        return True
    if any(folded in run or folded in run[::-1] for run in RUNS):
        return True
    return _repeats(folded)


def _repeats(folded: str) -> bool:
    """A part too short to be a password itself, again and again: aaaaaaaa, 12341234, qwerqwer."""
    for size in range(1, min(len(folded) // 2, SHORTEST - 1) + 1):
        part = folded[:size]
        if (part * (len(folded) // size + 1))[: len(folded)] == folded:
            return True
    return False


def telling_words(about: tuple[str, ...]) -> set[str]:
    """Words that a guesser who knows the person would try."""
    words: set[str] = set()
    for text in about:
        words.update(re.split(r"[^\w]+|_", text.casefold()))
        words.add(text.casefold().partition("@")[0])
    hints = {"com", "www", "mail", "gmail", "naver", "daum", "kakao", "hanmail"}
    return {word for word in words if len(word) >= TELLING and word not in hints}


def network_of(address: str) -> str:
    """The coarse network of an address for the history: /24, or /48 for IPv6; empty when it is none."""
    return _cut(address, 24, 48)


def limit_unit(address: str) -> str:
    """What one visitor can hardly change: the IPv4 address, the /64 of IPv6. Used only behind a keyed digest."""
    return _cut(address, 32, 64)


def _cut(address: str, bits_4: int, bits_6: int) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    bits = bits_4 if parsed.version == 4 else bits_6  # noqa: PLR2004 - IP's own number
    return str(ipaddress.ip_network((parsed, bits), strict=False))


BROWSERS = (
    ("KAKAOTALK", "카카오톡"),
    ("Whale/", "웨일"),
    ("SamsungBrowser/", "삼성 인터넷"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def label_of(agent: str) -> str:
    """A browser in words a person knows again: 'Windows · Chrome'."""
    found = [next((word for mark, word in table if mark in agent), "") for table in (SYSTEMS, BROWSERS)]
    return " · ".join(filter(None, found)) or "알 수 없는 기기"


def local_path(wanted: str) -> str:
    """`wanted` when it is a place inside this portal one may be sent to after signing in, else empty."""
    if not wanted.startswith("/") or wanted.startswith("//") or len(wanted) > 1000:  # noqa: PLR2004 - no page of ours is that far
        return ""
    if "\\" in wanted or any(unicodedata.category(letter).startswith("C") for letter in wanted):
        return ""
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or parts.path.startswith(STAYS_IN_THE_FLOW):
        return ""
    return wanted
