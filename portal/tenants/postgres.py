"""Companies on PostgreSQL: a database each, copied from a locked template, and a login role that may enter no other.

The tables belong to the server's own user; companies' roles get their rights by a group role that the template already
grants them to, so that a copy needs no further statement. Each making of a database holds an advisory lock in the same
server process that runs CREATE DATABASE. That process outlives a killed client by seconds; whoever takes over waits for
the lock, and then finds the database instead of racing for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from portal.core import ids, migrate
from portal.core.db import engine_options
from portal.tenants.databases import Found, Place

PREFIX = "planroom_"
TEMPLATE = "planroom_template_"
#: The group that companies' roles are in. It may read and change rows of companies' tables; it may not log in.
GROUP = "planroom_company"
LOCK_SECONDS = 12
_COMPANY = re.compile(r"planroom_([a-z][a-z0-9]{11})")

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresServer:
    """One server. `url` is that of a user who may create databases and roles; `installation` marks what is ours."""

    def __init__(self, url: URL, installation: str) -> None:
        self._url = url
        self._installation = installation
        host = url.host or url.query.get("host") or "local"
        self.name = f"postgresql:{host}:{url.port or url.query.get('port') or 5432}"[:200]

    def database_name(self, key: str) -> str:
        return f"{PREFIX}{key}"

    def new_password(self) -> str:
        return ids.token()

    def make_role(self, place: Place) -> None:
        role = sql.Identifier(place.database)
        with self._admin() as connection, self._lock(connection, place.database):
            self._make_group(connection)
            self._make_role(connection, place, role)

    def _make_role(self, connection: Connection, place: Place, role: sql.Identifier) -> None:
        """Role, membership and mark come together or not at all."""
        with connection.transaction():
            words = sql.SQL(
                "ALTER ROLE {}" if _there(connection, "role", place.database) else "CREATE ROLE {} LOGIN"
            ).format(role)
            verifier = _verifier(connection, place)
            connection.execute(words + sql.SQL(" PASSWORD {}").format(verifier))
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(GROUP), role))
            connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, self._mark(place.key)))

    def make_database(self, place: Place) -> None:
        """The copy is closed to everybody until its door is right: between the two it can only be found and finished."""
        name, role = sql.Identifier(place.database), sql.Identifier(place.database)
        with self._admin() as connection, self._lock(connection, place.database):
            template = self._template(connection)
            if not _there(connection, "database", place.database):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {} ALLOW_CONNECTIONS false").format(
                        name, sql.Identifier(template)
                    )
                )
            with connection.transaction():
                connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, self._mark(place.key)))
                connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
                connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, role))
                connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))

    def _template(self, connection: Connection) -> str:
        """The template of the newest schema, made at first use. `is_template` is set last, so it means whole."""
        name = TEMPLATE + (migrate.head(migrate.TENANT) or "empty")
        if not _whole_template(connection, name):
            with self._lock(connection, name):
                if not _whole_template(connection, name):
                    self._make_group(connection)
                    self._build(connection, name)
        return name

    def _build(self, connection: Connection, name: str) -> None:
        database = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(database))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, self._mark("template")))
        url = self._url.set(database=name).render_as_string(hide_password=False)
        engine = create_engine(url, poolclass=NullPool, connect_args=engine_options(url)["connect_args"])
        migrate.upgrade(engine, migrate.TENANT)
        engine.dispose()
        with self._admin(name) as inside:
            for statement in GRANTS:
                inside.execute(sql.SQL(statement).format(group=sql.Identifier(GROUP)))
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(database))

    def url(self, place: Place) -> str:
        url = self._url.set(username=place.database, password=place.password, database=place.database)
        return url.render_as_string(hide_password=False)

    def owner_url(self, place: Place) -> str:
        return self._url.set(database=place.database).render_as_string(hide_password=False)

    def found(self) -> list[Found]:
        with self._admin() as connection:
            databases = connection.execute(
                "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'planroom\\_%' ORDER BY 1"
            ).fetchall()
            roles = connection.execute(
                "SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname LIKE 'planroom\\_%' ORDER BY 1"
            ).fetchall()
        marked_roles = {name for name, comment in roles if self._is_ours(comment)}
        things = []
        for name, comment in databases:
            ours = self._is_ours(comment) or name in marked_roles
            if name.startswith(TEMPLATE):
                things.append(Found("template", name, name.removeprefix(TEMPLATE), ours))
            elif match := _COMPANY.fullmatch(name):
                things.append(Found("database", name, match[1], ours))
        things += [
            Found("role", name, match[1], name in marked_roles)
            for name, _ in roles
            if (match := _COMPANY.fullmatch(name))
        ]
        return things

    def remove(self, thing: Found) -> None:
        name = sql.Identifier(thing.name)
        with self._admin() as connection, self._lock(connection, thing.name):
            if thing.kind == "role":
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
                return
            if _there(connection, "database", thing.name):
                connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(name))
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def exposed(self) -> list[str]:
        """Other databases of the server that companies' roles could enter, because everybody may."""
        with self._admin() as connection:
            if not _there(connection, "role", GROUP):
                return []
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE datallowconn AND has_database_privilege(%s, oid, 'CONNECT') ORDER BY 1",
                (GROUP,),
            )
            return [name for (name,) in rows]

    def _make_group(self, connection: Connection) -> None:
        with self._lock(connection, GROUP):
            if not _there(connection, "role", GROUP):
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(GROUP)))

    def _mark(self, key: str) -> sql.Literal:
        return sql.Literal(f"planroom {self._installation} {key}")

    def _is_ours(self, comment: str | None) -> bool:
        return (comment or "").startswith(f"planroom {self._installation} ")

    @contextmanager
    def _admin(self, database: str | None = None) -> Iterator[Connection]:
        options = self._url.translate_connect_args(username="user", database="dbname") | dict(self._url.query)
        if database is not None:
            options["dbname"] = database
        with psycopg.connect(**options, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            yield connection

    @contextmanager
    def _lock(self, connection: Connection, name: str) -> Iterator[None]:
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        connection.execute("SELECT pg_advisory_lock(%s)", (key,))
        try:
            yield
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (key,))


#: What companies' roles may do inside a company's database; copied with the template, and true for tables to come.
GRANTS = (
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO {group}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {group}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {group}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {group}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {group}",
)
_CATALOGUES = {"database": ("pg_database", "datname"), "role": ("pg_roles", "rolname")}


def _there(connection: Connection, kind: str, name: str) -> bool:
    table, column = _CATALOGUES[kind]
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(query, (name,)).fetchone() is not None


def _whole_template(connection: Connection, name: str) -> bool:
    return (
        connection.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", (name,)).fetchone()
        is not None
    )


def _verifier(connection: Connection, place: Place) -> sql.Literal:
    """The password as the server keeps it, so that the password itself stands in no statement and no server log."""
    hashed = connection.pgconn.encrypt_password(place.password.encode(), place.database.encode(), b"scram-sha-256")
    return sql.Literal(hashed.decode())
