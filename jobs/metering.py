"""Jobs of metering: what a company's own database says was used is counted on the platform; seats and limits follow."""

from datetime import datetime

from portal.core.db import write
from portal.metering import service


def take_usage(event_id: str, tenant_id: int, meter: str, quantity: int, at: str, key: str) -> None:  # noqa: PLR0913 - an event has these parts
    """Count one event of the product; told twice, it has the same id and counts once."""
    event = service.Event(f"product:{event_id}", tenant_id, meter, quantity, datetime.fromisoformat(at), key)
    with write() as session:
        service.take(session, [event], "product")
    service.warn_owner(tenant_id, meter)


def warn_owner(_event_id: str, tenant_id: int, meter: str) -> None:
    """Usage of a meter with a limit came from outside."""
    service.warn_owner(tenant_id, meter)


def grant_trial(_event_id: str, tenant_id: int) -> None:
    """A company was opened."""
    service.grant_trial(tenant_id)


def settle_seat(_event_id: str, tenant_id: int, person_id: int) -> None:
    """Somebody was taken out of a company, or got another role in it."""
    service.settle(tenant_id, person_id)
