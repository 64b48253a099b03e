"""The renderer as a command: SOURCE --out DIR [--encoding E] [--json]; the portal offers it as `flask render`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portal.rendering import render
from portal.rendering.cell import known_encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.rendering.result import Rendering

DONE, WRONG_USE, REFUSED, BUG = 0, 2, 3, 70


def main(argv: Sequence[str] | None = None) -> int:
    """Render one file; 0 drawn or partial, 2 wrong use, 3 refused, 70 a bug of ours.

    With --json the manifest is printed on standard output, otherwise a line for a person.
    """
    parser = argparse.ArgumentParser(prog="render", description="DXF 파일을 SVG 시트로 바꿉니다.")
    parser.add_argument("source", type=Path, metavar="SOURCE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--encoding", default=None, metavar="NAME")
    parser.add_argument("--json", action="store_true")
    try:
        asked = parser.parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    if asked.encoding and not known_encoding(asked.encoding):
        sys.stderr.write(f"모르는 문자 인코딩입니다: {asked.encoding}\n")
        return WRONG_USE
    try:
        answer = render(asked.source, asked.out, encoding=asked.encoding)
    except OSError as error:
        sys.stderr.write(f"파일을 읽거나 쓸 수 없습니다: {error}\n")
        return WRONG_USE
    except Exception:
        logging.getLogger(__name__).exception("the renderer failed")
        return BUG
    sys.stdout.write((json.dumps(answer.document(), ensure_ascii=False) if asked.json else _line(answer)) + "\n")
    return BUG if answer.reason == "crashed" else REFUSED if answer.outcome == "refused" else DONE


def _line(answer: Rendering) -> str:
    sheets = ", ".join(f"{sheet.name} {sheet.drawn:,}/{sheet.objects:,}" for sheet in answer.sheets)
    return " ".join(part for part in (answer.outcome, sheets, answer.message) if part)
