"""What the contest found, for people: lines to read, and a picture for docs/sessions.md."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from jobs.contest.measuring import MEASURES

WIDTH, LEFT, RIGHT, TOP = 960, 290, 70, 74
BAR, GAP, GROUP = 9, 1, 12
#: The scale's ends, microseconds. It is logarithmic: from one store to the next lie factors, not differences.
LOW, HIGH = 5, 10_000
#: Blue, green, amber, all dark enough on white and on the dark page.
COLOURS = {"read": "#2f6fde", "unmodified": "#1f9d66", "modified": "#c77700"}


def words(document: dict[str, Any]) -> str:
    """The table, the bars, the claim and the steps."""
    lines = [f"{'median us of two runs':42}" + "".join(f"{measure:>14}" for measure in MEASURES)]
    for name, medians, missing in _stores(document):
        told = "".join(f"{value:14.1f}" for value in medians) if not missing else f"  없음 (missing): {missing}"
        lines.append(f"{name:42}{told}")
    lines.append("")
    for ratio in document["ratios"]:
        verdict = "○" if ratio["ok"] else "×"
        lines.append(f"{verdict} {ratio['of']} / {ratio['to']}: {ratio['value']} (bar {ratio['bar']})")
    lines.append("")
    lines += [f"{row['name']}: {row['percent']:+} %" for row in document["claim"]]
    lines.append("")
    lines += [f"{row['name']}: {row['us']} us, {row['percent']} %" for row in document["steps"]]
    lines.append("")
    for row in document["http"]:
        told = f"{row['median']:12.1f}" if row["runs"] else f"  없음 (missing): {row['missing']}"
        lines.append(f"{row['name']:56}{told}")
    return "\n".join(lines).rstrip()


def _stores(document: dict[str, Any]) -> list[tuple[str, list[float], str]]:
    """(name, medians by MEASURES, why it is missing) in the order of the contest."""
    rows = document["rows"]
    stores = []
    for first in range(0, len(rows), len(MEASURES)):
        of_store = rows[first : first + len(MEASURES)]
        name = of_store[0]["name"].rpartition(":")[0]
        stores.append((name, [row["median"] for row in of_store], of_store[0].get("missing", "")))
    return stores


def picture(document: dict[str, Any]) -> str:
    """The table as SVG: a bar a figure, on a logarithmic scale."""
    stores = [store for store in _stores(document) if not store[2]]
    height = TOP + len(stores) * (len(MEASURES) * (BAR + GAP) + GROUP) + 20
    title = "A request's session: median microseconds (logarithmic; shorter is faster)"
    frame = f'viewBox="0 0 {WIDTH} {height}" role="img" font-family="system-ui, sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="16" font-weight="600" fill="#1c2530">{title}</text>',
        *_legend(),
        *_grid(height),
    ]
    top = TOP
    for name, medians, _missing in stores:
        parts.append(f'<text x="{LEFT - 10}" y="{top + 20}" text-anchor="end" fill="#1c2530">{escape(name)}</text>')
        for measure, value in zip(MEASURES, medians, strict=True):
            end = _x(value)
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{end - LEFT:.1f}" height="{BAR}" fill="{COLOURS[measure]}"/>'
            )
            parts.append(f'<text x="{end + 5:.1f}" y="{top + BAR - 1}" font-size="10" fill="#44505e">{value:g}</text>')
            top += BAR + GAP
        top += GROUP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(microseconds: float) -> float:
    part = math.log(max(microseconds, LOW) / LOW) / math.log(HIGH / LOW)
    return LEFT + min(part, 1) * (WIDTH - LEFT - RIGHT)


def _legend() -> list[str]:
    parts = []
    for place, measure in enumerate(MEASURES):
        x = LEFT + place * 130
        parts.append(f'<rect x="{x}" y="38" width="12" height="12" fill="{COLOURS[measure]}"/>')
        parts.append(f'<text x="{x + 18}" y="48" fill="#1c2530">{measure}</text>')
    return parts


def _grid(height: int) -> list[str]:
    parts = []
    for value in (10, 100, 1000, 10_000):
        x = _x(value)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 12}" stroke="#dfe4ea"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{TOP - 12}" font-size="10" text-anchor="middle" fill="#44505e">{value:,}</text>'
        )
    return parts
