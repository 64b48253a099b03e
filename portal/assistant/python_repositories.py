"""One repository for each table: find by key, by unique set, by foreign key, page, count, add, remove."""

from __future__ import annotations

from portal.assistant import names as naming
from portal.assistant.names import Names
from portal.assistant.output import File, by_hand, generated
from portal.assistant.python_models import table_variable
from portal.assistant.python_types import docstring, quoted, value_type
from portal.assistant.schema import ORDERED, Kind, Schema, Table

PAGE = 50


def files(schema: Schema, names: Names, package: str) -> list[File]:
    """The package's files that concern repositories."""
    top = f"python/{package.replace('.', '/')}"
    made = [
        generated(f"{top}/generated/repositories/__init__.py", '"""Owned by the generator."""\n'),
        by_hand(f"{top}/repositories/__init__.py", '"""One repository for each table: a place for own queries."""\n'),
    ]
    for table in schema.tables:
        module, own = names.modules[table.full_name], names.of(table)
        text = _mapped(names, table) if table.identity() else _plain(names, table)
        hand = (
            f'"""{own}Repository, by hand: made once, never touched again by the generator."""\n\n'
            f"from ..generated.repositories.{module} import {own}RepositoryBase\n\n\n"
            f"class {own}Repository({own}RepositoryBase):\n{docstring(f'Queries on {table.full_name}.', '    ')}\n"
        )
        made += [
            generated(f"{top}/generated/repositories/{module}.py", text),
            by_hand(f"{top}/repositories/{module}.py", hand),
        ]
    return made


def lookups(table: Table) -> list[tuple[str, ...]]:
    """The column sets that rows are listed by: foreign keys that are not already unique, once each."""
    unique = {table.identity(), *table.unique_sets()}
    return list(dict.fromkeys(key.columns for key in table.foreign_keys if key.columns not in unique))


def _parameters(names: Names, table: Table, columns: tuple[str, ...]) -> str:
    return ", ".join(
        f"{names.attribute(table, column.name)}: {value_type(column.type, names)}"
        for column in naming.by(table, columns)
    )


def _name(verb: str, names: Names, table: Table, columns: tuple[str, ...], taken: set[str]) -> str:
    return naming.free(
        f"{verb}_by_" + "_and_".join(names.attribute(table, column).rstrip("_") for column in columns), taken
    )


def _imports(text: str, names: Names, table: Table) -> str:
    del names
    lines = [docstring(f"Queries on {table.full_name}.") + "\n"]
    lines += ["import datetime as dt"] if "dt." in text else []
    lines += [f"from collections.abc import {'Mapping, ' if 'Mapping[' in text else ''}Sequence"]
    lines += ["from decimal import Decimal"] if "Decimal" in text else []
    lines += ["from typing import Any"] if "Any" in text else []
    lines += ["from uuid import UUID"] if "UUID" in text else []
    lines += ["", "import sqlalchemy as sa", "from sqlalchemy import orm", ""]
    lines += ["from .. import enums"] if "enums." in text else []
    return "\n".join(lines)


def _mapped(names: Names, table: Table) -> str:
    own, taken = names.of(table), set[str]()
    key = table.identity()
    order = ", ".join(f"{own}.{names.attribute(table, column)}" for column in key)
    as_dict = ", ".join(f"{quoted(names.attribute(table, name))}: {names.attribute(table, name)}" for name in key)
    body = [
        f"class {own}RepositoryBase:",
        docstring(f"What every program asks of {table.full_name}; the transaction is the caller's.", "    "),
        "",
        "    def __init__(self, session: orm.Session) -> None:",
        "        self.session = session",
        "",
        f"    def get(self, {_parameters(names, table, key)}) -> {own} | None:",
        '        """The row of this key, or None."""',
        f"        return self.session.get({own}, {{{as_dict}}})",
    ]
    for columns in table.unique_sets():
        if columns != key and not any(_unfit(table, name) for name in columns):
            body += [
                "",
                f"    def {_name('find', names, table, columns, taken)}(self, {_parameters(names, table, columns)}) -> {own} | None:",
                '        """The one row with these values, or None."""',
                f"        return self.session.scalars(sa.select({own}).where({_where(names, table, own, columns)})).one_or_none()",
            ]
    for columns in lookups(table):
        if not any(_unfit(table, name) for name in columns):
            body += [
                "",
                f"    def {_name('list', names, table, columns, taken)}(",
                f"        self, {_parameters(names, table, columns)}, *, limit: int = {PAGE}, offset: int = 0",
                f"    ) -> Sequence[{own}]:",
                '        """Rows that point there, in the order of their key."""',
                f"        found = sa.select({own}).where({_where(names, table, own, columns)}).order_by({order})",
                "        return self.session.scalars(found.limit(limit).offset(offset)).all()",
            ]
    body += [
        "",
        f"    def page(self, *, limit: int = {PAGE}, offset: int = 0) -> Sequence[{own}]:",
        '        """Rows in the order of their key."""',
        f"        return self.session.scalars(sa.select({own}).order_by({order}).limit(limit).offset(offset)).all()",
        "",
        "    def count(self) -> int:",
        f"        return self.session.scalars(sa.select(sa.func.count()).select_from({own})).one()",
        "",
        f"    def add(self, row: {own}) -> {own}:",
        '        """Put a new row in; its number is there afterwards."""',
        "        self.session.add(row)",
        "        self.session.flush()",
        "        return row",
        "",
        f"    def remove(self, row: {own}) -> None:",
        "        self.session.delete(row)",
        "        self.session.flush()",
    ]
    text = "\n".join(body) + "\n"
    return _imports(text, names, table) + f"\nfrom ...models.{names.modules[table.full_name]} import {own}\n\n\n" + text


def _unfit(table: Table, name: str) -> bool:
    """Whether a column's values cannot be compared in every database."""
    column = table.column(name)
    return column is None or column.type.kind in {
        Kind.JSON,
        Kind.JSONB,
        Kind.ARRAY,
        Kind.GEOMETRY,
        Kind.TSVECTOR,
        Kind.XML,
    }


def _where(names: Names, table: Table, own: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{own}.{names.attribute(table, name)} == {names.attribute(table, name)}" for name in columns)


def _plain(names: Names, table: Table) -> str:
    own, variable, taken = names.of(table), table_variable(names, table), set[str]()
    ordered = [column.name for column in table.columns if column.type.kind in ORDERED]
    order = ", ".join(f"{variable}.c[{quoted(name)}]" for name in ordered)
    by = f".order_by({order})" if order else ""
    body = [
        f"class {own}RepositoryBase:",
        docstring(
            f"{table.full_name} has nothing that tells its rows apart: they are added and listed, not changed.", "    "
        ),
        "",
        "    def __init__(self, session: orm.Session) -> None:",
        "        self.session = session",
        "",
        "    def add(self, values: Mapping[str, Any]) -> None:",
        '        """Put a row in; `values` by the names of the columns in the database."""',
        f"        self.session.execute(sa.insert({variable}).values(dict(values)))",
        "",
        f"    def page(self, *, limit: int = {PAGE}, offset: int = 0) -> Sequence[sa.RowMapping]:",
        f"        found = sa.select({variable}){by}.limit(limit).offset(offset)",
        "        return self.session.execute(found).mappings().all()",
        "",
        "    def count(self) -> int:",
        f"        return self.session.scalars(sa.select(sa.func.count()).select_from({variable})).one()",
    ]
    for columns in lookups(table):
        if not any(_unfit(table, name) for name in columns):
            where = ", ".join(f"{variable}.c[{quoted(name)}] == {names.attribute(table, name)}" for name in columns)
            body += [
                "",
                f"    def {_name('list', names, table, columns, taken)}(",
                f"        self, {_parameters(names, table, columns)}, *, limit: int = {PAGE}, offset: int = 0",
                "    ) -> Sequence[sa.RowMapping]:",
                '        """Rows that point there."""',
                f"        found = sa.select({variable}).where({where}){by}.limit(limit).offset(offset)",
                "        return self.session.execute(found).mappings().all()",
            ]
    text = "\n".join(body) + "\n"
    module = names.modules[table.full_name]
    return _imports(text, names, table) + f"\nfrom ..models.{module} import {variable}\n\n\n" + text
