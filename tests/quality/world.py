"""A customer company without a database, for tests that need only its row."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.accounts import service as accounts
from portal.core.clock import now
from portal.tenants.models import Tenant, TenantState


def company(session: Session, name: str = "한빛건설", owner: str = "owner@hanbit.example") -> int:
    """A company with an owner; gives its id."""
    person = accounts.ensure_person(session, email=owner, name="한가람")
    tenant = Tenant(
        key=f"k{person.id}",
        name=name,
        business_number="1248100998",
        state=TenantState.ACTIVE,
        owner_id=person.id,
        created_at=now(),
        state_since=now(),
    )
    session.add(tenant)
    session.flush()
    return tenant.id
