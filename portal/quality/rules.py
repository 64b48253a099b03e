"""What can be said of test reports without asking anybody: which test, which cause, when it is mended, whose it is. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase

#: So many greens of the same job and platform, in complete runs, close an item.
GREENS_TO_CLOSE = 3
#: From so many tests on that fail with one cause in one build it is one thing for the build, not one for each owner.
CLUSTER_FROM = 4
#: The same, whatever the causes, when more than this share (in percent) of what ran has newly failed.
CLUSTER_SHARE = 20
#: One build opens at most so many items; the rest shares one.
ITEMS_PER_BUILD = 30
#: An item that came back so often is unsteady: it is no longer closed by itself.
REGRESSIONS_TO_FLAKY = 3
#: A test that failed and passed in one run so often gets an item of its own.
FLAKES_TO_ASK = 3
QUARANTINE_LONGEST = timedelta(days=30)
#: A rule with this pattern names who looks after builds as a whole.
BUILD_RULE = "@build"

_MAIN = frozenset({"", "main", "master", "trunk", "develop", "HEAD"})
_PARAMETERS = re.compile(r"\s*(\[.*\]|\(.*\)|\{.*\})\s*$", re.DOTALL)
_LONGEST_CAUSE = 300

#: What differs between two runs of one failure, and by what it is replaced; the order matters.
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.+@~-]+){2,}"), "<path>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
)
_TYPE_FIRST = re.compile(
    r"^\s*(?:E\s+)?((?:[A-Za-z_$][\w$]*[.:])*[A-Z]\w*(?:Error|Exception|Failure|Failed|Warning|Exit))\b"
)
_PYTHON_FRAME = re.compile(r'File "([^"]{1,300})", line \d+(?:, in ([\w<>]{1,100}))?')
_PYTEST_FRAME = re.compile(r"^([\w./\\-]{1,300}\.py):\d+: ", re.MULTILINE)
_JAVA_FRAME = re.compile(r"^\s*at ([\w.$/]{1,200}\.[\w$<>]{1,100})\(", re.MULTILINE)
_SCRIPT_FRAME = re.compile(r"^\s*at (?:(.{1,200}?) \()?([^()\s]{1,300}):\d+:\d+\)?", re.MULTILINE)
_FOREIGN = re.compile(
    r"site-packages|dist-packages|[\\/]lib[\\/]python|<frozen|node_modules|\bnode:|internal/"
    r"|^(?:java|javax|jdk|sun|junit|org\.junit|org\.hamcrest|org\.apache\.maven|org\.testng|kotlin|scala|groovy)\."
)


def branch_class(branch: str) -> str:
    """The branch as far as an item is concerned: all names of the main line are one, any other branch is its own."""
    plain = branch.strip().removeprefix("refs/heads/").removeprefix("origin/")
    return "main" if plain in _MAIN else plain


def tidy_name(text: str) -> str:
    """A name as reports write it, for comparing and showing: composed, single spaces, nothing invisible or turning."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(c if c.isprintable() or c.isspace() else "" for c in composed).split())


def without_parameters(name: str) -> str:
    """`test_a[x-1]` -> `test_a`: one test, however it is fed."""
    return _PARAMETERS.sub("", name) or name


def test_key(job: str, branch: str, suite: str, klass: str, name: str) -> str:
    """Which test this is, over all builds: 64 hexadecimal digits. `branch` is a branch class."""
    return _digest(job, branch, suite, klass, name)


def item_key(what: str, cause: str) -> str:
    """Which item: `what` is a test's key, or the job and branch of a cluster."""
    return _digest(what, cause)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a test failed: `key` is the same for the same cause, `words` are what is the same of the message."""

    key: str
    words: str


def cause_of(kind: str, message: str, body: str) -> Cause:
    """The cause in a failure's type, message and body: exception type, top frame of our own, masked message."""
    lines = [line for line in (message or body).splitlines() if line.strip()]
    told = next((line for line in lines if not _noise(line)), lines[0] if lines else "")
    if lines and lines[0].startswith("Traceback"):
        told = lines[-1]
    found = _TYPE_FIRST.match(told)
    name = kind.strip() or (found.group(1) if found else "")
    words = masked(told)[:_LONGEST_CAUSE]
    return Cause(
        _digest(name, top_frame(body or message), words), f"{name}: {words}" if kind and name not in words else words
    )


def masked(text: str) -> str:
    """`text` without what differs from run to run."""
    plain = tidy_name(text)
    for pattern, instead in _MASKS:
        plain = pattern.sub(instead, plain)
    return plain


def top_frame(trace: str) -> str:
    """File and function nearest to the failure that are the project's own; empty when the trace names none."""
    python = [(path, name or "") for path, name in _PYTHON_FRAME.findall(trace) if not _FOREIGN.search(path)]
    if python:
        return " ".join((_leaf(python[-1][0]), python[-1][1]))
    pytest = [path for path in _PYTEST_FRAME.findall(trace) if not _FOREIGN.search(path)]
    if pytest:
        return _leaf(pytest[-1])
    java = [name for name in _JAVA_FRAME.findall(trace) if not _FOREIGN.search(name)]
    if java:
        return str(java[0])
    script = [(name, path) for name, path in _SCRIPT_FRAME.findall(trace) if not _FOREIGN.search(path)]
    return " ".join((_leaf(script[0][1]), script[0][0])) if script else ""


# ---- closing


@dataclass(frozen=True, slots=True)
class Seen:
    """How one test went in one build. `green`: it ran and passed. `red`: it failed. Neither: skipped, or unsteady."""

    test: int
    platform: str
    number: int
    green: bool
    red: bool
    complete: bool


def mended(failed_on: Iterable[tuple[int, str]], seen: Sequence[Seen], greens: int = GREENS_TO_CLOSE) -> bool:
    """Whether all that failed has been green often enough since.

    `failed_on` are (test, platform) of the item's failures. Only builds of that platform count, only complete ones, and
    only those in which the test ran: absent or skipped is not green. Any later failure of the test starts anew.
    """
    wanted = set(failed_on)
    return bool(wanted) and all(_greens(test, platform, seen) >= greens for test, platform in wanted)


def _greens(test: int, platform: str, seen: Sequence[Seen]) -> int:
    own = [one for one in seen if one.test == test and one.platform == platform]
    last_red = max((one.number for one in own if one.red), default=-1)
    return len({one.number for one in own if one.green and one.complete and one.number > last_red})


def is_cluster(same_cause: int) -> bool:
    return same_cause >= CLUSTER_FROM


def is_mass(failed: int, ran: int) -> bool:
    """Whether so many of what ran failed anew that something under all of them is broken."""
    return failed >= CLUSTER_FROM and failed * 100 > ran * CLUSTER_SHARE


# ---- owners


def matches(pattern: str, paths: Iterable[str]) -> bool:
    """Whether a rule's pattern means a test, in the way of CODEOWNERS: `tests/billing/`, `*.java`, `/ci/*`, `**/pdf/**`.

    A pattern with a slash inside is held against the whole path (with one at its front or not); one without, against
    each part of it. A folder means all below it.
    """
    plain = pattern.strip()
    if not plain or plain == BUILD_RULE:
        return False
    anchored = "/" in plain.rstrip("/")
    plain = plain.strip("/")
    for path in paths:
        parts = [part for part in path.replace("\\", "/").split("/") if part]
        wholes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        if any(fnmatchcase(text, plain) for text in (wholes if anchored else parts)):
            return True
        if anchored and plain.startswith("**/") and any(fnmatchcase(text, plain[3:]) for text in wholes):
            return True
    return False


def paths_of(file: str, klass: str, name: str) -> list[str]:
    """The paths under which rules may know a test: its file, and its class and name as folders."""
    by_class = "/".join([*klass.replace("::", ".").split("."), name]) if klass else name
    return [path for path in (file, by_class) if path]


# ---- is it getting better?


@dataclass(frozen=True, slots=True)
class Week:
    """What happened to items in a week that begins on Sunday `start`."""

    start: date
    opened: int
    regressed: int
    resolved: int

    @property
    def rate(self) -> int:
        """Of all failures that asked for somebody, how many in a hundred were recurrences."""
        asked = self.opened + self.regressed
        return (self.regressed * 100 + asked // 2) // asked if asked else 0


def weeks(events: Iterable[tuple[date, str]], today: date, count: int = 12) -> list[Week]:
    """The last `count` weeks, oldest first, from (Seoul date, "opened" | "regressed" | "resolved")."""
    first = _sunday(today) - timedelta(weeks=count - 1)
    tally: dict[date, dict[str, int]] = {first + timedelta(weeks=n): {} for n in range(count)}
    for day, verb in events:
        week = tally.get(_sunday(day))
        if week is not None:
            week[verb] = week.get(verb, 0) + 1
    return [
        Week(start, of.get("opened", 0), of.get("regressed", 0), of.get("resolved", 0)) for start, of in tally.items()
    ]


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _noise(line: str) -> bool:
    return line.startswith(("Traceback", "  File ", "    ", "at "))


def _leaf(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()
