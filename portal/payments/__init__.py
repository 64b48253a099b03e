"""Cards, charges, transfers, dunning."""

from portal.core.feature import Feature
from portal.payments import models as _models  # noqa: F401 - its tables belong to the schema

feature = Feature(
    "payments",
    subscriptions={
        "invoice.finalised": ("payments.open_dunning",),
        "invoice.paid": ("payments.close_dunning",),
        "invoice.voided": ("payments.invoice_voided",),
    },
)
