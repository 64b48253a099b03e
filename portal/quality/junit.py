"""Reading JUnit XML from anybody: what ran and how it went, or one sentence why the file is not taken.

Nothing in a file is believed: bytes, inflated bytes, depth, cases and time have limits, document types and entities are
refused before they are read, encodings are decoded here (expat knows no EUC-KR). Attributes that count are ignored where
there are cases to count.
"""

from __future__ import annotations

import codecs
import re
import time
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from portal.quality.rules import tidy_name

MOST_BYTES = 24 * 1024 * 1024
MOST_INFLATED = 48 * 1024 * 1024
DEEPEST = 64
MOST_CASES = 50_000
MOST_SECONDS = 10.0
CHUNK = 64 * 1024
LONGEST_NAME = 500
LONGEST_MESSAGE = 2_000
LONGEST_BODY = 8_000
LONGEST_RUN_SECONDS = 10_000_000.0

_GZIP = b"\x1f\x8b"
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Encodings that test tools write; a name outside this list is not handed to a codec.
_ENCODINGS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "utf-16": "utf-16", "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be", "euc-kr": "cp949", "euckr": "cp949", "cp949": "cp949", "ms949": "cp949", "uhc": "cp949",
    "ks_c_5601-1987": "cp949", "ksc5601": "cp949", "windows-949": "cp949", "x-windows-949": "cp949", "iso-8859-1": "cp1252",
    "latin1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252", "iso-8859-15": "iso-8859-15", "shift_jis": "cp932",
    "windows-31j": "cp932", "euc-jp": "euc-jp", "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5",
}  # fmt: skip
#: Control letters that XML 1.0 forbids and some tools write all the same.
_FORBIDDEN_LETTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CASE = "testcase"
_SUITES = frozenset({"testsuite", "testsuites"})
_RERUNS = frozenset({"flakyfailure", "flakyerror"})
_TROUBLE = {"failure": "failed", "error": "error", "skipped": "skipped", "skip": "skipped"}


class Outcome(StrEnum):
    PASSED = "passed"
    FLAKY = "flaky"  #: failed first, passed when tried again in the same run
    SKIPPED = "skipped"
    FAILED = "failed"
    ERROR = "error"


#: When a case says several things of itself, the worst is meant.
_WORST = (Outcome.ERROR, Outcome.FAILED, Outcome.SKIPPED, Outcome.FLAKY, Outcome.PASSED)
RED = frozenset({Outcome.FAILED, Outcome.ERROR})


class UnreadableError(Exception):
    """This file is not taken. The text is a Korean sentence for whoever sent it."""


@dataclass(slots=True)
class Case:
    """One test as it went in one run. `seconds` is finite and not negative."""

    suite: str
    klass: str
    name: str
    file: str = ""
    outcome: Outcome = Outcome.PASSED
    kind: str = ""
    message: str = ""
    body: str = ""
    seconds: float = 0.0

    @property
    def named(self) -> bool:
        return bool(self.klass or self.name)


@dataclass(slots=True)
class Counts:
    """How many of each, as the answer to a report says it; a test that errs is not also counted as failing."""

    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0

    def add(self, other: Counts) -> None:
        self.tests += other.tests
        self.failures += other.failures
        self.errors += other.errors
        self.skipped += other.skipped


@dataclass(slots=True)
class Report:
    """What one file says. `complete` is False when a suite tells of tests it does not list."""

    cases: list[Case] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    complete: bool = True


def read(data: bytes) -> Report:
    """The report in `data`, gzip or plain. Raises UnreadableError, and nothing else."""
    if len(data) > MOST_BYTES:
        raise UnreadableError(f"파일이 너무 큽니다. {MOST_BYTES // 1024 // 1024}MB까지 받습니다.")
    text = _decoded(_inflated(data))
    if not text.strip():
        raise UnreadableError("빈 파일입니다. 시험이 결과를 쓰기 전에 멈추었는지 확인해 주십시오.")
    deadline = time.monotonic() + MOST_SECONDS
    try:
        reader = _parsed(text, deadline)
    except ParseError as error:
        # Some tools write what a program printed as it was. Without forbidden letters the file may be sound.
        cleaned = _FORBIDDEN_LETTERS.sub("", text)
        if cleaned == text:
            raise _not_xml(error) from None
        try:
            reader = _parsed(cleaned, deadline)
        except ParseError as again:
            raise _not_xml(again) from None
    if not reader.is_report:
        raise UnreadableError("JUnit 보고서가 아닙니다. testsuite나 testsuites로 시작하는 XML을 보내 주십시오.")
    return _summed(reader)


def _not_xml(error: ParseError) -> UnreadableError:
    line, column = error.position
    return UnreadableError(f"XML로 읽을 수 없습니다. {line}번째 줄 {column + 1}번째 글자를 확인해 주십시오.")


def _inflated(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(data, MOST_INFLATED + 1)
    except zlib.error:
        raise UnreadableError("압축을 풀 수 없습니다. 파일이 끝까지 전해졌는지 확인해 주십시오.") from None
    if len(plain) > MOST_INFLATED:
        raise UnreadableError(f"압축을 풀면 너무 큽니다. {MOST_INFLATED // 1024 // 1024}MB까지 받습니다.")
    if not inflater.eof:
        raise UnreadableError("압축된 파일이 중간에 끊겼습니다. 다시 보내 주십시오.")
    return plain


def _decoded(data: bytes) -> str:
    """The file as text: by its byte order mark, by what it declares, else UTF-8 and then what Korean Windows writes."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _as(data, encoding)
    if data[:2] in {b"<\x00", b"\x00<"}:  # UTF-16 without a mark
        return _as(data, "utf-16-le" if data[:1] == b"<" else "utf-16-be")
    declared = _DECLARED.match(data[:400])
    name = declared.group(1).decode().lower() if declared else "utf-8"
    encoding = _ENCODINGS.get(name, "")
    if not encoding:
        raise UnreadableError(f"모르는 문자 인코딩입니다: {name}. UTF-8로 보내 주십시오.")
    if encoding.startswith("utf-16"):
        encoding = "utf-8"  # said by a file that is plainly readable byte by byte: its declaration is wrong
    if encoding == "utf-8":
        try:
            return data.decode()
        except UnicodeDecodeError:
            encoding = "cp949"
    return _as(data, encoding)


def _as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise UnreadableError("글자를 읽을 수 없습니다. UTF-8로 저장해 다시 보내 주십시오.") from None


def _parsed(text: str, deadline: float) -> _Reader:
    reader = _Reader()
    parser = DefusedXMLParser(
        target=reader, encoding="utf-8", forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    data = text.encode("utf-8", "replace")
    try:
        for start in range(0, len(data), CHUNK):
            parser.feed(data[start : start + CHUNK])
            if time.monotonic() > deadline:
                raise UnreadableError("읽는 데 너무 오래 걸립니다. 파일을 나누어 보내 주십시오.")
        parser.close()
    except DefusedXmlException:
        raise UnreadableError("DTD나 엔티티 선언이 든 XML은 받지 않습니다. 선언을 빼고 보내 주십시오.") from None
    return reader


@dataclass(slots=True)
class _Suite:
    """A suite while it is open: what it says of itself, and whether anything in it was counted."""

    name: str
    attributes: dict[str, str]
    counted: int = 0
    trouble: Case | None = None


class _Reader:
    """Target of the parser: keeps open suites, the open case, and the text that belongs to a failure."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.untold = Counts()
        self.is_report = False
        self._depth = 0
        self._suites: list[_Suite] = []
        self._case: Case | None = None
        self._holder: Case | None = None
        self._text: list[str] = []
        self._room = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise UnreadableError(f"너무 깊이 겹친 XML입니다. {DEEPEST}단까지 받습니다.")
        name = _plain(tag)
        if self._depth == 1:
            self.is_report = name in _SUITES
        if name in _SUITES:
            self._suites.append(_Suite(_short(attributes.get("name", "")), attributes))
        elif name == _CASE:
            self._open_case(attributes)
        elif name in _TROUBLE:
            self._trouble(name, attributes)
        elif name in _RERUNS and self._case is not None:
            self._worsen(self._case, Outcome.FLAKY)

    def data(self, text: str) -> None:
        if self._holder is not None and self._room > 0:
            self._text.append(text[: self._room])
            self._room -= len(text)

    def end(self, tag: str) -> None:
        self._depth -= 1
        name = _plain(tag)
        if name in _TROUBLE and self._holder is not None:
            self._close_trouble()
        elif name == _CASE:
            self._case = None
        elif name in _SUITES and self._suites:
            self._close_suite(self._suites.pop())

    def close(self) -> _Reader:
        return self

    def _open_case(self, attributes: dict[str, str]) -> None:
        if len(self.cases) >= MOST_CASES:
            raise UnreadableError(f"시험이 너무 많습니다. 한 파일에 {MOST_CASES:,}개까지 받습니다.")
        self._case = Case(
            suite=" / ".join(suite.name for suite in self._suites if suite.name)[:LONGEST_NAME],
            klass=_short(attributes.get("classname") or attributes.get("class") or ""),
            name=_short(attributes.get("name", "")),
            file=_short(attributes.get("file", "")),
            seconds=_seconds(attributes.get("time", "")),
        )
        self.cases.append(self._case)
        for suite in self._suites:
            suite.counted += 1
        if attributes.get("status", "").lower() in {"skipped", "disabled", "notrun"}:
            self._case.outcome = Outcome.SKIPPED
        if attributes.get("result", "").lower() in {"skipped", "suppressed"}:
            self._case.outcome = Outcome.SKIPPED

    def _trouble(self, name: str, attributes: dict[str, str]) -> None:
        case = self._case
        if case is None:
            if not self._suites or name.startswith("skip"):
                return
            suite = self._suites[-1]
            suite.trouble = suite.trouble or Case(suite=suite.name, klass=suite.name, name="(모음 전체)")
            case = suite.trouble
        if self._worsen(case, Outcome(_TROUBLE[name])):
            case.kind = tidy_name(attributes.get("type", ""))[:200]
            case.message = attributes.get("message", "")[:LONGEST_MESSAGE]
            case.body = ""
            self._holder, self._text, self._room = case, [], LONGEST_BODY

    def _close_trouble(self) -> None:
        if self._holder is not None:
            self._holder.body = "".join(self._text).strip()
        self._holder, self._text = None, []

    def _close_suite(self, suite: _Suite) -> None:
        """A suite that failed as a whole is one case; one that only tells numbers is believed, but is not complete."""
        if suite.trouble is not None and not suite.counted:
            self.cases.append(suite.trouble)
            for outer in self._suites:
                outer.counted += 1
        elif not suite.counted and suite.trouble is None and _plain_count(suite.attributes, "tests"):
            told = Counts(
                *(_plain_count(suite.attributes, name) for name in ("tests", "failures", "errors", "skipped"))
            )
            self.untold.add(told)
            for outer in self._suites:
                outer.counted += told.tests

    @staticmethod
    def _worsen(case: Case, outcome: Outcome) -> bool:
        if _WORST.index(outcome) < _WORST.index(case.outcome):
            case.outcome = outcome
            return True
        return False


def merged(cases: list[Case]) -> list[Case]:
    """Tries of one test in one file as one: failed and then passed is unsteady.

    A name that repeats otherwise is a test fed with several values by a tool that does not write them; each counts.
    """
    tries: dict[tuple[str, str, str, str], list[Case]] = {}
    for case in cases:
        if case.named:
            tries.setdefault((case.suite, case.klass, case.name, case.file), []).append(case)
    gone: set[int] = set()
    for group in tries.values():
        reds = [case for case in group if case.outcome in RED]
        if reds and any(case.outcome in {Outcome.PASSED, Outcome.FLAKY} for case in group):
            kept = reds[0]
            kept.outcome = Outcome.FLAKY
            gone.update(id(case) for case in group if case is not kept)
    return [case for case in cases if id(case) not in gone]


def joined(before: Outcome, after: Outcome) -> Outcome:
    """What two runs of one test say together."""
    outcomes = {before, after}
    if outcomes & RED and outcomes & {Outcome.PASSED, Outcome.FLAKY}:
        return Outcome.FLAKY
    if Outcome.SKIPPED in outcomes and len(outcomes) > 1:
        return (outcomes - {Outcome.SKIPPED}).pop()
    return min(outcomes, key=_WORST.index)


def _summed(reader: _Reader) -> Report:
    cases = merged(reader.cases)
    counts = Counts(
        tests=len(cases),
        failures=sum(case.outcome == Outcome.FAILED for case in cases),
        errors=sum(case.outcome == Outcome.ERROR for case in cases),
        skipped=sum(case.outcome == Outcome.SKIPPED for case in cases),
    )
    counts.add(reader.untold)
    return Report(cases, counts, complete=not reader.untold.tests)


def _plain(tag: Any) -> str:  # noqa: ANN401 - what expat calls a tag
    return str(tag).rpartition("}")[2].lower()


def _short(text: str) -> str:
    return tidy_name(text)[:LONGEST_NAME]


def _seconds(text: str) -> float:
    """`1.5`, `2,503.1` and `1,5` are seconds; what is no number, negative or endless is nought."""
    plain = text.strip()
    if plain.count(",") == 1 and "." not in plain and len(plain.partition(",")[2]) != 3:  # noqa: PLR2004 - thousands
        plain = plain.replace(",", ".")
    try:
        seconds = float(plain.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds <= LONGEST_RUN_SECONDS else 0.0


def _plain_count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "").strip()
    return min(int(text), MOST_CASES) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004
