"""Jobs of trial applications."""

from portal.trials import review


def check_business(_event_id: str, application_id: int) -> None:
    """Ask the tax office about the number of a new application."""
    review.check_business(application_id)
