"""SQLAlchemy 2 models: for each table a generated abstract class with columns, conditions and relations, and one by hand.

A table whose rows nothing tells apart (no key, and no unique set without NULL) is a plain `sa.Table`: the mapper would lose
rows that are alike.
"""

from __future__ import annotations

from portal.assistant import names as naming
from portal.assistant.names import Names, Relation
from portal.assistant.output import File, by_hand, generated
from portal.assistant.python_types import column_type, default, docstring, quoted, sql, value_type
from portal.assistant.schema import Column, Kind, Schema, Table

_NETWORK = '''

class NetworkText(sa.types.TypeDecorator[str]):
    """An address of a network as text; PostgreSQL keeps it in the type it has for it."""

    impl = sa.String(43)
    cache_ok = True

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        own = {"inet": postgresql.INET(), "cidr": postgresql.CIDR(), "macaddr": postgresql.MACADDR()}
        return dialect.type_descriptor(own[self.kind] if dialect.name == "postgresql" else sa.String(43))

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(value)
'''


def files(schema: Schema, names: Names, package: str) -> list[File]:
    """The package's files that concern models."""
    top = f"python/{package.replace('.', '/')}"
    made = [
        generated(f"{top}/__init__.py", _front(schema, names)),
        generated(f"{top}/generated/__init__.py", '"""Owned by the generator."""\n'),
        generated(f"{top}/generated/models/__init__.py", '"""Owned by the generator."""\n'),
        generated(f"{top}/generated/base.py", _base(schema)),
        by_hand(f"{top}/models/__init__.py", '"""One class for each table: a place for what is written by hand."""\n'),
    ]
    if names.enums:
        made.append(generated(f"{top}/generated/enums.py", _enums(schema, names)))
    for table in schema.tables:
        module = names.modules[table.full_name]
        if table.identity():
            made += [
                generated(f"{top}/generated/models/{module}.py", _model(schema, names, table)),
                by_hand(f"{top}/models/{module}.py", _hand(names, table)),
            ]
        else:
            made.append(generated(f"{top}/generated/models/{module}.py", _plain_table(schema, names, table)))
    return made


def table_variable(names: Names, table: Table) -> str:
    return f"{names.modules[table.full_name].rstrip('_')}_table"


def _front(schema: Schema, names: Names) -> str:
    lines = ['"""The schema as classes. Importing this package makes every class known to the mapper."""\n']
    exported = ["Base"]
    lines.append("from .generated.base import Base")
    for table in schema.tables:
        module = names.modules[table.full_name]
        if table.identity():
            lines.append(f"from .models.{module} import {names.of(table)}")
            exported.append(names.of(table))
        else:
            variable = table_variable(names, table)
            lines.append(f"from .generated.models.{module} import {variable}")
            exported.append(variable)
    inside = "\n".join(f"    {quoted(name)}," for name in exported)
    return "\n".join(lines) + f"\n\n__all__ = [\n{inside}\n]\n"


def _base(schema: Schema) -> str:
    network = any(
        kind is not None and kind.kind in {Kind.INET, Kind.CIDR, Kind.MACADDR}
        for table in schema.tables
        for column in table.columns
        for kind in (column.type, column.type.element)
    )
    head = '"""What every class of the schema stands on."""\n\n'
    if network:
        head += (
            "from typing import Any\n\nimport sqlalchemy as sa\n"
            "from sqlalchemy import orm\nfrom sqlalchemy.dialects import postgresql\n"
        )
    else:
        head += "from sqlalchemy import orm\n"
    body = '\n\nclass Base(orm.DeclarativeBase):\n    """All tables of the schema are in `Base.metadata`."""\n'
    return head + body + (_NETWORK if network else "")


def _enums(schema: Schema, names: Names) -> str:
    head = (
        '"""Types with a fixed list of values."""\n\nimport enum\n\n\n'
        "def values(kind: type[enum.Enum]) -> list[str]:\n"
        '    """What the database holds: the values, not the names of the members."""\n'
        "    return [str(member.value) for member in kind]\n"
    )
    parts = [head]
    for kind in naming.enums(schema):
        lines = [f"\n\nclass {names.enums[kind.name]}(enum.Enum):", docstring(kind.name, "    "), ""]
        lines += [f"    {member} = {quoted(value)}" for value, member in naming.members(kind).items()]
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)


# ----- one table -----------------------------------------------------------------------------------------------------


def _model(schema: Schema, names: Names, table: Table) -> str:
    own = names.of(table)
    relations = [relation for relation in names.relations if table.full_name in {relation.child, relation.parent}]
    others = {other for relation in relations for other in (relation.child, relation.parent)} | {table.full_name}
    body = [
        f"class {own}Base(Base):",
        docstring(f"{table.full_name}\n{table.comment}", "    "),
        "",
        "    __abstract__ = True",
        f"    __tablename__ = {quoted(table.name)}",
        *_table_args(table),
        "",
        *(_attribute(names, table, column, schema.dialect) for column in table.columns),
        *_mapper_args(names, table),
    ]
    for relation in relations:
        if relation.child == table.full_name:
            body += _one(schema, names, relation)
        if relation.parent == table.full_name:
            body += _many(schema, names, relation)
    text = "\n".join(body) + "\n"
    known = ""
    if relations:
        lines = [f"    from ...models.{names.modules[other]} import {names.classes[other]}" for other in sorted(others)]
        known = "\nif TYPE_CHECKING:\n" + "\n".join(lines) + "\n" if lines else ""
    return _imports(text, table) + known + "\n\n" + text


def _imports(text: str, table: Table) -> str:
    lines = [docstring(f"Table {table.full_name}.") + "\n"]
    typing = [
        word
        for word in ("TYPE_CHECKING", "Any")
        if (word == "TYPE_CHECKING" and "declared_attr" in text) or f"[{word}" in text
    ]
    standard = [
        *(["import datetime as dt"] if "dt." in text else []),
        *(["from decimal import Decimal"] if "Decimal" in text else []),
        *([f"from typing import {', '.join(typing)}"] if typing else []),
        *(["from uuid import UUID"] if "[UUID" in text and "uuid4" not in text else []),
        *(["from uuid import UUID, uuid4"] if "uuid4" in text else []),
    ]
    dialects = [word for word in ("mysql", "postgresql") if f"{word}." in text]
    lines += [*standard, *([""] if standard else []), "import sqlalchemy as sa", "from sqlalchemy import orm"]
    lines += [f"from sqlalchemy.dialects import {', '.join(dialects)}"] if dialects else []
    lines += ["", *(["from .. import enums"] if "enums." in text else [])]
    lines.append(f"from ..base import Base{', NetworkText' if 'NetworkText(' in text else ''}")
    return "\n".join(lines) + "\n"


def _attribute(names: Names, table: Table, column: Column, dialect: str) -> str:
    value = value_type(column.type, names)
    optional = f"{value} | None" if column.nullable else value
    return (
        f"    {names.attribute(table, column.name)}: orm.Mapped[{optional}] = orm.mapped_column("
        f"{_column_arguments(names, table, column, dialect)})"
    )


def _column_arguments(names: Names, table: Table, column: Column, dialect: str) -> str:
    in_key = column.name in table.key
    alone = in_key and len(table.key) == 1
    made = [quoted(column.name), column_type(column, names, dialect)]
    if column.auto and not alone:
        made.append("sa.Identity()")  # SQLite, which counts up only a key of one column, leaves it to the program
    if in_key:
        made.append("primary_key=True")
        made.append(f"autoincrement={column.auto and alone}")
    else:
        made.append(f"nullable={column.nullable}")
    comment = f", comment={quoted(column.comment)}" if column.comment else ""
    return ", ".join(made) + default(column) + comment


def _mapper_args(names: Names, table: Table) -> list[str]:
    told = []
    if not table.key:
        told.append(f'"primary_key": [{", ".join(quoted(name) for name in table.identity())}]')
    if version := table.version():
        told.append(f'"version_id_col": {names.attribute(table, version.name)}')
    return ["", f"    __mapper_args__ = {{{', '.join(told)}}}"] if told else []


def _table_args(table: Table) -> list[str]:
    made = [f"        {line}," for line in constraints(table)]
    options = [
        f'"{word}": {quoted(told)}' for word, told in (("schema", table.schema), ("comment", table.comment)) if told
    ]
    made += [f"        {{{', '.join(options)}}},"] if options else []
    return ["    __table_args__ = (", *made, "    )"] if made else []


def constraints(table: Table) -> list[str]:
    """Keys, conditions and indexes of a table as SQLAlchemy's calls."""
    found = []
    in_order = tuple(column.name for column in table.columns if column.name in table.key)
    if table.key and (table.key_name != f"{table.name}_pkey" or table.key != in_order):
        found.append(f"sa.PrimaryKeyConstraint({_list(table.key)}, name={quoted(table.key_name)})")
    for key in table.foreign_keys:
        targets = ", ".join(quoted(f"{key.table}.{column}") for column in key.targets)
        actions = "".join(
            f", {word}={quoted(told)}"
            for word, told in (("ondelete", key.on_delete), ("onupdate", key.on_update))
            if told
        )
        found.append(
            f"sa.ForeignKeyConstraint([{_list(key.columns)}], [{targets}], name={quoted(key.name)}{actions}){_only(key.here)}"
        )
    found += [f"sa.UniqueConstraint({_list(unique.columns)}, name={quoted(unique.name)})" for unique in table.uniques]
    found += [
        f"sa.CheckConstraint(sa.text({sql(check.sql)}), name={quoted(check.name)}){_only(check.here)}"
        for check in table.checks
    ]
    for index in table.indexes:
        columns = ", ".join(f"sa.text({sql(part)})" for part in index.expressions) or _list(index.columns)
        options = [
            *(["unique=True"] if index.unique else []),
            *([f"postgresql_using={quoted(index.using)}"] if index.using not in {"", "btree"} else []),
            *([f"postgresql_ops={_dict(index.operators)}"] if index.operators and not index.expressions else []),
            *([f"{word}_where=sa.text({sql(index.where)})" for word in ("postgresql", "sqlite") if index.where]),
            *([f"mysql_prefix={quoted(index.prefix)}"] if index.prefix else []),
            *([f"mysql_length={_dict(index.lengths)}"] if index.lengths else []),
        ]
        found.append(f"sa.Index({', '.join([quoted(index.name), columns, *options])}){_only(index.here)}")
    return found


def _list(columns: tuple[str, ...]) -> str:
    return ", ".join(quoted(column) for column in columns)


def _dict(pairs: tuple[tuple[str, str | int], ...] | tuple[tuple[str, str], ...] | tuple[tuple[str, int], ...]) -> str:
    told = (f"{quoted(key)}: {quoted(value) if isinstance(value, str) else value}" for key, value in pairs)
    return "{" + ", ".join(told) + "}"


def _only(here: str) -> str:
    return f'.ddl_if(dialect="{here}")' if here else ""


# ----- relations -----------------------------------------------------------------------------------------------------


def _join(schema: Schema, names: Names, relation: Relation) -> tuple[str, str, str]:
    """The join, its foreign side and its other side, as text that the mapper reads once all classes are there."""
    child, parent = schema.table(relation.child), schema.table(relation.parent)
    if child is None or parent is None:
        raise LookupError(relation)
    mine = [f"{names.of(child)}.{names.attribute(child, column)}" for column in relation.key.columns]
    theirs = [f"{names.of(parent)}.{names.attribute(parent, column)}" for column in relation.key.targets]
    joined = ", ".join(f"{one} == {other}" for one, other in zip(mine, theirs, strict=True))
    return (f"and_({joined})" if len(mine) > 1 else joined), f"[{', '.join(mine)}]", f"[{', '.join(theirs)}]"


def _one(schema: Schema, names: Names, relation: Relation) -> list[str]:
    join, foreign, remote = _join(schema, names, relation)
    other = names.classes[relation.parent]
    annotated = f'orm.Mapped["{other} | None"]' if relation.optional else f'orm.Mapped["{other}"]'
    own = [f"remote_side={quoted(remote)}"] if relation.child == relation.parent else []
    return _relationship(relation.one, annotated, other, join, [foreign, relation.many], own, relation)


def _many(schema: Schema, names: Names, relation: Relation) -> list[str]:
    join, foreign, _remote = _join(schema, names, relation)
    other = names.classes[relation.child]
    own = [] if relation.view_only else ['passive_deletes="all"']
    return _relationship(
        relation.many, f'orm.Mapped[list["{other}"]]', other, join, [foreign, relation.one], own, relation
    )


def _relationship(  # noqa: PLR0913 - one argument for each word of the call that is written
    name: str, annotated: str, other: str, join: str, ends: list[str], own: list[str], relation: Relation
) -> list[str]:
    foreign, back = ends
    how = ["viewonly=True"] if relation.view_only else [f"back_populates={quoted(back)}"]
    arguments = [quoted(other), f"primaryjoin={quoted(join)}", f"foreign_keys={quoted(foreign)}", *own, *how]
    inside = "\n".join(f"            {argument}," for argument in arguments)
    return [
        "",
        "    @orm.declared_attr",
        "    @classmethod",
        f"    def {name}(cls) -> {annotated}:",
        f"        return orm.relationship(\n{inside}\n        )",
    ]


def _hand(names: Names, table: Table) -> str:
    own, module = names.of(table), names.modules[table.full_name]
    return (
        f'"""{own}, by hand: made once, never touched again by the generator."""\n\n'
        f"from ..generated.models.{module} import {own}Base\n\n\n"
        f"class {own}({own}Base):\n{docstring(f'A row of {table.full_name}.', '    ')}\n"
    )


def _plain_table(schema: Schema, names: Names, table: Table) -> str:
    lines = [f"{table_variable(names, table)} = sa.Table(", f"    {quoted(table.name)},", "    Base.metadata,"]
    lines += [f"    sa.Column({_column_arguments(names, table, column, schema.dialect)})," for column in table.columns]
    lines += [f"    {line}," for line in constraints(table)]
    options = [
        f"{word}={quoted(told)}" for word, told in (("schema", table.schema), ("comment", table.comment)) if told
    ]
    lines += [f"    {option}," for option in options]
    text = "\n".join([*lines, ")"]) + "\n"
    why = "# Nothing tells its rows apart (no key, no unique set without NULL), so it is no mapped class.\n"
    return _imports(text, table) + "\n" + why + text
