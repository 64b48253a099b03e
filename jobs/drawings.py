"""Jobs of drawings."""

from portal.drawings import renders


def render(_event_id: str, tenant_id: int, revision_id: int) -> None:
    renders.render(tenant_id, revision_id)


def report_failure(event_id: str, tenant_id: int, revision_id: int) -> None:
    renders.report_failure(event_id, tenant_id, revision_id)
