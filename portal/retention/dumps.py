"""A database as a compressed file of JSON lines, the same whichever engine it comes from, and back again.

A table begins with `{"table", "columns"}`, each row is an array in that order, and the last line counts the rows, so that a
file that was cut is told from a whole one. Everything streams. What is sealed stays sealed, JSON stays the text it is, and rows
come by their key in the order of bytes, so that the same rows give the same digest on every engine.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    collate,
    func,
    select,
)
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

BATCH = 500
#: Whoever was signed in signs in again; everything else of the platform is kept.
LEFT_OUT = frozenset({"session"})


class Broken(Exception):  # noqa: N818 - what a file of a backup can be
    """The file cannot be read to its end, or not into these tables. The message is a Korean sentence."""


class RawJson(UserDefinedType[str]):
    """A JSON column as the text that lies in it: no number, order or escape of it changes on the way."""

    cache_ok = True

    def get_col_spec(self, **_words: object) -> str:
        return "JSON"

    def column_expression(self, colexpr: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(colexpr, Text)


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows by table, and the SHA-256 of all lines before they were compressed."""

    rows: dict[str, int]
    digest: str

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@lru_cache(maxsize=4)
def plain(metadata: MetaData) -> tuple[Table, ...]:
    """The tables as they lie in the database, parents first. A circle of tables would be told by SQLAlchemy, as an error in tests."""
    bare = MetaData()
    return tuple(
        Table(table.name, bare, *(Column(c.name, _bare(c.type), primary_key=c.primary_key) for c in table.columns))
        for table in metadata.sorted_tables
        if table.name not in LEFT_OUT
    )


def _bare(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    inner = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return RawJson() if isinstance(inner, JSON) else inner


# ----- values --------------------------------------------------------------------------------------------------------

Codec = Callable[[Any], Any]


def _same(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value


#: Column type -> how its values become JSON, and how they come back. Floats as text: JSON knows no infinity.
CODECS: tuple[tuple[type[TypeEngine[Any]], Codec, Codec], ...] = (
    (DateTime, datetime.isoformat, datetime.fromisoformat),
    (Date, date.isoformat, date.fromisoformat),
    (LargeBinary, lambda value: base64.b64encode(value).decode("ascii"), base64.b64decode),
    (Float, repr, float),
    (Boolean, _same, _same),
    (BigInteger, _same, _same),
    (Integer, _same, _same),
    (String, _same, _same),
    (RawJson, _same, _same),
)


def _codecs(table: Table) -> list[tuple[Codec, Codec]]:
    return [_codec(column) for column in table.columns]


def _codec(column: Column[Any]) -> tuple[Codec, Codec]:
    for kind, out, back in CODECS:
        if isinstance(column.type, kind):
            return out, back
    message = f"no way to write down a {column.type!r} ({column})"
    raise LookupError(message)


# ----- out -----------------------------------------------------------------------------------------------------------


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One moment of a database, whatever others write meanwhile."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def write_dump(connection: Connection, metadata: MetaData, path: Path) -> Contents:
    """Write all rows that `connection` sees into a new file at `path`."""
    with path.open("xb") as file:
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            contents = _tell(connection, metadata, packed.write)
        file.flush()
    return contents


def contents_of(connection: Connection, metadata: MetaData) -> Contents:
    """Counts and digest of the rows that `connection` sees, as `write_dump` would say them."""
    return _tell(connection, metadata, lambda _line: None)


def _tell(connection: Connection, metadata: MetaData, write: Callable[[bytes], object]) -> Contents:
    rows: dict[str, int] = {}
    digest = hashlib.sha256()
    encode = msgspec.json.Encoder().encode

    def say(thing: object) -> None:
        line = encode(thing) + b"\n"
        digest.update(line)
        write(line)

    for table in plain(metadata):
        name = str(table.name)
        say({"table": name, "columns": [str(column.name) for column in table.columns]})
        rows[name] = 0
        outs = [out for out, _back in _codecs(table)]
        query = select(table).order_by(*_by_key(table, connection))
        for row in connection.execute(query, execution_options={"yield_per": BATCH}):
            say([None if value is None else out(value) for out, value in zip(outs, row, strict=True)])
            rows[name] += 1
    write(encode({"end": rows}) + b"\n")
    return Contents(rows, digest.hexdigest())


def _by_key(table: Table, connection: Connection) -> list[ColumnElement[Any]]:
    """SQLite compares text by its bytes; PostgreSQL is told to."""
    bytewise = connection.dialect.name == "postgresql"
    return [
        collate(column, "C") if bytewise and isinstance(column.type, String) else column
        for column in table.primary_key.columns
    ]


# ----- back ----------------------------------------------------------------------------------------------------------


def rows_of_dump(path: Path, metadata: MetaData) -> Iterator[tuple[Table, dict[str, Any]]]:
    """Each row of a file with its table. Raises Broken, at the latest at the end."""
    for table, row in _read(path, metadata, hashlib.sha256()):
        if row is not None:
            yield table, row


def check_dump(path: Path, metadata: MetaData) -> Contents:
    """Read a file to its end, every value of it. Raises Broken."""
    digest = hashlib.sha256()
    rows: dict[str, int] = {}
    for table, row in _read(path, metadata, digest):
        rows[table.name] = rows.get(table.name, 0) + (row is not None)
    return Contents(rows, digest.hexdigest())


def _read(path: Path, metadata: MetaData, digest: Any) -> Iterator[tuple[Table, dict[str, Any] | None]]:  # noqa: ANN401 - hashlib names no type
    """A table without a row where it begins, then its rows."""
    tables = {table.name: table for table in plain(metadata)}
    decode = msgspec.json.Decoder().decode
    counted: dict[str, int] = {}
    table: Table | None = None
    backs: list[Codec] = []
    names: list[str] = []
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                said = decode(line)
                if isinstance(said, dict) and "end" in said:
                    if said["end"] != counted:
                        raise Broken(f"{path.name}: 줄 수가 맞지 않습니다.")
                    return
                digest.update(line)
                if isinstance(said, dict):
                    table, names = tables[said["table"]], said["columns"]
                    backs = [_codec(table.columns[name])[1] for name in names]
                    counted[table.name] = 0
                    yield table, None
                elif table is not None:
                    values = [None if value is None else back(value) for back, value in zip(backs, said, strict=True)]
                    counted[table.name] += 1
                    yield table, dict(zip(names, values, strict=True))
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Broken(f"{path.name}: 읽을 수 없습니다 ({type(error).__name__}).") from error
    raise Broken(f"{path.name}: 끝이 없습니다.")


def load(connection: Connection, metadata: MetaData, path: Path) -> None:
    """Put all rows of a file into empty tables, parents first, and set the sequences right."""
    parents = {table.name: _points_to_itself(table) for table in metadata.sorted_tables}
    batch: list[dict[str, Any]] = []
    current: Table | None = None
    for table, row in _ordered(rows_of_dump(path, metadata), parents):
        if batch and (table is not current or len(batch) >= BATCH):
            _insert(connection, current, batch)
            batch = []
        current = table
        batch.append(row)
    _insert(connection, current, batch)
    _set_sequences(connection, metadata)


def _insert(connection: Connection, table: Table | None, batch: list[dict[str, Any]]) -> None:
    if table is not None and batch:
        connection.execute(table.insert(), batch)


def _points_to_itself(table: Table) -> str | None:
    """The column by which a row names another row of its own table."""
    return next((c.name for c in table.columns for key in c.foreign_keys if key.column.table is table), None)


def _ordered(
    rows: Iterable[tuple[Table, dict[str, Any]]], parents: dict[str, str | None]
) -> Iterator[tuple[Table, dict[str, Any]]]:
    """A folder that was moved into a younger one comes after it: such rows wait until their parent is there."""
    waiting: dict[int, list[dict[str, Any]]] = {}
    there: set[int] = set()
    current = ""
    for table, row in rows:
        if table.name != current:
            current, waiting, there = table.name, {}, set()
        column = parents[table.name]
        if column is None:
            yield table, row
            continue
        parent = row[column]
        if parent is not None and parent not in there:
            waiting.setdefault(parent, []).append(row)
            continue
        ready = [row]
        while ready:
            one = ready.pop()
            there.add(one["id"])
            ready += waiting.pop(one["id"], [])
            yield table, one


def _set_sequences(connection: Connection, metadata: MetaData) -> None:
    """PostgreSQL counts ids beside the table: it goes on after the highest that came in."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or table.name in LEFT_OUT:
            continue
        highest = connection.scalar(select(func.max(column)))
        if highest is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(select(func.setval(sequence, highest, True)))
