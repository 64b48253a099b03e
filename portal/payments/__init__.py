"""Cards, charges, transfers, dunning."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.payments.pages import PAYERS, payments
from portal.payments.staff import BILLING, doubtful_count, payments_staff

feature = Feature(
    "payments",
    blueprints=(payments, payments_staff),
    sections=(
        Section("결제 수단", "card", "payments.methods", roles=PAYERS, group=5),
        Section("수납", "money", "payments_staff.charges", staff=True, roles=BILLING, group=2, count=doubtful_count),
    ),
    subscriptions={
        "invoice.finalised": ("payments.open_dunning",),
        "invoice.paid": ("payments.close_dunning",),
        "invoice.voided": ("payments.invoice_voided",),
    },
)
