"""Keep, hold, destroy, certify."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.retention.backups import check as backup_check
from portal.retention.cases import STAFF
from portal.retention.cli import backup as backup_commands
from portal.retention.cli import retention as retention_commands
from portal.retention.pages import OWNERS, retention
from portal.retention.staff import retention_staff, waiting_count

feature = Feature(
    "retention",
    blueprints=(retention, retention_staff),
    commands=(retention_commands, backup_commands),
    checks=(backup_check,),
    subscriptions={
        "tenant.ended": ("retention.tenant_ended",),
        "tenant.activated": ("retention.tenant_activated",),
    },
    sections=(
        Section("우리 자료", "download", "retention.data", roles=OWNERS, group=9),
        Section(
            "보존과 파기", "destroy", "retention_staff.cases", staff=True, roles=STAFF, group=5, count=waiting_count
        ),
    ),
)
