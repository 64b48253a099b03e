"""The last look at a schema, however it was read: types looked up, targets of foreign keys found, every name there once.

After it the models made from the schema can be created in SQLite and in PostgreSQL; what only one of them takes says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from portal.assistant import values
from portal.assistant.ddl_items import kept
from portal.assistant.schema import INTEGERS, WORDS, Check, Column, ForeignKey, Index, Kind, Schema, Table, Type, Unique
from portal.core.korea import particle

#: PostgreSQL cuts a longer name without a word; SQLAlchemy refuses it.
LONGEST_NAME = 63


def forbidden(name: str) -> str | None:
    """Why a table or a column may not be called so, as a Korean sentence."""
    if not name.strip() or not name.isprintable():
        return "이름이 비었거나 보이지 않는 글자가 들었습니다."
    if "#{" in name or "${" in name:
        return "이름에 #{ 나 ${ 가 들어 MyBatis가 값으로 바꾸므로 받지 않습니다."
    if "." in name:
        return "이름에 점이 들어 다른 이름과 가를 수 없습니다."
    return "이름이 너무 깁니다." if len(name) > LONGEST_NAME else None


def name_types(schema: Schema, enums: dict[str, Type], domains: dict[str, tuple[Type, Column]]) -> None:
    """Put the schema's own types in the place of their names; MySQL's nameless enums get one."""
    for table in schema.tables:
        for place, column in enumerate(table.columns):
            kind = _looked_up(column.type, enums, domains)
            if kind.kind is Kind.NAMED:
                schema.note(f"{table.name}.{column.name}", f"모르는 형식 {kind.native[:60]}이라 글자로 두었습니다.")
                kind = Type(Kind.TEXT, native=kind.native)
            if kind.kind is Kind.ENUM and (
                not kind.values or any(len(value.encode()) > LONGEST_NAME for value in kind.values)
            ):
                schema.note(f"{table.name}.{column.name}", "ENUM의 값이 없거나 너무 길어 글자로 두었습니다.")
                kind = Type(Kind.TEXT, native="enum")
            if kind.kind is Kind.ENUM and not kind.name:
                kind = replace(kind, name=shortened(f"{table.name}_{column.name}_enum"))
            settled = replace(column, type=kind)
            if kind.domain and kind.domain.not_null:
                settled = replace(settled, nullable=False)
            if column.default and column.default.how == "unread":
                settled = _with_default(schema, table, settled)
            table.columns[place] = settled


def _looked_up(kind: Type, enums: dict[str, Type], domains: dict[str, tuple[Type, Column]]) -> Type:
    if kind.kind is Kind.ARRAY and kind.element is not None:
        return replace(kind, element=_looked_up(kind.element, enums, domains))
    called = kind.name or kind.native  # a domain may be called year, which sqlglot takes for MySQL's
    if called in domains:
        base = domains[called][0]
        return replace(_looked_up(replace(base, domain=None), enums, {}), domain=base.domain)
    return enums.get(called, kind)


def _with_default(schema: Schema, table: Table, column: Column) -> Column:
    sql = column.default.sql if column.default else ""
    try:
        told = sqlglot.parse_one(sql, read="postgres")
    except (SqlglotError, RecursionError):
        told = None
    default, whole = values.default_of(told, column.type) if told is not None else (None, False)
    if not whole:
        schema.note(
            f"{table.name}.{column.name}",
            f"기본값 {sql[:80]}{particle(sql[:80], '은/는')} 이 데이터베이스에만 있어 옮기지 않았습니다.",
        )
    return replace(column, default=default)


def domain_checks(schema: Schema) -> None:
    """The rules of a domain as rules of each table that uses it: SQLite has no domains, and the models serve both."""
    for table in schema.tables:
        for column in table.columns:
            domain = column.type.domain
            if domain is None or not domain.check:
                continue
            try:
                told = sqlglot.parse_one(domain.check, read="postgres")
            except (SqlglotError, RecursionError):
                schema.note(
                    f"{table.name}.{column.name}", f"DOMAIN {domain.name}의 조건을 읽지 못해 옮기지 않았습니다."
                )
                continue
            for value in told.find_all(exp.Column):
                value.set("this", exp.to_identifier(column.name, quoted=True))
            add_check(schema, table, f"{table.name}_{column.name}_{domain.name}", told)


def add_check(schema: Schema, table: Table, name: str, told: exp.Expr) -> None:
    """A condition of `table`, in words for every database where that can be."""
    plain = values.same_everywhere(told, table, schema.dialect)
    sql = values.condition_sql(told, schema.dialect, lambda one: kept(one, schema.dialect), plain=plain)
    table.checks.append(Check(sql, name, "" if plain else schema.dialect))


def settle(schema: Schema) -> None:
    """Make keys, targets and names fit together."""
    for table in schema.tables:
        _settle_key(schema, table)
        _settle_uniques(schema, table)
    for table in schema.tables:
        table.foreign_keys = list(
            dict.fromkeys(filter(None, (_target(schema, table, key) for key in table.foreign_keys)))
        )
    _name_all(schema)


def _exact(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names as the columns are written; none when one is not there."""
    found = [table.column(name) for name in names]
    return tuple(column.name for column in found if column is not None) if all(found) else ()


def _settle_key(schema: Schema, table: Table) -> None:
    key = tuple(dict.fromkeys(_exact(table, table.key)))
    if table.key and not key:
        schema.note(f"{table.name}: PRIMARY KEY", "기본 키에 없는 열이 나와 기본 키 없이 두었습니다.")
    table.key = key
    table.columns = [replace(column, nullable=False) if column.name in key else column for column in table.columns]


def _settle_uniques(schema: Schema, table: Table) -> None:
    uniques: dict[tuple[str, ...], Unique] = {}
    for unique in table.uniques:
        columns = _exact(table, unique.columns)
        if not columns:
            schema.note(f"{table.name}: UNIQUE", "유일 조건에 없는 열이 나와 옮기지 않았습니다.")
        elif columns != table.key:
            uniques.setdefault(columns, replace(unique, columns=columns))
    table.uniques = list(uniques.values())
    kept = []
    for index in table.indexes:
        columns = _exact(table, index.columns)
        if columns or index.expressions:
            kept.append(replace(index, columns=columns))
        else:
            schema.note(f"{table.name}: INDEX {index.name}", "색인에 없는 열이 나와 옮기지 않았습니다.")
    table.indexes = kept


def _target(schema: Schema, table: Table, key: ForeignKey) -> ForeignKey | None:
    """The foreign key with its target found; None, and a problem, when there is no such target."""
    what = f"{table.name}: FOREIGN KEY ({', '.join(key.columns)})"
    target = schema.table(key.table)
    if target is None:
        schema.note(
            what, f"가리키는 표 {key.table[:60]}{particle(key.table[:60], '이/가')} 이 스키마에 없어 옮기지 않았습니다."
        )
        return None
    columns, targets = _exact(table, key.columns), _exact(target, key.targets or target.key)
    if not columns or len(columns) != len(targets):
        schema.note(what, "열과 가리키는 열이 맞지 않아 옮기지 않았습니다.")
        return None
    here = ""
    if not _unique_together(target, targets) or any(
        _family(table.column(one)) != _family(target.column(other)) for one, other in zip(columns, targets, strict=True)
    ):
        here = schema.dialect
        schema.note(what, f"가리키는 열의 형식이 다르거나 유일하지 않아 {schema.dialect}에서만 만듭니다.")
    return replace(key, columns=columns, table=target.full_name, targets=targets, here=here)


def _unique_together(table: Table, columns: tuple[str, ...]) -> bool:
    return any(set(columns) == set(found) for found in (table.key, *table.unique_sets()))


def _family(column: Column | None) -> str:
    """Which types may point at each other in every database."""
    kind = column.type.kind if column else Kind.NAMED
    if kind in INTEGERS:
        return "integer"
    return "words" if kind in WORDS else kind.value


# ----- names ---------------------------------------------------------------------------------------------------------


def shortened(name: str) -> str:
    """A name no longer than every database takes: the end of a long one is its digest."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    head = name.encode()[: LONGEST_NAME - 9].decode(errors="ignore")
    return f"{head}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class _Names:
    """Names of one name space, compared without case, as SQLite does."""

    def __init__(self, taken: list[str]) -> None:
        self.taken = {name.lower() for name in taken}

    def take(self, *wishes: str) -> str:
        """The first wish that is free, else the last with a number."""
        for wish in wishes:
            name = shortened(wish)
            if wish and name.lower() not in self.taken:
                break
        else:
            number = 2
            while shortened(f"{wishes[-1]}_{number}").lower() in self.taken:
                number += 1
            name = shortened(f"{wishes[-1]}_{number}")
        self.taken.add(name.lower())
        return name


def _name_all(schema: Schema) -> None:
    """Indexes, keys and unique sets share PostgreSQL's name space with tables; MySQL's are only their table's."""
    names = _Names([table.name for table in schema.tables])
    for table in schema.tables:
        own = _Names([])
        if table.key:
            table.key_name = names.take(
                table.key_name if table.key_name.upper() != "PRIMARY" else "", f"{table.name}_pkey"
            )
        table.uniques = [
            replace(unique, name=names.take(unique.name, f"{table.name}_{'_'.join(unique.columns)}_key"))
            for unique in table.uniques
        ]
        table.indexes = [_named_index(names, table, index) for index in table.indexes]
        table.foreign_keys = [
            replace(key, name=own.take(key.name, f"{table.name}_{'_'.join(key.columns)}_fkey"))
            for key in table.foreign_keys
        ]
        table.checks = [replace(check, name=own.take(check.name, f"{table.name}_check")) for check in table.checks]


def _named_index(names: _Names, table: Table, index: Index) -> Index:
    wishes = (
        index.name,
        f"{table.name}_{index.name}" if index.name else "",
        f"{table.name}_{'_'.join(index.columns)}_idx",
    )
    return replace(index, name=names.take(*wishes))
