"""What a database says of itself, freed of its dialect: tables, columns, keys; and what could not be understood, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

DIALECTS = ("postgresql", "mysql", "sqlite")
MOST_BYTES = 4 * 1024 * 1024


class Kind(StrEnum):
    """What a column holds. What a dialect calls it is `Type.native`."""

    BOOLEAN = "boolean"
    SMALLINT = "smallint"
    INTEGER = "integer"
    BIGINT = "bigint"
    UBIGINT = "unsigned bigint"
    DECIMAL = "decimal"
    REAL = "real"
    DOUBLE = "double"
    STRING = "string"
    CHAR = "char"
    TEXT = "text"
    BINARY = "binary"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamp with zone"
    INTERVAL = "interval"
    UUID = "uuid"
    JSON = "json"
    JSONB = "jsonb"
    ENUM = "enum"
    SET = "set"
    ARRAY = "array"
    INET = "inet"
    CIDR = "cidr"
    MACADDR = "macaddr"
    TSVECTOR = "tsvector"
    BIT = "bit"
    MONEY = "money"
    XML = "xml"
    GEOMETRY = "geometry"
    NAMED = "named"
    """A type of the schema's own, until it is looked up."""


INTEGERS = frozenset({Kind.SMALLINT, Kind.INTEGER, Kind.BIGINT, Kind.UBIGINT})
NUMBERS = INTEGERS | {Kind.DECIMAL, Kind.REAL, Kind.DOUBLE}
WORDS = frozenset({Kind.STRING, Kind.CHAR, Kind.TEXT})
#: What a list can be put in order by.
ORDERED = NUMBERS | WORDS | {Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.UUID, Kind.BOOLEAN, Kind.ENUM}


@dataclass(frozen=True, slots=True)
class Domain:
    """A type of PostgreSQL's made of another with rules; `check` speaks of VALUE and becomes a check of the table."""

    name: str
    check: str = ""
    not_null: bool = False


@dataclass(frozen=True, slots=True)
class Type:
    """`length` letters or bytes; `precision` and `scale` digits; `native` the dialect's own word, lower case."""

    kind: Kind
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    values: tuple[str, ...] = ()
    name: str = ""
    element: Type | None = None
    native: str = ""
    unsigned: bool = False
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class Default:
    """A value the database itself gives: `how` is one of value, true, false, now, today, clock, uuid, empty-list."""

    how: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: Type
    nullable: bool = True
    auto: bool = False
    default: Default | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`here`: the dialect that can hold it, when another would refuse (types of two families, a target not unique)."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    name: str = ""
    on_delete: str = ""
    on_update: str = ""
    here: str = ""


@dataclass(frozen=True, slots=True)
class Unique:
    columns: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`here`: the dialect whose words the condition is in; empty when SQLite and PostgreSQL read it alike."""

    sql: str
    name: str = ""
    here: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """`columns` are names; `expressions` stands instead of them when one is not a plain column."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    expressions: tuple[str, ...] = ()
    where: str = ""
    using: str = ""
    operators: tuple[tuple[str, str], ...] = ()
    lengths: tuple[tuple[str, int], ...] = ()
    prefix: str = ""
    here: str = ""


@dataclass(slots=True)
class Table:
    name: str
    columns: list[Column] = field(default_factory=list)
    schema: str = ""
    key: tuple[str, ...] = ()
    key_name: str = ""
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    uniques: list[Unique] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    comment: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def column(self, name: str) -> Column | None:
        """By its name; without regard to case where no exact one is there."""
        exact = next((column for column in self.columns if column.name == name), None)
        return exact or next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def unique_sets(self) -> list[tuple[str, ...]]:
        """Every set of columns that is unique over all rows, the key apart, in a fixed order and once each."""
        found = [unique.columns for unique in self.uniques]
        found += [index.columns for index in self.indexes if index.unique and not index.expressions and not index.where]
        return list(dict.fromkeys(columns for columns in found if columns != self.key))

    def identity(self) -> tuple[str, ...]:
        """The columns that tell one row from another: the key, else the first unique set without NULL, else none."""
        if self.key:
            return self.key
        for columns in self.unique_sets():
            found = [self.column(name) for name in columns]
            if all(column is not None and not column.nullable for column in found):
                return columns
        return ()

    def version(self) -> Column | None:
        """The column that counts changes of a row, by its name and type."""
        for column in self.columns:
            whole = column.type.kind in INTEGERS and not column.nullable and column.name not in self.identity()
            if whole and column.name.lower() in {"version", "lock_version", "row_version", "opt_lock", "버전"}:
                return column
        return None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not carried over: `line` of the text (0 when it has none), `what` it is, `why` (Korean)."""

    what: str
    why: str
    line: int = 0


@dataclass(slots=True)
class Schema:
    """Tables in the order of the text. `left_out` counts what is not the Assistant's business: views, triggers, rows."""

    dialect: str
    tables: list[Table] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _full: dict[str, Table] = field(default_factory=dict, repr=False)
    _short: dict[str, Table] = field(default_factory=dict, repr=False)

    def add(self, table: Table) -> None:
        self.tables.append(table)
        self._full[table.full_name.lower()] = table
        self._short.setdefault(table.name.lower(), table)

    def remove(self, table: Table) -> None:
        self.tables.remove(table)
        for known in (self._full, self._short):
            for name in [name for name, other in known.items() if other is table]:
                del known[name]

    def has(self, full_name: str) -> bool:
        return full_name.lower() in self._full

    def table(self, name: str) -> Table | None:
        """By `schema.name` or name, without regard to case."""
        told = name.lower()
        return self._full.get(told) or self._short.get(told.rpartition(".")[2])

    def note(self, what: str, why: str, line: int = 0) -> None:
        self.problems.append(Problem(what, why, line))

    @property
    def columns(self) -> int:
        return sum(len(table.columns) for table in self.tables)
