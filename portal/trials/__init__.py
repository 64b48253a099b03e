"""Apply, review, approve."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.trials.pages import trials
from portal.trials.review import waiting_count
from portal.trials.staff import REVIEWERS, trials_staff

feature = Feature(
    "trials",
    blueprints=(trials, trials_staff),
    sections=(
        Section(
            "체험 신청",
            "application",
            "trials_staff.applications",
            staff=True,
            roles=REVIEWERS,
            group=1,
            count=waiting_count,
        ),
    ),
)
