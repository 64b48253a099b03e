"""DDL of PostgreSQL, MySQL or SQLite, as people and their dump tools write it, read into a Schema.

What is not understood costs only itself: it becomes a line in `Schema.problems` with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from portal.assistant import settling
from portal.assistant.ddl_indexes import index_of, path_of
from portal.assistant.ddl_items import NAME, READ, Found, kept, read_item, unquoted
from portal.assistant.schema import MOST_BYTES, Column, Default, Domain, Kind, Schema, Table, Type
from portal.assistant.statements import Statement, items, statements
from portal.core.errors import Refusal
from portal.core.korea import particle

#: What one answer may hold: above it somebody sent something else than a schema of a business.
MOST_TABLES, MOST_COLUMNS, MOST_IN_TABLE = 1000, 10_000, 2000
_QUALIFIED = rf"(?:{NAME}\s*\.\s*)*{NAME}"
_TABLE = re.compile(
    rf"CREATE\s+(?:(?:GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|FOREIGN)\s+)*TABLE\s+(?P<maybe>IF\s+NOT\s+EXISTS\s+)?(?P<name>{_QUALIFIED})\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ALTER = re.compile(
    rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<name>{_QUALIFIED})\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_DROP = re.compile(rf"DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?P<name>{_QUALIFIED})", re.IGNORECASE)
_ENUM = re.compile(
    rf"CREATE\s+TYPE\s+(?P<name>{_QUALIFIED})\s+AS\s+ENUM\s*\((?P<values>.*)\)", re.IGNORECASE | re.DOTALL
)
_DOMAIN = re.compile(rf"CREATE\s+DOMAIN\s+(?P<name>{_QUALIFIED})\s+(?:AS\s+)?(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_INHERITS = re.compile(r"INHERITS\s*\((?P<names>[^)]*)\)", re.IGNORECASE)
_TABLE_COMMENT = re.compile(r"COMMENT\s*=?\s*'(?P<text>(?:[^'\\]|''|\\.)*)'", re.IGNORECASE)
_INDEX = re.compile(r"CREATE\s+(UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?INDEX\b", re.IGNORECASE)
#: Kinds of statements that are not a table: counted, not read.
_KINDS = re.compile(
    r"(CREATE)\s+(?:OR\s+REPLACE\s+)?(?:ALGORITHM\s*=\s*\w+\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:SQL\s+SECURITY\s+\w+\s+)?"
    r"(?:TEMP\w*\s+|MATERIALIZED\s+|PROCEDURAL\s+)?(\w+)|(\w+)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Reader:
    """Takes in one statement after the other."""

    dialect: str
    schema: Schema
    enums: dict[str, Type] = field(default_factory=dict)
    domains: dict[str, tuple[Type, Column]] = field(default_factory=dict)
    conditions: list[tuple[Table, str, exp.Expr, int]] = field(default_factory=list)
    columns: int = 0

    def take(self, statement: Statement) -> None:
        text, line = statement.text, statement.line
        if statement.fault:
            if _KINDS.match(text) and not re.match(r"\s*INSERT\b", text, re.IGNORECASE):
                self.schema.note(_start(text), statement.fault, line)
            return
        for pattern, read in (
            (_TABLE, self._table), (_ALTER, self._alter), (_DROP, self._drop), (_ENUM, self._enum), (_DOMAIN, self._domain),
        ):  # fmt: skip
            if told := pattern.match(text):
                self._guarded(read, told, line)
                return
        if told := _INDEX.match(text):
            self._guarded(lambda _told, at: self._index(text, at), told, line)
        elif re.match(r"COMMENT\s+ON\s+(TABLE|COLUMN)\b", text, re.IGNORECASE):
            self._comment(text, line)
        elif told := _KINDS.match(text):
            self.schema.left_out[(told[2] or told[3] or "").upper()] += 1
        else:
            self.schema.note(_start(text), "SQL로 읽을 수 없습니다.", line)

    def _guarded(self, read: Callable[[re.Match[str], int], None], told: re.Match[str], line: int) -> None:
        try:
            read(told, line)
        except (SqlglotError, RecursionError):
            self.schema.note(_start(told[0]), "너무 복잡해 읽을 수 없습니다.", line)

    # ----- tables ----------------------------------------------------------------------------------------------------

    def _table(self, told: re.Match[str], line: int) -> None:
        schema, name = self._named(told["name"])
        why = settling.forbidden(name)
        if why is None and self.schema.has(f"{schema}.{name}" if schema else name):
            why = "같은 이름의 표가 앞에 있어 뒤의 것은 넣지 않았습니다."
        if why is not None:
            if not told["maybe"] or settling.forbidden(name):
                self.schema.note(f"표 {_start(name)}", why, line)
            return
        if re.match(r"PARTITION\s+OF\b", told["rest"], re.IGNORECASE):
            self.schema.left_out["PARTITION"] += 1
            return
        body, tail = _brackets(told["rest"])
        if body is None:
            self.schema.note(f"표 {name}", "열이 적혀 있지 않습니다. SELECT로 만든 표는 읽을 수 없습니다.", line)
            return
        lines = items(body)
        self._room(len(lines), name)
        table = Table(name, schema=schema)
        self.schema.add(table)
        parents = _INHERITS.search(tail)
        for parent in items(parents["names"]) if parents else ():
            self._copy(table, parent, line)
        for item in lines:
            self._item(table, item, line)
        comment = _TABLE_COMMENT.search(tail)
        table.comment = comment["text"].replace("''", "'").replace("\\'", "'") if comment else ""
        if not table.columns:
            self.schema.remove(table)
            self.schema.note(f"표 {name}", "읽을 수 있는 열이 하나도 없습니다.", line)

    def _room(self, count: int, name: str) -> None:
        self.columns += count
        if count > MOST_IN_TABLE:
            raise Refusal(
                f"표 {name[:60]}에 열이 {count:,}개입니다. 한 표에 {MOST_IN_TABLE:,}개까지 읽습니다.",
                "표를 나누거나 그 표를 빼고 다시 넣어 주십시오.",
                422,
            )
        if self.columns > MOST_COLUMNS or len(self.schema.tables) >= MOST_TABLES:
            raise Refusal(
                f"표 {MOST_TABLES:,}개, 열 {MOST_COLUMNS:,}개까지 한 번에 읽습니다.",
                "스키마를 나누어 다시 넣어 주십시오.",
                422,
            )

    def _copy(self, table: Table, other: str, line: int) -> None:
        parent = self.schema.table(".".join(filter(None, self._named(other))))
        if parent is None:
            self.schema.note(
                f"표 {table.name}",
                f"이어받을 표 {other.strip()[:60]}{particle(other.strip()[:60], '이/가')} 앞에 없습니다.",
                line,
            )
            return
        self._room(len(parent.columns), table.name)
        table.columns += [column for column in parent.columns if table.column(column.name) is None]

    def _item(self, table: Table, item: str, line: int) -> None:
        if like := re.fullmatch(rf"LIKE\s+(?P<name>{_QUALIFIED})(\s+(IN|EX)CLUDING\s+\w+)*", item, re.IGNORECASE):
            self._copy(table, like["name"], line)
            return
        found = read_item(item, self.dialect)
        where = f"{table.name}: {_start(item)}"
        if found.why:
            self.schema.note(where, found.why, line)
            return
        for note in found.notes:
            self.schema.note(where, note, line)
        self._apply(table, found, where, line)

    def _apply(self, table: Table, found: Found, where: str, line: int) -> None:
        if found.column is not None:
            why = settling.forbidden(found.column.name)
            if why is not None or table.column(found.column.name) is not None:
                self.schema.note(where, why or "같은 이름(대소문자 무시)의 열이 앞에 있습니다.", line)
                return
            table.columns.append(found.column)
        if found.key:
            table.key, table.key_name = found.key, found.key_name
        if found.unique is not None:
            table.uniques.append(found.unique)
        if found.index is not None:
            table.indexes.append(found.index)
        table.foreign_keys += found.foreign_keys
        self.conditions += [(table, name, told, line) for name, told in found.conditions]

    # ----- what changes a table --------------------------------------------------------------------------------------

    def _alter(self, told: re.Match[str], line: int) -> None:
        table = self.schema.table(".".join(filter(None, self._named(told["name"]))))
        if table is None:
            return  # a sequence, a view, or a table that was a problem already
        for action in items(told["rest"]):
            self._action(table, re.sub(r"\s+", " ", action) if "'" not in action else action, line)

    def _action(self, table: Table, action: str, line: int) -> None:
        if attach := re.match(rf"ATTACH PARTITION (?P<name>{_QUALIFIED})", action, re.IGNORECASE):
            part = self.schema.table(".".join(filter(None, self._named(attach["name"]))))
            if part is not None:
                self.schema.remove(part)
                self.schema.left_out["PARTITION"] += 1
        elif change := re.match(rf"ALTER (?:COLUMN )?(?P<name>{NAME}) (?P<what>.*)", action, re.IGNORECASE | re.DOTALL):
            self._change(table, unquoted(change["name"], self.dialect), change["what"], line)
        elif change := re.match(r"(?:MODIFY|CHANGE)(?: COLUMN)? (?P<item>.*)", action, re.IGNORECASE | re.DOTALL):
            self._modify(table, change["item"], line)
        elif added := re.match(r"ADD (?:COLUMN )?(?:IF NOT EXISTS )?(?P<item>.*)", action, re.IGNORECASE | re.DOTALL):
            inside = added["item"]
            if inside.startswith("(") and inside.endswith(")"):
                for item in items(inside[1:-1]):
                    self._item(table, item, line)
            else:
                self._item(table, re.sub(r"\s+(NOT VALID|FIRST|AFTER \S+)$", "", inside, flags=re.IGNORECASE), line)
        elif re.match(r"(DROP|RENAME)\b", action, re.IGNORECASE):
            self.schema.note(f"{table.name}: {_start(action)}", "이름을 바꾸거나 지우는 문장은 따르지 않습니다.", line)

    def _change(self, table: Table, name: str, what: str, line: int) -> None:
        column = table.column(name)
        if column is None:
            return
        changed = column
        if re.match(r"SET NOT NULL", what, re.IGNORECASE):
            changed = replace(column, nullable=False)
        elif re.match(r"ADD GENERATED\b.*\bAS IDENTITY", what, re.IGNORECASE | re.DOTALL):
            changed = replace(column, auto=True, nullable=False)
        elif default := re.match(r"SET DEFAULT (?P<value>.*)", what, re.IGNORECASE | re.DOTALL):
            if "nextval" in default["value"].lower():
                changed = replace(column, auto=True)
            else:
                changed = replace(column, default=Default("unread", default["value"]))
        elif re.match(r"(SET DATA )?TYPE\b", what, re.IGNORECASE):
            self.schema.note(f"{table.name}: {_start(what)}", "형식을 바꾸는 문장은 따르지 않습니다.", line)
        table.columns[table.columns.index(column)] = changed

    def _modify(self, table: Table, item: str, line: int) -> None:
        found = read_item(item, self.dialect)
        old = table.column(found.column.name) if found.column else None
        if found.column is None or old is None:
            self.schema.note(f"{table.name}: {_start(item)}", "바꿀 열을 찾지 못했습니다.", line)
            return
        table.columns[table.columns.index(old)] = replace(found.column, name=old.name)

    def _drop(self, told: re.Match[str], line: int) -> None:
        del line
        table = self.schema.table(".".join(filter(None, self._named(told["name"]))))
        if table is not None:
            self.schema.remove(table)

    # ----- types, indexes, comments ----------------------------------------------------------------------------------

    def _enum(self, told: re.Match[str], line: int) -> None:
        del line
        schema, name = self._named(told["name"])
        found = tuple(value.strip()[1:-1].replace("''", "'") for value in items(told["values"]))
        self.enums[name] = Type(Kind.ENUM, values=found, name=name, native=f"{schema}.{name}" if schema else name)

    def _domain(self, told: re.Match[str], line: int) -> None:
        _schema, name = self._named(told["name"])
        found = read_item(f"value {told['rest']}", self.dialect)
        if found.column is None:
            self.schema.note(f"DOMAIN {name}", found.why or "SQL로 읽을 수 없습니다.", line)
            return
        check = " AND ".join(condition.sql(dialect="postgres") for _name, condition in found.conditions)
        check = re.sub(r"\bvalue\b", "VALUE", check)
        base = replace(found.column.type, domain=Domain(name, check, not found.column.nullable))
        self.domains[name] = (base, found.column)

    def _index(self, text: str, line: int) -> None:
        tree = self._parse(text, line)
        index = tree.this if isinstance(tree, exp.Create) else None
        if not isinstance(index, exp.Index):
            return
        target = index.args.get("table")
        table = self.schema.table(path_of(target, self.dialect)) if isinstance(target, exp.Table) else None
        if table is None:
            self.schema.note(_start(text), "색인을 둘 표가 없습니다.", line)
            return
        found = index_of(index, table, self.dialect, unique=bool(tree and tree.args.get("unique")))
        if isinstance(found, str):
            self.schema.note(_start(text), found, line)
        else:
            table.indexes.append(found)

    def _comment(self, text: str, line: int) -> None:
        tree = self._parse(text, line)
        if not isinstance(tree, exp.Comment) or not isinstance(tree.expression, exp.Literal):
            return
        words, target = str(tree.expression.this), tree.this
        if isinstance(target, exp.Table):
            if table := self.schema.table(path_of(target, self.dialect)):
                table.comment = words
        elif isinstance(target, exp.Column):
            own = kept(target.args.get("table"), self.dialect)
            schema = kept(target.args.get("db"), self.dialect) if target.args.get("db") else ""
            table = self.schema.table(f"{schema}.{own}" if schema else own)
            column = table.column(kept(target.this, self.dialect)) if table else None
            if table and column:
                table.columns[table.columns.index(column)] = replace(column, comment=words)

    def _parse(self, text: str, line: int) -> exp.Expr | None:
        try:
            return sqlglot.parse_one(text, read=READ[self.dialect])
        except (SqlglotError, RecursionError, ValueError, IndexError, AttributeError, TypeError):
            self.schema.note(_start(text), "SQL로 읽을 수 없습니다.", line)
            return None

    def _named(self, told: str) -> tuple[str, str]:
        """Schema and name; the schema everybody uses, and MySQL's database, are none."""
        parts = [unquoted(part, self.dialect) for part in re.findall(NAME, told.strip())]
        schema = parts[-2] if len(parts) > 1 and self.dialect == "postgresql" else ""
        return ("" if schema in {"public", "main"} else schema), parts[-1] if parts else ""

    def settle(self) -> Schema:
        """Look up what could stand further down: types, targets, columns of conditions."""
        settling.name_types(self.schema, self.enums, self.domains)
        for table, name, told, line in self.conditions:
            for column in [*told.find_all(exp.Column)]:
                if table.column(kept(column.this, self.dialect)) is None:
                    self.schema.note(f"{table.name}: CHECK", "조건에 없는 열이 나와 옮기지 않았습니다.", line)
                    break
            else:
                try:
                    settling.add_check(self.schema, table, name, told)
                except (SqlglotError, RecursionError):
                    self.schema.note(f"{table.name}: CHECK", "조건이 너무 복잡해 옮기지 않았습니다.", line)
        settling.domain_checks(self.schema)
        settling.settle(self.schema)
        return self.schema


def read(text: str, dialect: str) -> Schema:
    """The schema that `text` describes. Refuses a text that describes none, or more than anybody's."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise Refusal(
            f"DDL은 {MOST_BYTES // 1024 // 1024} MB까지 읽습니다.", "행(INSERT)을 빼고 다시 넣어 주십시오.", 422
        )
    reader = Reader(dialect, Schema(dialect))
    for statement in statements(text, dialect):
        reader.take(statement)
    schema = reader.settle()
    if not schema.tables:
        first = f" 첫 문제: {schema.problems[0].what} - {schema.problems[0].why}" if schema.problems else ""
        raise Refusal(
            f"표를 하나도 찾지 못했습니다.{first}",
            "CREATE TABLE 문장이 든 DDL인지, 방언이 맞는지 확인해 주십시오.",
            422,
        )
    return schema


def _start(text: str) -> str:
    """The first words, to find the place by; nothing that a terminal or a page could stumble over."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:200]).split())
    return words[:80] + ("…" if len(words) > 80 else "")  # noqa: PLR2004


def _brackets(text: str) -> tuple[str | None, str]:
    """What stands in the first brackets of `text` when it begins with them, and what stands behind them."""
    if not text.startswith("("):
        return None, text
    depth = at = 0
    while at < len(text):
        letter = text[at]
        if letter in "'\"`":
            end = text.find(letter, at + 1)
            at = end if end >= 0 else len(text)
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                return text[1:at], text[at + 1 :]
        at += 1
    return None, text
