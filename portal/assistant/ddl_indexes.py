"""CREATE INDEX as sqlglot read it, as an index of ours; or the reason why it is none."""

from __future__ import annotations

import re

from sqlglot import exp

from portal.assistant import values
from portal.assistant.ddl_items import kept
from portal.assistant.schema import Index, Table

#: Operator classes that PostgreSQL has without an extension.
_BUILT_IN_OPERATORS = re.compile(
    r"(text|varchar|bpchar)_pattern_ops|jsonb_(path_)?ops|(inet|tsvector|array|text|int4|int8)_ops"
)


def path_of(target: exp.Table, dialect: str) -> str:
    schema = kept(target.args.get("db"), dialect) if target.args.get("db") else ""
    own = kept(target.this, dialect)
    return f"{schema}.{own}" if schema and schema not in {"public", "main"} else own


def index_of(told: exp.Index, table: Table, dialect: str, *, unique: bool) -> Index | str:
    """The index, or the Korean reason why there is none."""
    parameters = told.args.get("params")
    parts: list[exp.Expr] = (parameters.args.get("columns") or []) if parameters else []
    columns, expressions, operators, plain = [], [], [], True
    for part in parts:
        inner = part.this if isinstance(part, exp.Ordered) else part
        if isinstance(inner, exp.Opclass):
            operators.append((kept(inner.this, dialect), inner.expression.sql()))
            inner = inner.this
        while isinstance(inner, exp.Paren | exp.Collate):
            inner = inner.this
        expressions.append(values.condition_sql(inner, dialect, lambda one: kept(one, dialect), plain=False))
        if isinstance(inner, exp.Column | exp.Identifier) and table.column(kept(inner, dialect)):
            columns.append(kept(inner, dialect))
        else:
            plain = False
    if not parts or any(
        table.column(kept(name, dialect)) is None for part in parts for name in part.find_all(exp.Column)
    ):
        return "색인에 없는 열이 나옵니다."
    if any(not _BUILT_IN_OPERATORS.fullmatch(operator) for _column, operator in operators):
        return "확장에 있는 연산자를 쓰는 색인이라 옮기지 않았습니다."
    where = parameters.args.get("where") if parameters else None
    using = parameters.args.get("using") if parameters else None
    condition = where.this if isinstance(where, exp.Where) else None
    sql = values.condition_sql(condition, dialect, lambda one: kept(one, dialect), plain=False) if condition else ""
    method = using.name.lower() if using else ""
    common = plain and not sql and not operators and method in {"", "btree", "hash"}
    return Index(
        kept(told.this, dialect), tuple(columns), unique, () if plain else tuple(expressions), sql,
        method, tuple(operators), here="" if common else dialect,
    )  # fmt: skip
