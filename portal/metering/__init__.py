"""Meters, usage, seats, entitlements."""

from portal.core.feature import Feature
from portal.metering.api import usage_api

feature = Feature(
    "metering",
    blueprints=(usage_api,),
    subscriptions={
        "usage.happened": ("metering.take_usage",),
        "tenant.opened": ("metering.grant_trial",),
        "member.changed": ("metering.settle_seat",),
    },
)
