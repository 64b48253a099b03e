"""Documents of billing without a database: rows that were never kept, with as many lines as a test asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime

from portal.billing.models import CreditNote, Invoice, InvoiceLine, InvoiceState, Statement
from portal.billing.rules.explaining import Shown
from portal.billing.rules.terms import Totals
from portal.billing.usage_words import Held, Used
from portal.core import money
from portal.core.supplier import Supplier

CUSTOMER = {
    "name": "㈜똠방건설",
    "business_number": "1248100998",
    "ceo": "김서연",
    "address": "06236 서울특별시 강남구 테헤란로 1",
    "contact_name": "이회계",
    "emails": ["tax@hanbit.example"],
    "pay_by": "transfer",
}
SUPPLIER = Supplier()


def invoice(lines: int, name: str = "이용권", customer: str = "") -> Invoice:
    """An invoice of `lines` lines of 1,000 won each."""
    supply = 1000 * lines
    vat = money.vat(supply)
    return Invoice(
        id=1, number="2026-000042", state=InvoiceState.FINALISED, period_from=date(2026, 10, 1),
        period_to=date(2026, 11, 1), issued_on=date(2026, 11, 3), due_on=date(2026, 11, 17), supply=supply, vat=vat,
        total=supply + vat, paid=0,
        parties={"supplier": SUPPLIER.as_dict(), "customer": CUSTOMER | ({"name": customer} if customer else {})},
        lines=[
            InvoiceLine(
                line_key=f"2026-10|plan:team@1|p{n}", position=n, name=f"{name} {n}", quantity="1.5", unit="GB",
                period_from=date(2026, 10, 1), period_to=date(2026, 11, 1), won=1000, explain={},
            )
            for n in range(1, lines + 1)
        ],
    )  # fmt: skip


def credit_note(row: Invoice) -> CreditNote:
    return CreditNote(
        number="C2026-000003", reason="이용권을 두 번 청구했습니다.", invoice=row, supply=row.supply, vat=row.vat,
        total=row.total, issued_on=date(2026, 11, 5),
        lines=[{"line_key": line.line_key, "won": line.won} for line in row.lines],
    )  # fmt: skip


def statement(people: int, lines: int) -> tuple[Statement, list[Used], list[Held], list[Shown], Totals]:
    row = Statement(
        period_from=date(2026, 10, 1), period_to=date(2026, 11, 1), digest="ab" * 32,
        rated_at=datetime(2026, 11, 3, 3, tzinfo=UTC), document={},
    )  # fmt: skip
    usage = [Used("저장 용량", "250.5", "GB", 12, "기간 평균"), Used("도면 열람", "4,001", "회", 4001, "")]
    seats = [Held(f"사람{n}", 31) for n in range(people)]
    shown = [
        Shown(f"k{n}", f"항목 {n}", "2026.10.01~10.31", "1", "명", 1000, ("1,000원 × 1명 = 1,000원",), ())
        for n in range(lines)
    ]
    supply = 1000 * lines
    return row, usage, seats, shown, Totals(supply, 0, supply, money.vat(supply), supply + money.vat(supply))
