"""Defaults and conditions: what of them means the same in every database, and what only where it was written."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from portal.assistant.schema import NUMBERS, WORDS, Default, Kind, Table, Type

_NOW = {"now", "current_timestamp", "localtimestamp", "statement_timestamp", "transaction_timestamp", "getdate"}
_UUIDS = {"gen_random_uuid", "uuid_generate_v4", "uuid"}
_MOMENTS = {Kind.TIMESTAMP, Kind.TIMESTAMPTZ}
#: What a condition may be made of to mean the same in SQLite and PostgreSQL.
_COMMON = (
    exp.Column, exp.Identifier, exp.Literal, exp.And, exp.Or, exp.Not, exp.Paren, exp.Is, exp.Null, exp.In, exp.Between,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Neg,
)  # fmt: skip
_TEXTUAL = WORDS | {Kind.ENUM, Kind.DATE, Kind.TIMESTAMP, Kind.TIME}


def default_of(value: exp.Expr | None, kind: Type) -> tuple[Default | None, bool]:
    """The default as every database can give it, and whether that is all of what was said."""
    value = _bare(value)
    if value is None or isinstance(value, exp.Null):
        return None, True
    word = _word(value)
    for meant in (_moment, _truth, _plain):
        found = meant(value, word, kind)
        if found is not None:
            return found, True
    if kind.kind is Kind.UUID and word in _UUIDS:
        return Default("uuid"), True
    if kind.kind is Kind.ARRAY and (word == "array" or (isinstance(value, exp.Literal) and value.this == "{}")):
        return Default("empty-list"), True
    return None, False


def counts_up(value: exp.Expr | None) -> bool:
    """Whether a default takes the next number of a sequence."""
    return value is not None and any(_word(node) == "nextval" for node in value.walk())


def _bare(value: exp.Expr | None) -> exp.Expr | None:
    while isinstance(value, exp.Paren | exp.Cast):
        if isinstance(value, exp.Cast) and value.to.is_type("date") and _word(_bare(value.this)) in {"'now'", *_NOW}:
            return exp.CurrentDate()
        value = value.this
    return value


def _word(value: exp.Expr | None) -> str:
    if isinstance(value, exp.Anonymous):
        return str(value.this).lower()
    if isinstance(value, exp.Literal):
        return f"'{value.this}'" if value.is_string else str(value.this)
    if isinstance(value, exp.Column | exp.Identifier):
        return value.name.lower()
    names: dict[type[exp.Expr], str] = {
        exp.CurrentTimestamp: "now",
        exp.CurrentDate: "current_date",
        exp.CurrentTime: "current_time",
    }
    names |= {exp.Array: "array", exp.Boolean: "boolean"}
    for node, name in names.items():
        if isinstance(value, node):
            return name
    return value.key if value is not None else ""


def _moment(value: exp.Expr, word: str, kind: Type) -> Default | None:
    del value
    if word in _NOW or word == "'now'":
        how = {Kind.DATE: "today", Kind.TIME: "clock"}.get(kind.kind, "now")
        return Default(how) if kind.kind in {*_MOMENTS, Kind.DATE, Kind.TIME} else None
    if word in {"current_date", "curdate"}:
        return Default("today") if kind.kind is Kind.DATE else Default("now") if kind.kind in _MOMENTS else None
    if word in {"current_time", "curtime"} and kind.kind is Kind.TIME:
        return Default("clock")
    return None


def _truth(value: exp.Expr, word: str, kind: Type) -> Default | None:
    if kind.kind is not Kind.BOOLEAN:
        return None
    told = str(value.this).lower() if isinstance(value, exp.Literal | exp.Boolean | exp.BitString) else word
    if told in {"true", "t", "1", "yes", "y", "on"}:
        return Default("true")
    return Default("false") if told in {"false", "f", "0", "no", "n", "off"} else None


def _plain(value: exp.Expr, word: str, kind: Type) -> Default | None:
    del word
    negative = isinstance(value, exp.Neg)
    told = value.this if negative else value
    if isinstance(told, exp.Boolean) and kind.kind in NUMBERS:
        return Default("value", "1" if told.this else "0")
    if not isinstance(told, exp.Literal) or kind.kind in {Kind.ARRAY, Kind.BOOLEAN, Kind.BINARY, Kind.GEOMETRY}:
        return None
    text = str(told.this)
    if kind.kind in NUMBERS:
        number = text.strip()
        fits = re.fullmatch(r"-?\d{1,40}(\.\d{1,40})?", number) is not None
        return Default("value", f"-{number}" if negative else number) if fits else None
    if kind.kind is Kind.ENUM and text not in kind.values:
        return None
    if kind.kind in {Kind.DATE, *_MOMENTS} and (text.startswith("0000") or not told.is_string):
        return None  # MySQL's day nought is no day elsewhere
    return Default("value", "'" + text.replace("'", "''") + "'")


def same_everywhere(condition: exp.Expr, table: Table, dialect: str) -> bool:
    """Whether SQLite and PostgreSQL both take `condition`, and mean the same by it."""
    del dialect
    if not all(isinstance(node, _COMMON) for node in condition.walk()):
        return False
    kinds = set()
    for column in condition.find_all(exp.Column):
        found = table.column(column.name)
        if found is None or not _simple(found.name):
            return False
        kinds.add(found.type.kind)
    literals = [literal.is_string for literal in condition.find_all(exp.Literal)]
    if kinds <= NUMBERS:
        return not any(literals)
    return kinds <= _TEXTUAL and all(literals)


_RESERVED = frozenset(
    "all analyse analyze and any array as asc asymmetric between both case cast check collate column constraint "  # noqa: SIM905 - words read better as words
    "create current_date current_time current_timestamp current_user default deferrable desc distinct do else "
    "end except exists false fetch for foreign from full grant group having in index initially inner intersect "
    "into is join key lateral leading left like limit localtime localtimestamp natural not null offset on only "
    "or order outer placing primary references returning right select session_user some symmetric table "
    "tablesample then to trailing true union unique user using value values variadic verbose when where window "
    "with rank rows row groups system".split()
)


def _simple(name: str) -> bool:
    """Whether a name needs no quotes anywhere."""
    return re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) is not None and name not in _RESERVED


def condition_sql(condition: exp.Expr, dialect: str, fold: Callable[[exp.Identifier], str], *, plain: bool) -> str:
    """`condition` in words: with quoted names in its own dialect, or `plain` for every database."""
    told = condition.copy()
    for name in told.find_all(exp.Identifier):
        name.set("this", fold(name))
        name.set("quoted", not plain)
    return told.sql(dialect="postgres" if plain or dialect == "postgresql" else dialect)
