"""What visitors of the homepage looked at; the funnel."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.visits.pages import visits
from portal.visits.staff import visits_staff

feature = Feature(
    "visits",
    blueprints=(visits, visits_staff),
    subscriptions={"application.approved": ("visits.application_approved",)},
    sections=(Section("방문", "visit", "visits_staff.visits", staff=True, group=5),),
)
