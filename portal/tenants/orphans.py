"""What lies on the servers without a company, and which company lies nowhere: `flask tenants check`.

Repair takes away only what carries our mark, belongs to no row, and was never used: a database with anybody's drawings
in it is told, and left to a person. Rows can be lost (a platform database restored from last week); drawings must not be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import create_engine, func, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from portal.core import migrate
from portal.core.db import db, engine_options
from portal.tenants.databases import Found, Place, Server, servers
from portal.tenants.models import OPENING, WITH_DATABASE, Tenant, TenantState
from portal.tenants.postgres import PostgresServer

Trouble = Literal["orphan", "missing", "stale", "exposed", "lost-server"]
#: Tables that every company's database has rows in from its opening on, or that say nothing of use.
NOT_USE = frozenset({"belonging", "alembic_version", "outbox", "receipt"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `removable` says that repair would take it away."""

    trouble: Trouble
    server: str
    kind: str
    name: str
    message: str
    removable: bool = False
    removed: bool = False


def check(*, repair: bool = False) -> list[Finding]:
    """Compare servers and rows, in that order, so that what is being made right now is not taken for an orphan."""
    findings: list[Finding] = []
    seen: dict[str, set[str]] = {}
    for server in servers().values():
        things = server.found()
        left: set[str] = set()  # keys of databases that stay, whatever else is repaired
        seen[server.name] = {thing.name for thing in things if thing.kind == "database"}
        rows = {tenant.key: tenant for tenant in db.session.scalars(select(Tenant).where(Tenant.server == server.name))}
        for thing in sorted(things, key=lambda thing: thing.kind == "role"):  # a role can only go after its database
            finding = _judge(server, thing, rows)
            if finding is not None and thing.kind == "role" and thing.key in left:
                finding = replace(finding, message="the role of a database that is left to a person", removable=False)
            if finding is not None and repair and finding.removable:
                finding = _repaired(server, thing, finding)
            if finding is not None:
                findings.append(finding)
                left |= {thing.key} if not finding.removable else set()
        if isinstance(server, PostgresServer):
            words = "every company's role may connect to it: REVOKE CONNECT ON DATABASE ... FROM PUBLIC"
            findings += [Finding("exposed", server.name, "database", name, words) for name in server.exposed()]
        db.session.rollback()
    for tenant in db.session.scalars(select(Tenant).where(Tenant.state.in_(WITH_DATABASE)).order_by(Tenant.id)):
        if tenant.server not in seen:
            words = f"company {tenant.id} lies on a server that TENANT_DATABASE_URLS does not name"
            findings.append(Finding("lost-server", tenant.server or "", "database", tenant.database or "", words))
        elif tenant.database not in seen[tenant.server]:
            findings.append(
                Finding(
                    "missing", tenant.server, "database", tenant.database or "", f"company {tenant.id} has no database"
                )
            )
    return findings


def _judge(server: Server, thing: Found, rows: dict[str, Tenant]) -> Finding | None:
    if thing.kind == "template":
        if thing.key == (migrate.head(migrate.TENANT) or "empty"):
            return None
        return Finding(
            "stale", server.name, thing.kind, thing.name, "a template of an older schema", removable=thing.ours
        )
    tenant = rows.get(thing.key)
    if tenant is not None and thing.kind != "file":
        return _after_purge(server, thing) if tenant.state == TenantState.PURGED else None
    if tenant is not None and tenant.state in OPENING:
        return None  # a copy under way
    if not thing.ours:
        return Finding("orphan", server.name, thing.kind, thing.name, "no company's, and without our mark: left alone")
    if thing.kind == "database" and (use := _use(server, thing)):
        return Finding("orphan", server.name, thing.kind, thing.name, f"no company's, but {use}: left to a person")
    return Finding("orphan", server.name, thing.kind, thing.name, "no company's", removable=True)


def _after_purge(server: Server, thing: Found) -> Finding:
    return Finding("orphan", server.name, thing.kind, thing.name, "its company was purged", removable=True)


def _use(server: Server, thing: Found) -> str:
    """What speaks against removing a database: rows of a company's own, or not being able to look."""
    url = server.owner_url(Place(thing.key, thing.name))
    engine = create_engine(url, poolclass=NullPool, connect_args=engine_options(url)["connect_args"])
    try:
        with engine.connect() as connection:
            for name in sorted(set(inspect(connection).get_table_names()) - NOT_USE):
                count = connection.scalar(select(func.count()).select_from(table(name))) or 0
                if count:
                    return f"{count} rows lie in {name}"
    except SQLAlchemyError as error:
        # A copy whose door was never opened cannot be looked into, and nobody ever could.
        return (
            ""
            if "not currently accepting connections" in str(error)
            else f"it cannot be looked into ({type(error).__name__})"
        )
    finally:
        engine.dispose()
    return ""


def _repaired(server: Server, thing: Found, finding: Finding) -> Finding:
    server.remove(thing)
    return replace(finding, removed=True)


def as_document(findings: list[Finding]) -> dict[str, Any]:
    """For `--json`: what was found, and how much of it still stands."""
    rows = [
        {
            "trouble": each.trouble,
            "server": each.server,
            "kind": each.kind,
            "name": each.name,
            "message": each.message,
            "removed": each.removed,
        }
        for each in findings
    ]
    return {"findings": rows, "standing": sum(not each.removed and each.trouble != "exposed" for each in findings)}
