"""Pages that gather several features: homepage, search, company timeline, staff home; no rules of its own."""

from portal.billing.staff import BILLERS
from portal.core.feature import Feature
from portal.core.page import Section
from portal.desk.cli import demo, samples
from portal.desk.closing import month_close
from portal.desk.health import KEEPERS, health_staff
from portal.desk.pages import desk
from portal.desk.search import COMPANIES
from portal.desk.staff import desk_staff

feature = Feature(
    "desk",
    blueprints=(desk, desk_staff, month_close, health_staff),
    sections=(
        Section("오늘", "calendar", "desk_staff.staff", staff=True),
        Section("고객사", "company", "desk_staff.companies", staff=True, roles=COMPANIES, group=1),
        Section("월 마감", "calendar", "month_close.board", staff=True, roles=BILLERS, group=2, first=True),
        Section("상태", "system", "health_staff.health", staff=True, roles=KEEPERS, group=5),
    ),
    searches=(
        Section("찾기", "search", "desk.search"),
        Section("찾기", "search", "desk_staff.search", staff=True),
    ),
    commands=(demo, samples),
)
