"""Jobs of drawings."""

from portal.drawings import refreshing, renders


def render(_event_id: str, tenant_id: int, revision_id: int) -> None:
    renders.render(tenant_id, revision_id)


def refresh(event_id: str, tenant_id: int, drawing_id: int) -> None:
    refreshing.refresh(event_id, tenant_id, drawing_id)


def refresh_picture(event_id: str, tenant_id: int, file_id: int) -> None:
    refreshing.refresh_picture(event_id, tenant_id, file_id)


def report_failure(event_id: str, tenant_id: int, revision_id: int) -> None:
    renders.report_failure(event_id, tenant_id, revision_id)
