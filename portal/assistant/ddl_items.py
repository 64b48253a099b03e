"""One line between the brackets of CREATE TABLE, or behind ALTER TABLE ... ADD: a column, a key, a condition, an index."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from portal.assistant import values
from portal.assistant.ddl_types import spelled, type_of
from portal.assistant.schema import Column, Default, ForeignKey, Index, Kind, Unique
from portal.assistant.statements import items
from portal.core.korea import particle

#: sqlglot warns of what it takes as a bare command; such a thing is a problem of ours, told to the person.
logging.getLogger("sqlglot").setLevel(logging.ERROR)
READ = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}
NAME = r'(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|\[[^\]]+\]|[^\W\d][\w$]*)'
_MYSQL_INDEX = re.compile(
    rf"(?:CONSTRAINT\s+(?:(?!FOREIGN\b|PRIMARY\b)(?P<given>{NAME}))?\s*)?(?:(?P<sort>UNIQUE|FULLTEXT|SPATIAL)\s+(?:KEY|INDEX)|(?P<bare>UNIQUE|KEY|INDEX))"
    rf"\s*(?P<name>{NAME})?\s*(?:USING\s+\w+\s*)?\((?P<columns>.*)\)[^()]*",
    re.IGNORECASE | re.DOTALL,
)
_INDEX_COLUMN = re.compile(rf"(?P<name>{NAME})\s*(?:\((?P<length>\d+)\))?\s*(?:ASC|DESC)?", re.IGNORECASE)
_ROWID = re.compile(rf"{NAME}\s+INTEGER\b", re.IGNORECASE)
_ACTIONS = re.compile(r"ON\s+(DELETE|UPDATE)\s+(CASCADE|RESTRICT|NO ACTION|SET NULL|SET DEFAULT)", re.IGNORECASE)


@dataclass(slots=True)
class Found:
    """What one line says; `why` is a Korean sentence when it says nothing we understand, `notes` what got lost."""

    column: Column | None = None
    key: tuple[str, ...] = ()
    key_name: str = ""
    unique: Unique | None = None
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    conditions: list[tuple[str, exp.Expr]] = field(default_factory=list)
    index: Index | None = None
    notes: list[str] = field(default_factory=list)
    why: str = ""


def unquoted(name: str, dialect: str) -> str:
    """A name as the database keeps it: PostgreSQL makes one without quotes lower case."""
    name = name.strip()
    if name[:1] in {'"', "`", "["}:
        close = {"[": "]"}.get(name[0], name[0])
        return name[1:-1].replace(close * 2, close)
    return name.lower() if dialect == "postgresql" else name


def kept(identifier: exp.Expr | None, dialect: str) -> str:
    """The same for what sqlglot read."""
    if identifier is None:
        return ""
    found = identifier if isinstance(identifier, exp.Identifier) else identifier.find(exp.Identifier)
    if found is None:
        return identifier.name
    return str(found.this).lower() if dialect == "postgresql" and not found.args.get("quoted") else str(found.this)


def read_item(item: str, dialect: str) -> Found:
    """What the line `item` says."""
    if dialect == "mysql" and (told := _MYSQL_INDEX.fullmatch(item)):
        return _mysql_index(told)
    if re.fullmatch(NAME, item):
        return Found(
            column=Column(unquoted(item, dialect), type_of(None, dialect)),
            notes=["형식이 적혀 있지 않아 글자로 두었습니다."],
        )
    try:
        tree = sqlglot.parse_one(f"CREATE TABLE x ({spelled(item)})", read=READ[dialect])
    except (SqlglotError, RecursionError, ValueError, IndexError, AttributeError, TypeError):
        return Found(why="SQL로 읽을 수 없습니다.")
    told_parts = tree.this.expressions if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema) else []
    if len(told_parts) != 1:
        return Found(why="SQL로 읽을 수 없습니다.")
    (part,) = told_parts
    if isinstance(part, exp.ColumnDef):
        return _column(part, item, dialect)
    if isinstance(part, exp.Identifier | exp.Column):
        return Found(why="SQL로 읽을 수 없습니다.")
    return _constraint(part, "", dialect)


# ----- a column ------------------------------------------------------------------------------------------------------


def _column(told: exp.ColumnDef, item: str, dialect: str) -> Found:
    name = kept(told.this, dialect)
    kind = type_of(told.args.get("kind"), dialect)
    auto = kind.native in {"serial", "bigserial", "smallserial"}
    found = Found(column=Column(name, kind, nullable=not auto, auto=auto))
    constraints: list[exp.ColumnConstraint] = told.args.get("constraints") or []
    for constraint in constraints:
        _say(found, constraint, dialect)
    column = found.column
    if column is not None and found.key and dialect == "sqlite" and _ROWID.match(item):
        found.column = replace(column, auto=True)
    if told.args.get("kind") is None:
        found.notes.append("형식이 적혀 있지 않아 글자로 두었습니다.")
    return found


def _say(found: Found, constraint: exp.ColumnConstraint, dialect: str) -> None:  # noqa: C901 - one line per word of SQL
    column, said = found.column, constraint.args.get("kind")
    if column is None or said is None:
        return
    if isinstance(said, exp.NotNullColumnConstraint):
        found.column = replace(column, nullable=bool(said.args.get("allow_null")))
    elif isinstance(said, exp.PrimaryKeyColumnConstraint):
        found.key = (column.name,)
        found.key_name = kept(constraint.args.get("this"), dialect)
    elif isinstance(said, exp.UniqueColumnConstraint):
        found.unique = Unique((column.name,), kept(constraint.args.get("this"), dialect))
    elif isinstance(said, exp.AutoIncrementColumnConstraint):
        found.column = replace(column, auto=True)
    elif isinstance(said, exp.GeneratedAsIdentityColumnConstraint) and not said.args.get("expression"):
        found.column = replace(column, auto=True, nullable=False)
    elif isinstance(said, exp.DefaultColumnConstraint):
        _default(found, column, said.this)
    elif isinstance(said, exp.CommentColumnConstraint):
        found.column = replace(column, comment=str(said.this.this) if isinstance(said.this, exp.Literal) else "")
    elif isinstance(said, exp.CheckColumnConstraint):
        found.conditions.append((kept(constraint.args.get("this"), dialect), said.this))
    elif isinstance(said, exp.Reference):
        found.foreign_keys.append(_reference((column.name,), said, kept(constraint.args.get("this"), dialect), dialect))
    elif isinstance(said, exp.ComputedColumnConstraint | exp.GeneratedAsIdentityColumnConstraint):
        found.notes.append("계산되는 칸이라 식은 옮기지 않았습니다.")


def _default(found: Found, column: Column, value: exp.Expr) -> None:
    if values.counts_up(value):
        found.column = replace(column, auto=True)
    elif column.type.kind is Kind.NAMED:
        found.column = replace(column, default=Default("unread", value.sql(dialect="postgres")))
    else:
        default, whole = values.default_of(value, column.type)
        found.column = replace(column, default=default)
        if not whole:
            found.notes.append(
                f"기본값 {value.sql()[:80]}{particle(value.sql()[:80], '은/는')} 이 데이터베이스에만 있어 옮기지 않았습니다."
            )


# ----- a constraint --------------------------------------------------------------------------------------------------


def _constraint(part: exp.Expr, name: str, dialect: str) -> Found:
    if isinstance(part, exp.Constraint):
        inner = [piece for piece in part.expressions if isinstance(piece, exp.Expr)]
        if not inner:
            return Found(why="SQL로 읽을 수 없습니다.")
        return _constraint(inner[0], kept(part.this, dialect), dialect)
    if isinstance(part, exp.PrimaryKey):
        return Found(key=_names(part.expressions, dialect), key_name=name)
    if isinstance(part, exp.UniqueColumnConstraint):
        inside = part.this.expressions if isinstance(part.this, exp.Schema) else []
        own = kept(part.this.this, dialect) if isinstance(part.this, exp.Schema) and part.this.this else ""
        return Found(unique=Unique(_names(inside, dialect), name or own)) if inside else Found(why="열이 없습니다.")
    if isinstance(part, exp.ForeignKey):
        reference = part.args.get("reference")
        if isinstance(reference, exp.Reference):
            return Found(foreign_keys=[_reference(_names(part.expressions, dialect), reference, name, dialect)])
    if isinstance(part, exp.CheckColumnConstraint):
        return Found(conditions=[(name, part.this)])
    if isinstance(part, exp.LikeProperty):
        return Found(why="LIKE")
    return Found(why="이 조건은 옮길 곳이 없습니다.")


def _names(parts: list[exp.Expr], dialect: str) -> tuple[str, ...]:
    return tuple(kept(part, dialect) for part in parts)


def _reference(columns: tuple[str, ...], told: exp.Reference, name: str, dialect: str) -> ForeignKey:
    target = told.this
    inside = target.expressions if isinstance(target, exp.Schema) else []
    table = target.this if isinstance(target, exp.Schema) else target
    schema = kept(table.args.get("db"), dialect) if isinstance(table, exp.Table) and table.args.get("db") else ""
    own = kept(table.this, dialect) if isinstance(table, exp.Table) else kept(table, dialect)
    actions = {
        word.lower(): what.upper() for word, what in _ACTIONS.findall(" ".join(map(str, told.args["options"] or [])))
    }
    return ForeignKey(
        columns,
        f"{schema}.{own}" if schema and schema not in {"public", "main"} else own,
        _names(inside, dialect),
        name,
        actions.get("delete", ""),
        actions.get("update", ""),
    )


def _mysql_index(told: re.Match[str]) -> Found:
    columns, lengths = [], []
    for part in items(told["columns"]):
        column = _INDEX_COLUMN.fullmatch(part)
        if column is None:
            return Found(why="식으로 만든 색인은 옮기지 않습니다.")
        columns.append(unquoted(column["name"], "mysql"))
        if column["length"]:
            lengths.append((columns[-1], int(column["length"])))
    name = unquoted(told["name"] or told["given"] or "", "mysql")
    sort = (told["sort"] or told["bare"]).upper()
    if sort == "UNIQUE" and not lengths:
        return Found(unique=Unique(tuple(columns), name))
    prefix = sort if sort in {"FULLTEXT", "SPATIAL"} else ""
    return Found(
        index=Index(
            name,
            tuple(columns),
            sort == "UNIQUE",
            lengths=tuple(lengths),
            prefix=prefix,
            here="mysql" if prefix or lengths else "",
        )
    )
