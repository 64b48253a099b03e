"""Looks for secrets in everything a portal leaves behind: every cell of its databases, its files, all that Redis was ever
told, what its processes said, and the pages it answered with.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from psycopg import sql

from tests.engines import PostgresServer

#: The sandbox plays the outside world in the same folder: a payment company may know its own keys.
OUTSIDE = "sandbox"


def forms(secret: str) -> set[bytes]:
    """A secret as it may lie somewhere: as it is, escaped for an address, in JSON, in base64 (also as HTTP's user), in hex."""
    raw = secret.encode()
    escaped = json.dumps(secret)[1:-1].encode()
    coded = {base64.b64encode(text).rstrip(b"=") for text in (raw, raw + b":")}
    return {raw, quote(secret, safe="").encode(), escaped, escaped.replace(b"\\", b"\\\\"), raw.hex().encode(), *coded}


def hits(places: dict[str, bytes], secrets: dict[str, str]) -> list[str]:
    """`<name of the secret> in <place>` for each that is found; the secret itself is never told."""
    wanted = [(name, form) for name, secret in secrets.items() for form in forms(secret)]
    return sorted({f"{name} in {place}" for place, said in places.items() for name, form in wanted if form in said})


def rows_of_sqlite(path: Path) -> dict[str, bytes]:
    """Every cell of every table of a SQLite file, table by table."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            cells = (cell for row in connection.execute(f'SELECT * FROM "{table}"') for cell in row)
            found[f"{path.name}:{table}"] = b"\n".join(
                cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells
            )
    return found


def rows_of_postgres(server: PostgresServer, database: str) -> dict[str, bytes]:
    """Every row of every table of a PostgreSQL database, cast to text."""
    found = {}
    with server.connect(database) as connection:
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in names:
            query = sql.SQL("SELECT row::text FROM {} row").format(sql.Identifier(str(schema), str(table)))
            rows = connection.execute(query).fetchall()
            found[f"{database}:{table}"] = "\n".join(str(row[0]) for row in rows).encode()
    return found


def databases_of(server: PostgresServer) -> list[str]:
    """All that can be looked into."""
    with server.connect() as connection:
        return [str(name) for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datallowconn")]


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a portal's folder, raw, with its name: databases with what they deleted, blobs, logs."""
    inside = (path for path in folder.rglob("*") if path.is_file() and OUTSIDE not in path.relative_to(folder).parts)
    return {f"file {path.relative_to(folder)}": path.name.encode() + path.read_bytes() for path in inside}


def told_to_redis(folder: Path) -> dict[str, bytes]:
    """Every word of every command that changed a Redis with an append-only file, unpacked where it was packed."""
    words = [word for file in sorted(folder.rglob("*.aof")) for word in _words(file.read_bytes())]
    return {"Redis": b"\n".join(words)}


def _words(log: bytes) -> Iterator[bytes]:
    position = 0
    while (start := log.find(b"$", position)) >= 0:
        end = log.index(b"\r\n", start)
        length = int(log[start + 1 : end])
        word = log[end + 2 : end + 2 + length]
        position = end + 2 + length + 2
        yield word
        try:
            yield zlib.decompress(word)  # RQ packs what a job is
        except zlib.error:
            continue
