"""Keys for other programs: shown once, kept as a digest, good for one scope and perhaps for one company only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import audit, ids
from portal.core.clock import now
from portal.core.db import Model, db, retained, write
from portal.core.errors import NotFound
from portal.core.gate import KeyHolder
from portal.tenants.models import Tenant

#: What a key may be for, with its Korean name: sending usage events, sending test reports, reading `/metrics`.
SCOPES: dict[str, str] = {"usage": "사용량 보내기", "reports": "시험 보고서 보내기", "metrics": "상태 수치 읽기"}
#: Told apart at a glance in logs of others, and by secret scanners.
PREFIX = "plr_"


class ApiKey(Model):
    """One key. Only its digest is kept; `hint` is its last four letters, for people."""

    __tablename__ = "api_key"
    __table_args__ = ({"info": retained("contract", "tenant_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey(Tenant.id), index=True)
    scope: Mapped[str] = mapped_column(String(12))
    label: Mapped[str] = mapped_column(String(60))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(4))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    revoked_at: Mapped[datetime | None]


def create(session: Session, scope: str, *, tenant_id: int | None, label: str, by: str) -> tuple[ApiKey, str]:
    """A new key inside the caller's write(): its row, and the secret that is shown this once."""
    secret = PREFIX + ids.token()
    key = ApiKey(
        tenant_id=tenant_id,
        scope=scope,
        label=label,
        digest=ids.digest(secret),
        hint=secret[-4:],
        created_at=now(),
        created_by=by,
    )
    session.add(key)
    session.flush()
    audit.record(
        session,
        "api_key.create",
        actor=by,
        subject=f"api_key:{key.id}",
        tenant_id=tenant_id,
        scope=scope,
        personal={"label": label},
    )
    return key, secret


def holder(secret: str) -> KeyHolder | None:
    """Who holds this key; None for one that does not exist or was revoked."""
    query = select(ApiKey).where(ApiKey.digest == ids.digest(secret), ApiKey.revoked_at.is_(None))
    key = db.session.scalar(query) if secret.startswith(PREFIX) else None
    return KeyHolder(key.id, key.scope, key.tenant_id) if key else None


def keys_of(tenant_id: int | None) -> list[ApiKey]:
    """The keys of a company (None: of the house), the newest first."""
    query = select(ApiKey).where(ApiKey.tenant_id.is_not_distinct_from(tenant_id))
    return list(db.session.scalars(query.order_by(ApiKey.id.desc())))


def revoke(key_id: int, tenant_id: int | None, by: str) -> ApiKey:
    """End a key of this company (None: of the house). NotFound when it is foreign, absent or ended already."""
    with write() as session:
        mine = (ApiKey.id == key_id, ApiKey.tenant_id.is_not_distinct_from(tenant_id), ApiKey.revoked_at.is_(None))
        done = session.execute(update(ApiKey).where(*mine).values(revoked_at=now()))
        if getattr(done, "rowcount", 0) != 1:
            raise NotFound
        audit.record(session, "api_key.revoke", actor=by, subject=f"api_key:{key_id}", tenant_id=tenant_id)
        return session.get_one(ApiKey, key_id, populate_existing=True)
