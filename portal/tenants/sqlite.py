"""Companies on SQLite: one file each, copied from a template file of the newest schema.

A file appears under its name only when it is whole: it is copied beside it under a temporary name, synced, and linked.
Linking fails where the name is taken, so a job that was overtaken can never put an empty file over one in use.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from portal.core import ids, migrate
from portal.core.db import engine_options
from portal.tenants.databases import Found, Place

#: Written in the header of every file we make ("PLRM"): our mark on it.
APPLICATION_ID = 0x504C524D
_HEADER_AT = slice(68, 72)
_COMPANY = re.compile(r"([a-z][a-z0-9]{11})\.db(-wal|-shm)?")
_TEMPORARY = re.compile(r"\.([a-z][a-z0-9]{11}|template-[^.]+)\.[\w-]+\.tmp(-wal|-shm|-journal)?")
_TEMPLATE = re.compile(r"\.template-([^.]+)\.db")


class SqliteServer:
    """A folder of companies' files."""

    def __init__(self, url: URL) -> None:
        self.folder = Path(url.database or "companies").absolute()
        self.name = f"sqlite:{self.folder.name}"

    def database_name(self, key: str) -> str:
        return f"{key}.db"

    def new_password(self) -> str:
        return ""

    def make_role(self, place: Place) -> None:
        """Files have no roles: the process that serves a company opens the file of that company only."""

    def make_database(self, place: Place) -> None:
        self._sweep_temporary(place.key)
        final = self.folder / place.database
        if not final.exists():
            self._copy(self.template(), final)

    def template(self) -> Path:
        """The template of the newest schema, made at first use."""
        self.folder.mkdir(parents=True, exist_ok=True)
        final = self.folder / f".template-{migrate.head(migrate.TENANT) or 'empty'}.db"
        if not final.exists():
            with (self.folder / ".template.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the system when its holder is killed
                self._sweep_temporary("template-*")
                if not final.exists():
                    temporary = final.with_name(f"{final.stem}.{ids.token()}.tmp")
                    build(temporary)
                    _publish(temporary, final)
                    self._sweep_temporary("template-*")
        return final

    def _copy(self, template: Path, final: Path) -> None:
        temporary = final.with_name(f".{final.stem}.{ids.token()}.tmp")
        try:
            shutil.copyfile(template, temporary)
            _publish(temporary, final)
        finally:
            temporary.unlink(missing_ok=True)

    def _sweep_temporary(self, stem: str) -> None:
        """What a killed run left; the caller holds the company's lease, or the lock of the templates."""
        for left in self.folder.glob(f".{stem}.*.tmp*"):
            left.unlink(missing_ok=True)

    def url(self, place: Place) -> str:
        """`mode=rw`: a file that is not there is an error, never made empty by looking for it."""
        file = f"file:{quote(str(self.folder / place.database))}"
        return URL.create("sqlite", database=file, query={"mode": "rw", "uri": "true"}).render_as_string()

    def owner_url(self, place: Place) -> str:
        return self.url(place)

    def found(self) -> list[Found]:
        things = []
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            if match := _COMPANY.fullmatch(path.name):
                beside = path.with_name(f"{match[1]}.db")
                if match[2] is None:
                    things.append(Found("database", path.name, match[1], _marked(path)))
                elif not beside.exists():
                    things.append(Found("file", path.name, match[1], ours=True))
            elif match := _TEMPORARY.fullmatch(path.name):
                things.append(Found("file", path.name, "" if match[1].startswith("template-") else match[1], ours=True))
            elif match := _TEMPLATE.fullmatch(path.name):
                things.append(Found("template", path.name, match[1], _marked(path)))
        return things

    def remove(self, thing: Found) -> None:
        tails = ("", "-wal", "-shm") if thing.kind in {"database", "template"} else ("",)
        for tail in tails:
            (self.folder / f"{thing.name}{tail}").unlink(missing_ok=True)


def build(path: Path) -> None:
    """A new file at `path` with the newest schema and our mark, in one piece: nothing of it lies in a -wal file."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    migrate.upgrade(engine, migrate.TENANT)
    engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _publish(temporary: Path, final: Path) -> None:
    """Give a whole file its name, for good, unless the name is taken."""
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    with suppress(FileExistsError):
        os.link(temporary, final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(100)[_HEADER_AT] == APPLICATION_ID.to_bytes(4, "big")
