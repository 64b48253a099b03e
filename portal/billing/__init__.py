"""Plans, subscriptions, statements, invoices."""

from portal.billing import models as _models  # noqa: F401 - its tables belong to the schema
from portal.billing.cli import rate
from portal.core.feature import Feature

feature = Feature("billing", commands=(rate,), subscriptions={"tenant.opened": ("billing.open_trial",)})
