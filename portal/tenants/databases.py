"""Where companies' databases are: the servers of TENANT_DATABASE_URLS, and the session on one company's own.

Which company a caller is of was decided by `identify`; here it becomes an address. Nothing else builds one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.core import ids, outbox
from portal.core.db import company_session, db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.seal import unseal
from portal.core.settings import settings
from portal.tenants.models import WITH_DATABASE, Installation, Tenant

log = logging.getLogger("planroom.tenants")


@dataclass(frozen=True, slots=True)
class Place:
    """All that a server needs to know of one company: names only of our own making, and its role's password."""

    key: str
    database: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Something on a server that carries our names. `ours` says that it also carries our mark."""

    kind: str  # database, role, file, template
    name: str
    key: str  # of the company; empty for what belongs to none
    ours: bool


class Server(Protocol):
    """Where databases are made. Every verb may run twice, at once, and after a half-done run of itself."""

    name: str

    def database_name(self, key: str) -> str:
        """What the company's database will be called."""

    def new_password(self) -> str:
        """A password for a company's role; empty where there are no roles."""

    def make_role(self, place: Place) -> None:
        """Let the company's role be there, with the password of `place`."""

    def make_database(self, place: Place) -> None:
        """Let the company's database be there: a copy of the newest template, reachable by its own role only."""

    def url(self, place: Place) -> str:
        """How the portal reaches the database in the company's name."""

    def owner_url(self, place: Place) -> str:
        """How the portal reaches it to change its schema."""

    def found(self) -> list[Found]:
        """Everything on the server that carries our names."""

    def remove(self, thing: Found) -> None:
        """Take away one thing that was found and is nobody's."""


def servers() -> dict[str, Server]:
    """The servers of TENANT_DATABASE_URLS by name, made at first use."""
    made = cast("dict[str, Server] | None", current_app.extensions.get("planroom.servers"))
    if made is None:
        from portal.tenants.postgres import PostgresServer  # noqa: PLC0415 - these two lean on Place and Found above
        from portal.tenants.sqlite import SqliteServer  # noqa: PLC0415

        made = {}
        for text in settings().tenant_database_urls:
            url = make_url(text)
            server: Server = (
                SqliteServer(url) if url.get_backend_name() == "sqlite" else PostgresServer(url, installation())
            )
            made[server.name] = server
        current_app.extensions["planroom.servers"] = made
    return made


def server_of(tenant: Tenant) -> Server:
    """The server that holds the company's database. LookupError when the settings do not name it any more."""
    server = servers().get(tenant.server or "")
    if server is None:
        message = f"TENANT_DATABASE_URLS names no server {tenant.server!r}"
        raise LookupError(message)
    return server


def installation() -> str:
    """The random name of this portal: what it makes on a shared server is told by it from another portal's."""
    name = db.session.scalar(select(Installation.name))
    if name is None:
        with write() as session:
            name = session.scalar(select(Installation.name))
            if name is None:
                name = ids.company_key()
                session.add(Installation(id=1, name=name))
    return name


#: What a company's database password is sealed for.
PURPOSE = "company database passwords"


def place_of(tenant: Tenant) -> Place:
    """The company's place, its password opened. NotFound while it has none."""
    if tenant.server is None or tenant.database is None:
        raise NotFound
    password = unseal(tenant.role_password, PURPOSE) if tenant.role_password else ""
    return Place(tenant.key, tenant.database, password)


def session(tenant: Tenant | int) -> Session:
    """The session on a company's database, for this request or job. NotFound while it has none."""
    row = db.session.get(Tenant, tenant) if isinstance(tenant, int) else tenant
    if row is None or not row.has_database:
        raise NotFound
    return company_session(server_of(row).url(place_of(row)), row.id)


def session_by_id(tenant_id: int) -> Session:
    """The session on the company with this id, for jobs and the relay. NotFound while it has none."""
    return session(tenant_id)


def session_for(caller: Caller) -> Session:
    """The session on the caller's own company: what customers' features work on."""
    if not caller.tenant_id or caller.closed:
        raise Forbidden
    return session(caller.tenant_id)


def company_key(caller: Caller) -> str:
    """The key of the caller's own company: the folder of its blobs."""
    return key_of(caller.tenant_id)


def key_of(tenant_id: int) -> str:
    """The key of a company, for jobs. NotFound when there is no such company."""
    tenant = db.session.get(Tenant, tenant_id)
    if tenant is None:
        raise NotFound
    return tenant.key


def ids_with_database() -> list[int]:
    """All companies whose database is there and usable."""
    there = (Tenant.state.in_(WITH_DATABASE), Tenant.server.is_not(None))
    return list(db.session.scalars(select(Tenant.id).where(*there).order_by(Tenant.id)))


def in_each_database(act: Callable[[Session, int], int], name: str) -> int:
    """Do `name` in every company's database and give the sum; a company that is away keeps no other from it."""
    total = 0
    for tenant_id in ids_with_database():
        try:
            total += act(session_by_id(tenant_id), tenant_id)
        except Refusal:
            continue  # it went away between the two lines
        except (SQLAlchemyError, LookupError) as error:
            log.warning("%s of company %s failed: %s", name, tenant_id, type(error).__name__)
    return total


def tidy_outboxes() -> int:
    """Forget what every company's outbox told long ago; the platform's own is tidied by itself. How many messages."""
    return in_each_database(lambda session, _: outbox.tidy(session), "tidying the outbox")
