"""How long a page of the house's documents takes: `make bench WHAT=papers`. The bar is 40 ms a page, warm.

Each document is made once to load fonts and warm up, then RUNS times. Prints {"rows": [{name, unit, median, runs}], "ratios"};
exits 1 when a median of a page is above the bar.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

import pypdfium2

from portal.billing import pdf
from portal.retention import pdf as certificates
from portal.retention.models import Certificate
from portal.taxinvoices import pdf as tax_pdf
from portal.taxinvoices.models import TaxInvoice
from tests.billing import papers

RUNS = 30
CERTIFICATE = Certificate(
    number="D2026-000001", digest="ab" * 32, issued_at=datetime(2026, 11, 1, tzinfo=UTC),
    document={
        "company": "hanbit", "destroyed": "2026-11-01T00:00:00+00:00", "asked_by": "person:7", "agreed_by": "person:9",
        "method": "데이터베이스 삭제, 파일 삭제", "databases": 1, "files": 1200, "file_bytes": 9_000_000, "files_digest": "cd" * 32,
        "rows": {"membership": 12}, "people": 12, "set_apart": {"contract": 3}, "laws": {"contract": "전자상거래법 시행령 제6조"},
        "scanned": ["낱말", "데이터베이스", "로그인과 대기열", "백업", "파일", "행"],
    },
)  # fmt: skip
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
        "tax invoice": lambda: tax_pdf.form(tax_invoice()),
        "certificate of destruction": lambda: certificates.certificate(CERTIFICATE, papers.SUPPLIER),
    }


def tax_invoice() -> TaxInvoice:
    party = {
        "CorpNum": "1248100998", "CorpName": "㈜똠방건설", "CEOName": "김서연", "Addr": "06236 서울특별시 강남구 테헤란로 1",
        "BizType": "건설업", "BizClass": "종합건설",
    }  # fmt: skip
    line = {"purchaseDT": "20261031", "itemName": "도면실 이용료 2026년 10월", "supplyCost": "100000", "tax": "10000"}
    return TaxInvoice(
        invoice=papers.invoice(1), write_date=date(2026, 10, 31), supply=100_000, vat=10_000, total=110_000, purpose="청구",
        approval_number="20261101-41000000-00000001",
        document={"invoicer": party, "invoicee": party, "detailList": [line], "remark1": "2026-000042"},
    )  # fmt: skip


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
    ratios = [{"of": row["name"], "to": f"{BAR_MS:.0f} ms", "value": round(row["median"] / BAR_MS, 3)} for row in rows]
    print(json.dumps({"rows": rows, "ratios": ratios}, ensure_ascii=False))
    return 0 if all(row["median"] <= BAR_MS for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
