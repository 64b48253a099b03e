"""What the outside world remembers: one SQLite file under DATA_DIR/sandbox, so that it survives a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

BUSY_SECONDS = 10
SCHEMA = """
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    raw BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    service TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL,
    fault TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    seconds REAL NOT NULL,
    remaining INTEGER
);
CREATE TABLE IF NOT EXISTS business (
    number TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    tax_type_cd TEXT NOT NULL,
    end_dt TEXT NOT NULL,
    p_nm TEXT NOT NULL,
    start_dt TEXT NOT NULL
);
"""


class Store:
    """The sandbox's file. Every `open` is a connection and a transaction of its own, so any thread may use it."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "sandbox.db"
        self._now = now
        with closing(self._connect()) as connection:
            connection.executescript(SCHEMA)

    def prepare(self, schema: str) -> None:
        """Make the tables of a service, where they are not there yet."""
        with closing(self._connect()) as connection:
            connection.executescript(schema)

    def stamp(self) -> str:
        """The instant it is, by the clock handed in: ISO 8601, UTC."""
        return self._now().isoformat(timespec="microseconds")

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One write transaction; rows come back as mappings."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a reading query."""
        with closing(self._connect()) as connection:
            return [dict(row) for row in connection.execute(query, values)]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection
