"""Meters, usage, seats, entitlements."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.metering.api import usage_api
from portal.metering.cli import ingest_commands
from portal.metering.pages import usage_pages
from portal.metering.staff import usage_staff
from portal.metering.viewing import SEES

feature = Feature(
    "metering",
    blueprints=(usage_pages, usage_staff, usage_api),
    subscriptions={
        "usage.happened": ("metering.take_usage",),
        "tenant.opened": ("metering.grant_trial",),
        "member.changed": ("metering.settle_seat",),
    },
    commands=(ingest_commands,),
    sections=(
        Section("사용량", "usage", "metering.usage", roles=SEES, group=5, also=("/seats", "/keys")),
        Section(
            "계량기", "measure", "metering_staff.meters", staff=True, roles=frozenset({"admin", "developer"}), group=3
        ),
        Section("열쇠", "key", "metering_staff.keys", staff=True, roles=frozenset({"admin", "developer"}), group=3),
    ),
)
