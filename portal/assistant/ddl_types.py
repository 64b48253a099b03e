"""What a column's type means: from sqlglot's reading of it, and from the words sqlglot has no reading for."""

from __future__ import annotations

import re

from sqlglot import exp

from portal.assistant.schema import WORDS, Kind, Type

#: sqlglot's name of a type, or the dialect's own word, lower case -> what it holds.
KINDS: dict[str, Kind] = {
    "boolean": Kind.BOOLEAN, "bool": Kind.BOOLEAN,
    "tinyint": Kind.SMALLINT, "utinyint": Kind.SMALLINT, "smallint": Kind.SMALLINT, "int2": Kind.SMALLINT,
    "smallserial": Kind.SMALLINT, "year": Kind.SMALLINT,
    "usmallint": Kind.INTEGER, "mediumint": Kind.INTEGER, "umediumint": Kind.INTEGER, "int": Kind.INTEGER,
    "integer": Kind.INTEGER, "int4": Kind.INTEGER, "serial": Kind.INTEGER,
    "uint": Kind.BIGINT, "bigint": Kind.BIGINT, "int8": Kind.BIGINT, "bigserial": Kind.BIGINT, "oid": Kind.BIGINT,
    "ubigint": Kind.UBIGINT,
    "decimal": Kind.DECIMAL, "udecimal": Kind.DECIMAL, "numeric": Kind.DECIMAL,
    "float": Kind.REAL, "real": Kind.REAL, "float4": Kind.REAL,
    "double": Kind.DOUBLE, "udouble": Kind.DOUBLE, "double precision": Kind.DOUBLE, "float8": Kind.DOUBLE,
    "varchar": Kind.STRING, "nvarchar": Kind.STRING, "name": Kind.STRING,
    "char": Kind.CHAR, "nchar": Kind.CHAR, "bpchar": Kind.CHAR,
    "text": Kind.TEXT, "tinytext": Kind.TEXT, "mediumtext": Kind.TEXT, "longtext": Kind.TEXT, "citext": Kind.TEXT,
    "clob": Kind.TEXT,
    "binary": Kind.BINARY, "varbinary": Kind.BINARY, "blob": Kind.BINARY, "tinyblob": Kind.BINARY,
    "mediumblob": Kind.BINARY, "longblob": Kind.BINARY, "bytea": Kind.BINARY,
    "date": Kind.DATE, "time": Kind.TIME, "timetz": Kind.TIME,
    "timestamp": Kind.TIMESTAMP, "datetime": Kind.TIMESTAMP, "timestampntz": Kind.TIMESTAMP, "datetime2": Kind.TIMESTAMP,
    "timestamptz": Kind.TIMESTAMPTZ, "timestampltz": Kind.TIMESTAMPTZ,
    "interval": Kind.INTERVAL, "uuid": Kind.UUID, "json": Kind.JSON, "jsonb": Kind.JSONB,
    "enum": Kind.ENUM, "set": Kind.SET, "array": Kind.ARRAY,
    "inet": Kind.INET, "cidr": Kind.CIDR, "macaddr": Kind.MACADDR, "macaddr8": Kind.MACADDR,
    "tsvector": Kind.TSVECTOR, "bit": Kind.BIT, "varbit": Kind.BIT, "bit varying": Kind.BIT,
    "money": Kind.MONEY, "xml": Kind.XML,
    "geometry": Kind.GEOMETRY, "geography": Kind.GEOMETRY, "point": Kind.GEOMETRY, "linestring": Kind.GEOMETRY,
    "polygon": Kind.GEOMETRY, "multipoint": Kind.GEOMETRY, "multilinestring": Kind.GEOMETRY,
    "multipolygon": Kind.GEOMETRY, "geometrycollection": Kind.GEOMETRY,
}  # fmt: skip
#: PostgreSQL's limits of a number's digits and of a counted text.
MOST_DIGITS, MOST_LETTERS = 1000, 10_485_760
#: Words that are not one word, or that sqlglot stumbles over -> words it reads.
_SPELLINGS = (
    (re.compile(r"\bunsigned\s+big\s+int\b", re.IGNORECASE), "bigint"),
    (re.compile(r"\bbit\s+varying\b", re.IGNORECASE), "varbit"),
    (re.compile(r"\bnative\s+character\b|\bvarying\s+character\b", re.IGNORECASE), "varchar"),
    (re.compile(r"\bblob\s+sub_type\s+(text|\d+)", re.IGNORECASE), "blob"),
    (re.compile(r"\bpg_catalog\.", re.IGNORECASE), ""),
)
_GEOMETRY_WORDS = re.compile(
    r"^(\s*(?:`[^`]*`|\"[^\"]*\"|\w+)\s+)(point|linestring|polygon|multi\w+|geometrycollection)\b", re.IGNORECASE
)


def spelled(item: str) -> str:
    """A column's text with the rare spellings of types made the usual ones."""
    for rare, usual in _SPELLINGS:
        item = rare.sub(usual, item)
    return _GEOMETRY_WORDS.sub(r"\1geometry", item)


def type_of(data: exp.Expr | None, dialect: str) -> Type:
    """The type sqlglot read; `Kind.NAMED` for one that must be a type of the schema's own. No type is text."""
    if data is None:
        return Type(Kind.TEXT, native="")
    if not isinstance(data, exp.DataType):
        return _by_word(str(data.this).rpartition(".")[2].lower(), [])
    parts = data.expressions
    if data.this is exp.DataType.Type.ARRAY:
        element = type_of(parts[0], dialect) if parts else Type(Kind.TEXT)
        element = element.element or element  # PostgreSQL itself takes text[][] for text[]
        return Type(Kind.ARRAY, element=element, native="array")
    if data.this in {exp.DataType.Type.ENUM, exp.DataType.Type.SET}:
        values = tuple(str(part.this) for part in parts if isinstance(part, exp.Literal))
        return Type(Kind(data.this.value.lower()), values=values, native=data.this.value.lower())
    word = data.this.value.lower() if isinstance(data.this, exp.DataType.Type) else str(data.this).lower()
    if word in {"userdefined", "user-defined"}:
        kind = data.args.get("kind")
        word = kind.name if isinstance(kind, exp.Expr) else str(kind or "")
        word = word if isinstance(kind, exp.Identifier) and kind.args.get("quoted") else word.lower()
    return _in_dialect(_by_word(word, _numbers(parts)), dialect)


def _numbers(parts: list[exp.Expr]) -> list[int]:
    told = [part.this if isinstance(part, exp.DataTypeParam) else part for part in parts]
    found = [str(part.this) for part in told if isinstance(part, exp.Literal)]
    return [int(digits[:9]) for digits in found if digits.isascii() and digits.isdecimal()]


def _by_word(word: str, numbers: list[int]) -> Type:
    kind = KINDS.get(word)
    first, second = ([*numbers, None, None])[:2]
    if kind is None:
        return Type(Kind.NAMED, name=word, native=word)
    unsigned = word in {"utinyint", "usmallint", "umediumint", "uint", "ubigint"}
    if kind is Kind.DECIMAL and max(first or 0, second or 0) > MOST_DIGITS:
        return Type(kind, native=word)
    if kind in WORDS and (first or 0) > MOST_LETTERS:
        return Type(Kind.TEXT, native=word)
    if kind is Kind.DECIMAL:
        return Type(kind, precision=first, scale=second, native=word, unsigned=word == "udecimal")
    if kind in {Kind.STRING, Kind.CHAR, Kind.BINARY, Kind.BIT} or word == "tinyint":
        return Type(kind, length=first, native=word, unsigned=unsigned)
    return Type(kind, native=word, unsigned=unsigned)


def _in_dialect(found: Type, dialect: str) -> Type:
    """What the same word means elsewhere: MySQL's TIMESTAMP has no zone, TINYINT(1) and BIT(1) are its truth values."""
    if dialect == "mysql":
        if found.kind is Kind.TIMESTAMPTZ:
            return Type(Kind.TIMESTAMP, native="timestamp")
        if (found.native == "tinyint" or found.kind is Kind.BIT) and found.length == 1:
            return Type(Kind.BOOLEAN, native=found.native)
        if found.kind is Kind.BIT:
            return Type(Kind.BINARY, length=8, native="bit")
    if dialect == "postgresql" and found.kind is Kind.CHAR and found.length is None:
        return (
            Type(Kind.TEXT, native=found.native)
            if found.native == "bpchar"
            else Type(Kind.CHAR, length=1, native="char")
        )
    if dialect == "postgresql" and found.native in {"point", "linestring", "polygon"}:
        return Type(Kind.TEXT, native=found.native)
    return found
