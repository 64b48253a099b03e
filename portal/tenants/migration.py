"""Bringing every company's database to the newest schema: one first, then the rest side by side.

Each database changes in one transaction, so it is wholly old or wholly new; its row notes the revision afterwards. A run
that was killed is simply begun again. A company that fails is pinned with the reason, keeps its old schema and its
service, and does not hinder the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from sqlalchemy import create_engine, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from portal.core import migrate
from portal.core.db import company_engines, db, engine_options, write
from portal.tenants.databases import place_of, server_of
from portal.tenants.models import WITH_DATABASE, Tenant

LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one company: the revision it is at now, and why it is not the newest."""

    tenant_id: int
    key: str
    revision: str
    error: str = ""


def migrate_all(canary: str = "", parallel: int = 2) -> list[Moved]:
    """Bring all companies up. `canary` is the key of the company to go first (the oldest by default).

    When the first one fails, the rest are left alone: the list then holds it only. LookupError for an unknown canary.
    """
    newest = migrate.head(migrate.TENANT)
    behind = select(Tenant).where(Tenant.state.in_(WITH_DATABASE), Tenant.schema_revision != newest).order_by(Tenant.id)
    waiting = list(db.session.scalars(behind))
    if not waiting:
        return []
    if canary and canary not in {tenant.key for tenant in waiting}:
        message = f"no company that waits for a new schema has the key {canary}"
        raise LookupError(message)
    waiting.sort(key=lambda tenant: tenant.key != canary)
    jobs = [(tenant.id, tenant.key, server_of(tenant).owner_url(place_of(tenant))) for tenant in waiting]
    db.session.rollback()  # the children take their time: hold no read transaction meanwhile
    # Alembic keeps its context in globals of the module, so companies go side by side in processes, not in threads.
    with ProcessPoolExecutor(max_workers=parallel, mp_context=get_context("spawn")) as pool:
        moved = list(_noted(pool.map(_bring_up, jobs[:1])))
        if not moved[0].error:
            moved += _noted(pool.map(_bring_up, jobs[1:]))
    return moved


def _noted(results: Iterable[Moved]) -> Iterator[Moved]:
    """Write each result on its company's row as it comes."""
    for result in results:
        with write() as session:
            values: dict[str, Any] = {"schema_revision": result.revision, "migration_error": result.error or None}
            session.execute(update(Tenant).where(Tenant.id == result.tenant_id).values(**values))
            tenant = session.get_one(Tenant, result.tenant_id, populate_existing=True)
            url = server_of(tenant).url(place_of(tenant))
        company_engines().forget(url)
        yield result


def _bring_up(job: tuple[int, str, str]) -> Moved:
    """In a child: one database. Whatever goes wrong is the company's result, not the run's end."""
    tenant_id, key, url = job
    engine = create_engine(url, poolclass=NullPool, connect_args=engine_options(url)["connect_args"])
    error = ""
    try:
        migrate.upgrade(engine, migrate.TENANT)
    except Exception as problem:  # noqa: BLE001 - a migration runs code of its own: pinned, and the rest go on
        error = f"{type(problem).__name__}: {problem}"[:LONGEST_ERROR]
    try:
        revision = migrate.current(engine)
    except SQLAlchemyError as problem:
        revision, error = "", f"{type(problem).__name__}: {problem}"[:LONGEST_ERROR]
    engine.dispose()
    return Moved(tenant_id, key, revision, error)


def as_document(moved: list[Moved]) -> dict[str, Any]:
    """For `--json`."""
    return {
        "head": migrate.head(migrate.TENANT),
        "moved": [asdict(one) for one in moved],
        "failed": sum(bool(one.error) for one in moved),
    }
