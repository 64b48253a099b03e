"""The renderer as a command: SOURCE --out DIR [--encoding E] [--json]; the portal offers it as `flask render`.

With --pdf FILE in place of --out one sheet is plotted true to scale: --scale N, --paper A3 or 600x300, --sheet 0,
--window X0,Y0,X1,Y1 in drawing units, --mono; --font and --bold name other TrueType files than the house's.

--reference NAME=FILE, as often as needed, hands in a file for a name that the drawing mentions (xref, picture, plot
styles); --styles NAME plots with the styles of one of these.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from portal.rendering import plot, render
from portal.rendering.cell import known_encoding
from portal.rendering.paper import PAPERS, Plot, paper_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.rendering.result import Rendering

FONTS: Final = Path(__file__).resolve().parents[2] / "static" / "vendor" / "pretendard"
REST: Final = FONTS.parent / "planroom-drawing" / "PlanroomDrawing-Regular.ttf"
LARGEST_SCALE: Final = 1e9
DONE, WRONG_USE, REFUSED, BUG = 0, 2, 3, 70


def main(argv: Sequence[str] | None = None) -> int:
    """Render one file; 0 drawn or partial, 2 wrong use, 3 refused, 70 a bug of ours.

    With --json the manifest is printed on standard output, otherwise a line for a person.
    """
    parser = argparse.ArgumentParser(
        prog="render", description="DXF나 PDF를 SVG 시트로, DXF를 축척에 맞는 PDF로 바꿉니다."
    )
    parser.add_argument("source", type=Path, metavar="SOURCE")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="DIR")
    where.add_argument("--pdf", type=Path, metavar="FILE")
    parser.add_argument("--encoding", default=None, metavar="NAME")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--reference", type=_reference, action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--styles", default="", metavar="NAME")
    parser.add_argument("--scale", type=_scale, default=None, metavar="N")
    parser.add_argument("--paper", type=_paper, default=(PAPERS["A3"], True), metavar="A3")
    parser.add_argument("--sheet", type=int, default=0, metavar="NUMBER")
    parser.add_argument("--window", type=_window, default=None, metavar="X0,Y0,X1,Y1")
    parser.add_argument("--mono", action="store_true")
    parser.add_argument("--font", type=Path, default=FONTS / "Pretendard-Regular.ttf", metavar="TTF")
    parser.add_argument("--bold", type=Path, default=FONTS / "Pretendard-SemiBold.ttf", metavar="TTF")
    try:
        asked = parser.parse_args(_joined(sys.argv[1:] if argv is None else argv))
    except SystemExit as stop:
        return int(stop.code or 0)
    if asked.encoding and not known_encoding(asked.encoding):
        sys.stderr.write(f"모르는 문자 인코딩입니다: {asked.encoding}\n")
        return WRONG_USE
    files = dict(asked.reference)
    try:
        if asked.pdf is None:
            answer = render(asked.source, asked.out, encoding=asked.encoding, references=files)
        else:
            order, name = _plot(asked), asked.source.stem
            answer = plot(asked.source, asked.pdf, order, name=name, encoding=asked.encoding, references=files)
    except OSError as error:
        sys.stderr.write(f"파일을 읽거나 쓸 수 없습니다: {error}\n")
        return WRONG_USE
    except Exception:
        logging.getLogger(__name__).exception("the renderer failed")
        return BUG
    sys.stdout.write((json.dumps(answer.document(), ensure_ascii=False) if asked.json else _line(answer)) + "\n")
    return BUG if answer.reason == "crashed" else REFUSED if answer.outcome == "refused" else DONE


def _plot(asked: argparse.Namespace) -> Plot:
    paper, turned = asked.paper
    font, bold = str(asked.font.resolve(strict=True)), str(asked.bold.resolve(strict=True))
    return Plot(
        paper, font, bold, str(REST), asked.scale, asked.window, asked.mono, asked.sheet, turned, styles=asked.styles
    )


def _joined(argv: Sequence[str]) -> list[str]:
    """Write `--window -5,0,9,9` in one piece: argparse takes a number with a minus and commas for an option."""
    parts: list[str] = []
    for part in argv:
        if parts and parts[-1] == "--window":
            parts[-1] = f"--window={part}"
        else:
            parts.append(part)
    return parts


def _reference(text: str) -> tuple[str, Path]:
    name, given, file = text.rpartition("=")
    if not given or not name:
        raise ValueError(text)
    return name, Path(file)


def _scale(text: str) -> float:
    value = float(text.removeprefix("1:"))
    if not 0 < value <= LARGEST_SCALE:
        raise ValueError(text)
    return value


def _paper(text: str) -> tuple[tuple[float, float], bool]:
    found = paper_of(text)
    if found is None:
        raise ValueError(text)
    return found


def _window(text: str) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(part) for part in text.split(","))
    if not (x0 < x1 and y0 < y1 and all(map(math.isfinite, (x0, y0, x1, y1)))):
        raise ValueError(text)
    return x0, y0, x1, y1


def _line(answer: Rendering) -> str:
    sheets = ", ".join(f"{sheet.name} {sheet.drawn:,}/{sheet.objects:,}" for sheet in answer.sheets)
    return " ".join(part for part in (answer.outcome, sheets, answer.message) if part)
