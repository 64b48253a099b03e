"""Customer companies: registry, membership and roles, provisioning, suspension, their databases."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.tenants.cli import keys as key_commands
from portal.tenants.cli import tenants as commands
from portal.tenants.pages import tenants
from portal.tenants.staff import tenants_staff

feature = Feature(
    "tenants",
    blueprints=(tenants, tenants_staff),
    sections=(
        Section("구성원", "members", "tenants.members", group=9),
        Section("회사", "company", "tenants.company", group=9),
    ),
    commands=(commands, key_commands),
)
