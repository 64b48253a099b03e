"""What the law asks of those who handle others' personal data: the staff's access log, its review, reasons for downloads.

The log is written by one hook for every page of the staff and every page that support sees in a company, so that none can
forget to.
"""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.duties.noting import REVIEWERS, duties_staff
from portal.duties.pages import MEMBERS, duties
from portal.duties.staff import access_log

feature = Feature(
    "duties",
    blueprints=(duties, duties_staff, access_log),
    sections=(
        Section("접속기록", "history", "duties.log", roles=MEMBERS, group=9),
        Section("접속기록", "history", "access_log.log", staff=True, roles=REVIEWERS, group=5),
        Section("권한표", "lock", "access_log.rights", staff=True, group=5),
    ),
)
