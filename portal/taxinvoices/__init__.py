"""Electronic tax invoices."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.taxinvoices.pages import PAYERS, taxinvoices
from portal.taxinvoices.staff import BILLING, stopped_count, taxinvoices_staff

feature = Feature(
    "taxinvoices",
    blueprints=(taxinvoices, taxinvoices_staff),
    subscriptions={
        "invoice.finalised": ("taxinvoices.invoice_finalised",),
        "invoice.voided": ("taxinvoices.invoice_voided",),
    },
    sections=(
        Section("세금계산서", "tax", "taxinvoices.papers", roles=PAYERS, group=5),
        Section(
            "세금계산서", "tax", "taxinvoices_staff.board", staff=True, roles=BILLING, group=2, count=stopped_count
        ),
    ),
)
