"""People: sign-in, second factor, devices, login history."""

from portal.accounts.cli import people
from portal.accounts.me import accounts
from portal.accounts.staff import accounts_staff
from portal.core.feature import Feature
from portal.core.page import Section

feature = Feature(
    "accounts",
    blueprints=(accounts, accounts_staff),
    sections=(Section("사람", "members", "accounts_staff.people", staff=True, roles=frozenset({"admin"}), group=5),),
    commands=(people,),
)
