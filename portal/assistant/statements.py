"""A file of SQL cut into statements, whatever tool wrote it: psql's own commands, COPY's rows, MySQL's DELIMITER, triggers.

Nothing here understands SQL; it only knows where a statement ends, so that one broken statement costs only itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: A statement that is longer, or nested deeper, is no description of a table that a person wrote or a tool dumped.
LONGEST = 400_000
DEEPEST = 120
_TOKENS = re.compile(
    r"""--[^\n]*|\#[^\n]*|/\*(?:[!M]!?\d*)?|\*/|'|"|`|\$(?:[^\W\d]\w*)?\$|\(+|\)+|[;\\]|(?<![\w])[Dd][Ee][Ll][Ii][Mm][Ii][Tt][Ee][Rr]\b""",
)
_IDLE = re.compile(r"[\s;]*")
_BLOCK = re.compile(r"\b(begin|case|end)\b(?!\s+if\b)", re.IGNORECASE)
_ROUTINE = re.compile(
    r"\s*create\s+(or\s+replace\s+)?(definer\s*=\s*\S+\s+)?(temp\w*\s+)?(trigger|procedure|function|event)\b",
    re.IGNORECASE,
)
_COPY = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """`line` is where it begins; `fault` is a Korean sentence when it cannot be read at all."""

    text: str
    line: int
    fault: str = ""


class Cutter:
    """One pass over a text. Comments become a blank; everything else is kept as it is."""

    def __init__(self, text: str, dialect: str) -> None:
        self.text = text.replace("\r\n", "\n").replace("\x00", "")
        self.dialect = dialect
        self.at = 0
        self.line = 1
        self.delimiter = ";"
        self._begin()

    def _begin(self) -> None:
        """Nothing of the next statement is read yet."""
        self.parts: list[str] = []
        self.began = self.line
        self.depth = self.deepest = self.looked = self.open_blocks = 0
        self.fault = ""
        self.started = False
        self.routine: bool | None = None

    def statements(self) -> Iterator[Statement]:
        while self.at < len(self.text):
            done = self._step()
            if done:
                yield from self._finish()
        yield from self._finish()

    def _step(self) -> bool:
        """Take in up to the next thing that matters; whether a statement ended there."""
        if not self.started and self.delimiter == ";":
            self._keep(_IDLE.match(self.text, self.at).end())  # type: ignore[union-attr]  # it matches nothing at all, too
        if self.delimiter != ";" and self.text.startswith(self.delimiter, self.at):
            self.at += len(self.delimiter)
            return True
        found = _TOKENS.search(self.text, self.at)
        stop = found.start() if found else len(self.text)
        if self.delimiter != ";":
            ahead = self.text.find(self.delimiter, self.at, stop)
            if ahead >= 0:
                self._keep(ahead)
                self.at += len(self.delimiter)
                return True
        self._keep(stop)
        return self._sign(found.group()) if found else False

    def _sign(self, sign: str) -> bool:
        start = self.at
        if self.delimiter != ";" and self.text.startswith(self.delimiter, start):
            self.at += len(self.delimiter)
            return True
        if sign in {"'", '"', "`"}:
            self._quoted(sign)
        elif sign.startswith("/*"):
            self._comment(sign)
        elif sign == "*/":
            self.at += len(sign)
        elif sign.startswith("--") or (sign.startswith("#") and self.dialect == "mysql"):
            self.at += len(sign)
            self.parts.append(" ")
        elif sign.startswith("$") and self.dialect == "postgresql":
            self._dollar(sign)
        elif sign == "\\" and self._at_line_start(start):
            self._skip_line()
        elif sign.lower() == "delimiter" and not self.started and self._at_line_start(start):
            self.delimiter = self._skip_line()[len(sign) :].strip() or ";"
        elif sign == ";" and self.delimiter == ";":
            return self._semicolon()
        else:
            self.depth += sign.count("(") - sign.count(")")
            self.deepest = max(self.deepest, self.depth)
            self._keep(self.at + len(sign) if not sign.startswith("#") else self.at + 1)
        return False

    def _keep(self, stop: int) -> None:
        piece = self.text[self.at : stop]
        if not self.started and piece.strip(" \n\t\r\f\v;"):
            self.started = True
            self.began = self.line + piece[: len(piece) - len(piece.lstrip())].count("\n")
        if self.started:
            self.parts.append(piece)
        self.line += piece.count("\n")
        self.at = stop

    def _quoted(self, quote: str) -> None:
        escapes = quote == "'" and (self.dialect == "mysql" or self.text[max(0, self.at - 1) : self.at] in {"e", "E"})
        at = self.at + 1
        while True:
            end = self.text.find(quote, at)
            if end < 0:
                self.fault = "따옴표가 닫히지 않았습니다."
                self._keep(len(self.text))
                return
            slashes = len(self.text[at:end]) - len(self.text[at:end].rstrip("\\")) if escapes else 0
            if slashes % 2:
                at = end + 1
            elif self.text.startswith(quote, end + 1):
                at = end + 2
            else:
                self._keep(end + 1)
                return

    def _comment(self, sign: str) -> None:
        if self.dialect == "mysql" and len(sign) > 2:  # noqa: PLR2004
            self.at += len(
                sign
            )  # MySQL runs what stands in /*!40101 such a comment */: the words count, the marks do not
            return
        end = self.text.find("*/", self.at + 2)
        if end < 0:
            self.fault = self.fault or ("주석이 닫히지 않았습니다." if self.started else "")
            end = len(self.text)
        self.line += self.text.count("\n", self.at, end)
        self.at = min(end + 2, len(self.text))
        if self.started:
            self.parts.append(" ")

    def _dollar(self, tag: str) -> None:
        end = self.text.find(tag, self.at + len(tag))
        if end < 0:
            self.fault = "따옴표($$)가 닫히지 않았습니다."
        self._keep(end + len(tag) if end >= 0 else len(self.text))

    def _at_line_start(self, at: int) -> bool:
        begin = self.text.rfind("\n", max(0, at - 200), at)
        return (begin >= 0 or at <= 200) and not self.text[begin + 1 : at].strip()  # noqa: PLR2004 - as above

    def _skip_line(self) -> str:
        end = self.text.find("\n", self.at)
        end = end if end >= 0 else len(self.text)
        line = self.text[self.at : end]
        self.at = end
        return line

    def _semicolon(self) -> bool:
        """Whether the statement ends here: in a trigger or routine only when its blocks are closed."""
        if self.routine is None:
            head = "".join(self.parts[:50])[:2000]
            self.routine = self.dialect != "postgresql" and _ROUTINE.match(head) is not None
        if self.routine:
            for word in _BLOCK.findall("".join(self.parts[self.looked :])):
                self.open_blocks += -1 if word.lower() == "end" else 1
            self.looked = len(self.parts)
            if self.open_blocks > 0:
                self._keep(self.at + 1)
                return False
        self.at += 1
        return True

    def _finish(self) -> Iterator[Statement]:
        text = "".join(self.parts).strip()
        fault, line = self.fault, self.began
        if not fault and len(text) > LONGEST:
            fault = f"한 문장이 {LONGEST:,}자를 넘습니다."
        if not fault and self.deepest > DEEPEST:
            fault = "괄호가 너무 깊습니다."
        self._begin()
        if self.dialect == "postgresql" and _COPY.match(text[:2000]):
            self._skip_rows()
        if text:
            yield Statement(text, line, fault)

    def _skip_rows(self) -> None:
        r"""COPY's rows stand in the text itself, up to a line of `\.`."""
        end = re.compile(r"^\\\.[ \t]*$", re.MULTILINE).search(self.text, self.at)
        stop = end.end() if end else len(self.text)
        self.line += self.text.count("\n", self.at, stop)
        self.at = stop


def statements(text: str, dialect: str) -> Iterator[Statement]:
    """The statements of `text`, in order, without comments and without what only a client program reads."""
    return Cutter(text, dialect).statements()


def items(body: str) -> list[str]:
    """What stands between the commas of the outermost level of `body`."""
    found, depth, begin, at = [], 0, 0, 0
    while at < len(body):
        letter = body[at]
        if letter in "'\"`":
            end = body.find(letter, at + 1)
            at = end if end >= 0 else len(body)
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == "," and depth == 0:
            found.append(body[begin:at].strip())
            begin = at + 1
        at += 1
    found.append(body[begin:].strip())
    return [item for item in found if item]
