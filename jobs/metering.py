"""Jobs of metering: what a company's own database says was used is counted on the platform."""

from datetime import datetime

from portal.core.db import write
from portal.metering import service


def take_usage(event_id: str, tenant_id: int, meter: str, quantity: int, at: str, key: str) -> None:  # noqa: PLR0913 - an event has these parts
    """Count one event of the product; told twice, it has the same id and counts once."""
    event = service.Event(f"product:{event_id}", tenant_id, meter, quantity, datetime.fromisoformat(at), key)
    with write() as session:
        service.take(session, [event], "product")
