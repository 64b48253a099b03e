"""How long a page of billing's documents takes: `make bench WHAT=papers`. The bar is 40 ms a page, warm.

Each document is made once to load fonts and warm up, then RUNS times. Prints {"rows": [{name, unit, median, runs}], "ratios"};
exits 1 when a median of a page is above the bar.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pypdfium2

from portal.billing import pdf
from tests.billing import papers

RUNS = 30
BAR_MS = 40.0


def documents() -> dict[str, Callable[[], bytes]]:
    row, usage, seats, lines, foot = papers.statement(10, 4)
    note = papers.credit_note(papers.invoice(10))
    return {
        "invoice of 5 lines": lambda: pdf.invoice(papers.invoice(5)),
        "invoice of 25 lines": lambda: pdf.invoice(papers.invoice(25)),
        "invoice of 200 lines": lambda: pdf.invoice(papers.invoice(200)),
        "credit note of 10 lines": lambda: pdf.credit_note(note, [("이용권", -1000)] * 10),
        "statement of 10 people": lambda: pdf.statement(row, "한빛", papers.SUPPLIER, usage, seats, lines, foot),
    }


def measured(make: Callable[[], bytes]) -> list[float]:
    """Milliseconds a page, for each run."""
    with pypdfium2.PdfDocument(make()) as document:
        count = len(document)
    runs = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        make()
        runs.append((time.perf_counter() - begun) * 1000 / count)
    return runs


def main() -> int:
    rows: list[dict[str, Any]] = []
    for name, make in documents().items():
        runs = measured(make)
        rows.append(
            {"name": name, "unit": "ms/page", "median": round(median(runs), 2), "runs": [round(r, 2) for r in runs]}
        )
    ratios = [{"name": f"{row['name']} / {BAR_MS:.0f} ms", "value": round(row["median"] / BAR_MS, 3)} for row in rows]
    print(json.dumps({"rows": rows, "ratios": ratios}, ensure_ascii=False))
    return 0 if all(row["median"] <= BAR_MS for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
