"""Meters, usage, seats, entitlements."""

from portal.core.feature import Feature
from portal.metering import models as _models  # noqa: F401 - its tables belong to the schema

feature = Feature("metering", subscriptions={"usage.happened": ("metering.take_usage",)})
