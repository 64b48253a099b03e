"""Electronic tax invoices."""

from portal.core.feature import Feature
from portal.taxinvoices import models as _models  # noqa: F401 - its tables belong to the schema

feature = Feature(
    "taxinvoices",
    subscriptions={
        "invoice.finalised": ("taxinvoices.invoice_finalised",),
        "invoice.voided": ("taxinvoices.invoice_voided",),
    },
)
