"""Makes the rows of a table readable on a phone: each cell learns the words of its column's head.

On a narrow screen a table of many columns is laid out row by row (parts.css), and the head is out of sight there.
"""

from __future__ import annotations

import html
import re

from markupsafe import Markup, escape

#: A table of this many columns or fewer fits a phone as it is.
FITS = 3
_HEAD = re.compile(r"<thead\b.*?</thead>", re.DOTALL)
_HEAD_CELL = re.compile(r"<th\b([^>]*)>(.*?)</th>", re.DOTALL)
_UNSEEN = re.compile(r'<span class="(?:hushed|tip)"[^>]*>.*?</span>|<svg\b.*?</svg>|<[^>]+>', re.DOTALL)
_MARK = re.compile(r"<(tr|td|th)\b([^>]*)>")
_SPAN = re.compile(r'\bcolspan="?(\d+)')


def columns(rows: str) -> int:
    """How many columns the table has, by its head."""
    return sum(_width(attributes) for attributes, _ in _heads(rows))


def labelled(rows: Markup | str) -> Markup:
    """The head and rows of a table, each <td> with its column's words as data-label; a head only for readers gives none."""
    text = str(rows)
    found = _HEAD.search(text)
    if found is None:
        return Markup(rows)  # noqa: S704 - came as markup, goes as markup
    labels: list[str] = []
    for attributes, content in _heads(text):
        words = " ".join(html.unescape(_UNSEEN.sub("", content)).split())
        labels += [words] * _width(attributes)
    at = 0

    def mark(match: re.Match[str]) -> str:
        nonlocal at
        tag, attributes = match.groups()
        if tag == "tr":
            at = 0
            return match[0]
        here, width = at, _width(attributes)
        at += width
        if tag == "th" or width > 1 or here >= len(labels) or not labels[here] or "data-label=" in attributes:
            return match[0]
        return f'<td data-label="{escape(labels[here])}"{attributes}>'

    return Markup(text[: found.end()] + _MARK.sub(mark, text[found.end() :]))  # noqa: S704 - labels are escaped


def _heads(rows: str) -> list[tuple[str, str]]:
    found = _HEAD.search(rows)
    return _HEAD_CELL.findall(found[0]) if found else []


def _width(attributes: str) -> int:
    span = _SPAN.search(attributes)
    return int(span[1]) if span else 1
