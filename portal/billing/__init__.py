"""Plans, subscriptions, statements, invoices."""

from portal.billing import models as _models  # noqa: F401 - its tables belong to the schema
from portal.billing.cli import billing, rate
from portal.billing.pages import PAYERS, billing_pages
from portal.billing.plan_pages import plan_pages
from portal.billing.staff import BILLERS, billing_staff
from portal.billing.staff_plans import plans_staff
from portal.core.feature import Feature
from portal.core.page import Section

feature = Feature(
    "billing",
    blueprints=(billing_pages, plan_pages, billing_staff, plans_staff),
    commands=(rate, billing),
    sections=(
        Section(
            "청구서", "invoice", "billing.invoices", roles=PAYERS, group=5, also=("/billing-details", "/statements")
        ),
        Section("요금제", "money", "plans.plans", roles=PAYERS, group=5),
        Section(
            "청구서",
            "invoice",
            "billing_staff.invoices",
            staff=True,
            roles=BILLERS,
            group=2,
            also=("/staff/billing/companies", "/staff/billing/statements"),
        ),
        Section("요금표", "money", "plans_staff.plan_list", staff=True, roles=BILLERS, group=2),
    ),
    subscriptions={"tenant.opened": ("billing.open_trial",)},
)
