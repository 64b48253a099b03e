"""What a column is in Python: the type of its values, and SQLAlchemy's type that makes it in each database."""

from __future__ import annotations

import json
import re

from portal.assistant.names import Names
from portal.assistant.schema import Column, Default, Kind, Type

_VALUES = {
    Kind.BOOLEAN: "bool", Kind.SMALLINT: "int", Kind.INTEGER: "int", Kind.BIGINT: "int", Kind.UBIGINT: "int",
    Kind.DECIMAL: "Decimal", Kind.REAL: "float", Kind.DOUBLE: "float", Kind.BINARY: "bytes", Kind.GEOMETRY: "bytes",
    Kind.DATE: "dt.date", Kind.TIME: "dt.time", Kind.TIMESTAMP: "dt.datetime", Kind.TIMESTAMPTZ: "dt.datetime",
    Kind.INTERVAL: "dt.timedelta", Kind.UUID: "UUID", Kind.JSON: "Any", Kind.JSONB: "Any",
}  # fmt: skip
_PLAIN = {
    Kind.BOOLEAN: "sa.Boolean()", Kind.SMALLINT: "sa.SmallInteger()", Kind.INTEGER: "sa.Integer()",
    Kind.BIGINT: "sa.BigInteger()", Kind.UBIGINT: "sa.BigInteger()", Kind.REAL: "sa.REAL()", Kind.DOUBLE: "sa.Double()",
    Kind.TEXT: "sa.Text()", Kind.XML: "sa.Text()", Kind.TSVECTOR: "sa.Text()", Kind.GEOMETRY: "sa.LargeBinary()",
    Kind.DATE: "sa.Date()", Kind.TIME: "sa.Time()", Kind.TIMESTAMP: "sa.DateTime()",
    Kind.TIMESTAMPTZ: "sa.DateTime(timezone=True)", Kind.INTERVAL: "sa.Interval()", Kind.UUID: "sa.Uuid()",
    Kind.JSON: "sa.JSON()", Kind.JSONB: "sa.JSON()", Kind.ARRAY: "sa.JSON()", Kind.MONEY: "sa.String(40)",
}  # fmt: skip
#: MySQL's own words -> SQLAlchemy's; elsewhere the plain type stands for them.
_MYSQL = {
    "tinyint": "TINYINT", "utinyint": "TINYINT", "usmallint": "SMALLINT", "mediumint": "MEDIUMINT",
    "umediumint": "MEDIUMINT", "uint": "INTEGER", "ubigint": "BIGINT", "year": "YEAR", "tinytext": "TINYTEXT",
    "mediumtext": "MEDIUMTEXT", "longtext": "LONGTEXT", "tinyblob": "TINYBLOB", "mediumblob": "MEDIUMBLOB",
    "longblob": "LONGBLOB", "float": "FLOAT",
}  # fmt: skip
_NETWORK = {Kind.INET, Kind.CIDR, Kind.MACADDR}
_MOMENTS = {"now": "sa.func.now()", "today": "sa.func.current_date()", "clock": "sa.func.current_time()"}


def quoted(text: str) -> str:
    """`text` as a Python literal in double quotes; Hangul stays readable, what is unseen is escaped."""
    safe = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in safe)


def sql(text: str) -> str:
    """A piece of SQL as the literal SQLAlchemy's text() takes: a single colon would be a parameter there."""
    return quoted(re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", text))


def value_type(kind: Type, names: Names) -> str:
    """The annotation of a value that is there."""
    if kind.kind is Kind.ENUM:
        return f"enums.{names.enums[kind.name]}" if kind.name in names.enums else "str"
    if kind.kind is Kind.ARRAY:
        element = kind.element or Type(Kind.TEXT)
        return f"list[{'str' if element.kind is Kind.ENUM else value_type(element, names)}]"
    return _VALUES.get(kind.kind, "str")


def column_type(column: Column, names: Names, dialect: str) -> str:
    """SQLAlchemy's type: a common one, with variants where a database has a better one of its own."""
    kind = column.type
    made = _common(kind, names)
    variants = []
    if own := _postgresql(kind):
        variants.append(f'.with_variant({own}, "postgresql")')
    if dialect == "mysql" and kind.native in _MYSQL and kind.kind is not Kind.BOOLEAN:
        unsigned = "unsigned=True" if kind.unsigned else ""
        variants.append(f'.with_variant(mysql.{_MYSQL[kind.native]}({unsigned}), "mysql")')
    if column.auto and kind.kind in {Kind.SMALLINT, Kind.BIGINT, Kind.UBIGINT}:
        variants.append('.with_variant(sa.Integer(), "sqlite")')  # only INTEGER counts up by itself there
    return made + "".join(variants)


def _common(kind: Type, names: Names) -> str:
    length = str(kind.length) if kind.length else ""
    if kind.kind in _PLAIN:
        return _PLAIN[kind.kind]
    if kind.kind is Kind.DECIMAL:
        return f"sa.Numeric({', '.join(str(part) for part in (kind.precision, kind.scale) if part is not None)})"
    if kind.kind is Kind.ENUM:
        return _enum(kind, names)
    if kind.kind is Kind.SET:
        return f"sa.String({max(1, sum(len(value) + 1 for value in kind.values))})"
    if kind.kind is Kind.BINARY:
        return f"sa.LargeBinary({length})"
    if kind.kind in _NETWORK:
        return f"NetworkText({quoted(kind.kind.value)})"
    if kind.kind is Kind.BIT:
        return f"sa.String({length or 1})"
    return f"sa.CHAR({length})" if kind.kind is Kind.CHAR else f"sa.String({length})"


def _enum(kind: Type, names: Names) -> str:
    schema = kind.native.rpartition(".")[0]
    where = f", schema={quoted(schema)}" if schema else ""
    if kind.name in names.enums:
        return f"sa.Enum(enums.{names.enums[kind.name]}, name={quoted(kind.name)}{where}, values_callable=enums.values)"
    return f"sa.Enum({', '.join(quoted(value) for value in kind.values)}, name={quoted(kind.name)}{where})"


def _postgresql(kind: Type) -> str:
    """What PostgreSQL has for it beside the common type."""
    if kind.kind is Kind.ARRAY:
        element = kind.element or Type(Kind.TEXT)
        return f"postgresql.ARRAY({_postgresql(element) or _common(element, Names())})"
    if kind.kind is Kind.BIT:
        varying = ", varying=True" if kind.native.startswith(("var", "bit v")) else ""
        return f"postgresql.BIT({kind.length or (1 if not varying else None)}{varying})"
    own = {Kind.JSONB: "JSONB", Kind.TSVECTOR: "TSVECTOR", Kind.MONEY: "MONEY"}.get(kind.kind)
    return f"postgresql.{own}()" if own else ""


def default(column: Column) -> str:
    """What gives the value when nobody does; with its leading comma."""
    told = column.default
    if told is None or column.auto:
        return ""
    if told.how == "value":
        return f", server_default=sa.text({sql(told.sql)})"
    if told.how in {"true", "false"}:
        return f", server_default=sa.{told.how}()"
    if told.how in _MOMENTS:
        return f", server_default={_MOMENTS[told.how]}"
    return _by_python(told)


def _by_python(told: Default) -> str:
    """SQLite has no such function, so the program gives the value."""
    return {"uuid": ", default=uuid4", "empty-list": ", default=list"}.get(told.how, "")


def docstring(text: str, indent: str = "") -> str:
    """A docstring that ends where it should, whatever a comment in the database holds."""
    safe = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text).replace("\\", "\\\\")
    lines = [line.strip() for line in safe.replace('"""', "'''").strip().split("\n")]
    body = f"\n{indent}".join(line for line in lines if line)
    return f'{indent}"""{body}{" " if body.endswith(chr(34)) else ""}"""'
