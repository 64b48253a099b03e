"""A live database read into the same Schema, by SQLAlchemy's inspection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import sqlglot
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from portal.assistant import settling, values
from portal.assistant.ddl_items import READ
from portal.assistant.ddl_types import spelled, type_of
from portal.assistant.schema import (
    DIALECTS,
    Check,
    Column,
    Domain,
    ForeignKey,
    Index,
    Kind,
    Schema,
    Table,
    Type,
    Unique,
)
from portal.core.errors import Refusal
from portal.core.korea import particle


def read_url(url: str) -> Schema:
    """The schema of the database at `url`, which is only read. Refuses when it cannot be reached."""
    try:
        engine = sa.create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ImportError) as error:
        raise Refusal(
            "데이터베이스 주소를 읽을 수 없거나 그 드라이버가 없습니다.",
            "postgresql+psycopg://... 나 sqlite:///... 처럼 적거나, 드라이버를 설치해 주십시오.",
            422,
        ) from error
    try:
        if engine.dialect.name == "sqlite" and engine.url.database not in {None, "", ":memory:"}:
            _must_exist(str(engine.url.database))
        with engine.connect() as connection:
            return read_connection(connection)
    except SQLAlchemyError as error:
        raise Refusal(
            f"데이터베이스에 물을 수 없습니다 ({type(error).__name__}).",
            "주소와 암호, 서버가 켜져 있는지 확인해 주십시오.",
            422,
        ) from error
    finally:
        engine.dispose()


def _must_exist(path: str) -> None:
    """SQLite would make an empty database of a mistyped name."""
    from pathlib import Path  # noqa: PLC0415 - nothing else here touches files

    if not Path(path).is_file():
        raise Refusal(
            "그런 SQLite 파일이 없습니다.", "경로를 확인해 주십시오. 절대 경로는 sqlite://// 로 시작합니다.", 422
        )


def read_connection(connection: sa.Connection) -> Schema:
    """The same, of a connection that is there."""
    dialect = {"mariadb": "mysql"}.get(connection.dialect.name, connection.dialect.name)
    if dialect not in DIALECTS:
        raise Refusal(
            f"{dialect}{particle(dialect, '은/는')} 아직 읽지 않습니다.",
            "PostgreSQL, MySQL, SQLite 가운데 하나를 써 주십시오.",
            422,
        )
    inspector, schema = sa.inspect(connection), Schema(dialect)
    enums: dict[str, Type] = {}
    for name in sorted(inspector.get_table_names()):
        if (why := settling.forbidden(name)) is not None:
            schema.note(f"표 {name[:60]}", why)
            continue
        schema.add(_table(inspector, schema, name))
    settling.name_types(schema, enums, {})
    settling.domain_checks(schema)
    settling.settle(schema)
    if not schema.tables:
        raise Refusal("표가 하나도 없는 데이터베이스입니다.", "다른 데이터베이스인지 확인해 주십시오.", 422)
    return schema


def _table(inspector: sa.Inspector, schema: Schema, name: str) -> Table:
    table, dialect = Table(name), schema.dialect
    key = inspector.get_pk_constraint(name)
    table.key, table.key_name = tuple(key["constrained_columns"] or ()), str(key.get("name") or "")
    for told in inspector.get_columns(name):
        table.columns.append(_column(schema, table, told))
    table.uniques = _uniques(inspector, name)
    named = {unique.name for unique in table.uniques}
    for index in inspector.get_indexes(name):
        if index.get("duplicates_constraint") or index["name"] in named:
            continue
        if index.get("expressions") or None in index["column_names"]:
            schema.note(f"{name}: INDEX {index['name']}", "식으로 만든 색인은 옮기지 않았습니다.")
            continue
        options = index.get("dialect_options") or {}
        if options.get("postgresql_where") or options.get("sqlite_where"):
            schema.note(f"{name}: INDEX {index['name']}", "조건이 붙은 색인은 옮기지 않았습니다.")
            continue
        columns = tuple(str(column) for column in index["column_names"])
        using = str(options.get("postgresql_using") or "")
        here = dialect if using not in {"", "btree", "hash"} else ""
        table.indexes.append(Index(str(index["name"] or ""), columns, bool(index["unique"]), using=using, here=here))
    for told_key in inspector.get_foreign_keys(name):
        options = told_key.get("options") or {}
        table.foreign_keys.append(
            ForeignKey(
                tuple(told_key["constrained_columns"]), told_key["referred_table"], tuple(told_key["referred_columns"]),
                str(told_key["name"] or ""), _action(options, "ondelete"), _action(options, "onupdate"),
            )
        )  # fmt: skip
    for check in inspector.get_check_constraints(name):
        table.checks.append(Check(str(check["sqltext"]), str(check["name"] or ""), dialect))
    table.comment = _comment(inspector, name)
    return table


def _uniques(inspector: sa.Inspector, name: str) -> list[Unique]:
    told = inspector.get_unique_constraints(name)
    found = [Unique(tuple(unique["column_names"]), str(unique["name"] or "")) for unique in told]
    if inspector.dialect.name == "sqlite" and isinstance(inspector.bind, sa.Connection):
        # SQLAlchemy reads SQLite's from the text, and misses those behind [names]; SQLite itself knows them all
        indexes = sa.text("SELECT name FROM pragma_index_list(:table) WHERE origin = 'u' ORDER BY seq DESC")
        columns = sa.text("SELECT name FROM pragma_index_info(:index) ORDER BY seqno")
        known = inspector.bind.scalars(indexes, {"table": name}).all()
        found += [Unique(tuple(inspector.bind.scalars(columns, {"index": index}).all())) for index in known]
    return found


def _action(options: Mapping[str, Any], word: str) -> str:
    told = str(options.get(word) or "").upper()
    return "" if told == "NO ACTION" else told


def _comment(inspector: sa.Inspector, name: str) -> str:
    return str(inspector.get_table_comment(name)["text"] or "") if inspector.dialect.supports_comments else ""


def _column(schema: Schema, table: Table, told: Mapping[str, Any]) -> Column:
    name, dialect = str(told["name"]), schema.dialect
    kind = _type(told["type"], dialect)
    value = str(told["default"]) if told.get("default") is not None else ""
    alone = table.key == (name,)
    auto = bool(told.get("identity")) or "nextval(" in value or (told.get("autoincrement") is True)
    if dialect == "sqlite":
        auto = alone and str(told["type"]).upper() == "INTEGER"
    default = None
    if value and not auto:
        try:
            default, whole = values.default_of(sqlglot.parse_one(value, read=READ[dialect]), kind)
        except (SqlglotError, RecursionError):
            default, whole = None, False
        if not whole:
            schema.note(
                f"{table.name}.{name}",
                f"기본값 {value[:80]}{particle(value[:80], '은/는')} 이 데이터베이스에만 있어 옮기지 않았습니다.",
            )
    return Column(name, kind, bool(told["nullable"]), auto, default, str(told.get("comment") or ""))


def _type(told: Any, dialect: str) -> Type:  # noqa: ANN401 - types of dialects carry their own attributes
    """By the words the dialect itself would write for it."""
    if isinstance(told, sa.Enum):
        return Type(Kind.ENUM, values=tuple(told.enums), name=str(told.name or ""), native=str(told.name or "enum"))
    if told.__class__.__name__ == "DOMAIN":
        base = _type(told.data_type, dialect)
        check = str(told.check.text) if told.check is not None else ""
        return Type(base.kind, base.length, base.precision, base.scale, base.values, base.name, native=base.native,
                    domain=Domain(str(told.name), check, bool(told.not_null)))  # fmt: skip
    if told.__class__.__name__ == "SET":
        return Type(Kind.SET, values=tuple(told.values), native="set")
    if isinstance(told, sa.ARRAY):
        return Type(Kind.ARRAY, element=_type(told.item_type, dialect), native="array")
    if isinstance(told, sa.types.NullType):
        return Type(Kind.TEXT)
    words = spelled(f"x {told.compile(dialect=_engine(dialect))}")
    try:
        tree = sqlglot.parse_one(f"CREATE TABLE t ({words})", read=READ[dialect])
    except (SqlglotError, RecursionError):
        return Type(Kind.NAMED, native=str(told)[:60].lower(), name=str(told)[:60].lower())
    found = tree.find(exp.ColumnDef)
    return type_of(found.args.get("kind") if found else None, dialect)


def _engine(dialect: str) -> sa.Dialect:
    from sqlalchemy.dialects import mysql, postgresql, sqlite  # noqa: PLC0415 - their drivers load with them

    known: dict[str, type[sa.Dialect]] = {
        "postgresql": postgresql.dialect,
        "mysql": mysql.dialect,
        "sqlite": sqlite.dialect,
    }
    return known[dialect]()
