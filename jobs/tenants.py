"""Jobs of companies."""

from portal.tenants import service as tenants


def provision(_event_id: str, tenant_id: int) -> None:
    tenants.provision(tenant_id)
