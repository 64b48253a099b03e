"""Keep, hold, destroy, certify."""

from portal.core.feature import Feature
from portal.retention import models as _models  # noqa: F401 - its tables belong to the schema

feature = Feature(
    "retention",
    subscriptions={
        "tenant.ended": ("retention.tenant_ended",),
        "tenant.activated": ("retention.tenant_activated",),
    },
)
