"""Jobs of retention: the days that begin and end, and the destruction."""

from portal.retention import service


def tenant_ended(event_id: str, tenant_id: int) -> None:
    service.heard_ended(event_id, tenant_id)


def tenant_activated(event_id: str, tenant_id: int) -> None:
    service.heard_activated(event_id, tenant_id)


def destroy(_event_id: str, case_id: int) -> None:
    service.destroy(case_id)
