"""Jobs of the funnel."""

from portal.core.db import db
from portal.trials.models import Application
from portal.visits import service


def application_approved(_event_id: str, application_id: int) -> None:
    application = db.session.get(Application, application_id)
    if application is not None:
        service.approved(application.journey_key)
