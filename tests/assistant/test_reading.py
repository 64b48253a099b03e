"""DDL as it comes: what is understood, what is told as a problem, and what is refused with a sentence."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.assistant import service
from portal.assistant.schema import DIALECTS, Kind, Schema, Table
from portal.assistant.statements import statements
from portal.core.errors import Refusal
from tests.assistant.workshop import OWN, read


def table(text: str, dialect: str = "postgresql") -> Table:
    return service.understand(text, dialect).tables[0]


def problems(schema: Schema) -> str:
    return " / ".join(f"{problem.line} {problem.what}: {problem.why}" for problem in schema.problems)


def test_a_dump_of_postgresql_is_read_whole() -> None:
    schema = read(OWN / "works.postgresql.sql")
    assert [found.name for found in schema.tables] == [
        "고객",
        "class",
        "string",
        "log",
        "log_old",
        "egg",
        "hen",
        "seat",
    ]
    customer = schema.tables[0]
    kinds = {column.name: column.type.kind for column in customer.columns}
    assert kinds["feeling"] is Kind.ENUM
    assert kinds["grades"] is Kind.ARRAY
    assert kinds["born"] is Kind.INTEGER, "a domain is what it is made of"
    assert [column.nullable for column in customer.columns if column.name in {"고객번호", "mail", "born"}] == [
        False, False, True,
    ]  # fmt: skip
    assert customer.column("고객번호") is not None
    assert next(column for column in customer.columns if column.name == "고객번호").auto
    assert "second line" in customer.comment
    assert {key.targets for key in schema.tables[2].foreign_keys} == {("select", "order"), ("고객번호",)}
    assert schema.tables[4].columns == schema.tables[3].columns, "a child has its parent's columns"
    assert schema.tables[7].identity() == ("number", "room"), "a unique set without NULL tells rows apart"
    assert schema.left_out["VIEW"] == schema.left_out["TRIGGER"] == schema.left_out["FUNCTION"] == 1
    assert "gin_trgm_ops" in problems(schema)


def test_a_dump_of_mysql_is_read_whole() -> None:
    schema = read(OWN / "works.mysql.sql")
    people, pay, only = schema.tables
    kinds = {column.name: column.type.kind for column in people.columns}
    assert (kinds["사번"], kinds["on"], kinds["bits"], kinds["huge"], kinds["skills"], kinds["at"]) == (
        Kind.BIGINT, Kind.BOOLEAN, Kind.BOOLEAN, Kind.UBIGINT, Kind.SET, Kind.TIMESTAMP,
    )  # fmt: skip
    assert people.comment == "사람; '들'"
    assert people.version() is people.column("lock_version")
    assert [index.name for index in people.indexes + pay.indexes] == ["idx", "prefix", "words", "pay_idx"]
    assert pay.foreign_keys[0].table == "사원"
    assert [column.name for column in only.columns] == ["a", "b", "c"]
    assert only.unique_sets() == [("c",)]
    assert "0000-00-00" in problems(schema)


def test_a_script_of_sqlite_is_read_whole() -> None:
    part, use, word, loose = read(OWN / "works.sqlite.sql").tables
    assert (part.columns[0].auto, use.columns[0].auto) == (True, False)
    assert part.foreign_keys[0].targets == ("id",), "names are compared without case"
    assert use.foreign_keys[0].targets == ("id",), "no column named means the key"
    assert word.identity() == ("lang", "word")
    assert loose.foreign_keys[0].here == "sqlite", "text cannot point at a number elsewhere"
    assert part.column("anything") is not None


def test_one_broken_statement_costs_only_itself() -> None:
    schema = service.understand(
        "CREATE TABLE a (id int PRIMARY KEY, x nonsense_type, y int DEFAULT strange(1), % broken %);\n"
        "CREATE TABLE b AS SELECT 1;\nnot sql at all;\n"
        "CREATE TABLE c (id int REFERENCES gone(id), PRIMARY KEY (nothing));\nCREATE TABLE d (id int);",
        "postgresql",
    )
    assert [(found.name, len(found.columns)) for found in schema.tables] == [("a", 3), ("c", 1), ("d", 1)]
    told = problems(schema)
    for words in ("nonsense_type", "strange(1", "% broken %", "2 표 b", "gone", "기본 키에 없는 열"):
        assert words.lower() in told.lower(), (words, told)


HOSTILE = {
    "empty": "",
    "only rows": "INSERT INTO a VALUES (1);" * 1000,
    "a quote that does not close": "CREATE TABLE a (b text DEFAULT 'x",
    "a comment that does not close": "CREATE TABLE a /* (b int);",
    "a dollar that does not close": "CREATE FUNCTION f() AS $$ CREATE TABLE a (b int);",
    "a bracket that does not close": "CREATE TABLE a (b int",
    "many columns": "CREATE TABLE a (" + ",".join(f"c{n} int" for n in range(100_000)) + ");",
    "many tables": "".join(f"CREATE TABLE t{n} (a int, b int);" for n in range(1_500)),
    "deep": "CREATE TABLE a (b int CHECK (" + "(" * 50_000 + "1" + ")" * 50_000 + "));",
    "one word": "x" * 200_000,
    "semicolons": ";" * 200_000,
    "quotes": "'" * 200_001,
    "backslashes": "\\" * 200_000,
    "brackets": "(" * 200_000,
    "comments": "/*!40101 " * 50_000,
    "delimiters": "DELIMITER ;;\n" * 20_000,
    "a trigger without end": "CREATE TRIGGER t BEGIN " + "UPDATE a SET b = 1; " * 20_000,
    "zeros": "\x00" * 1000 + "CREATE TABLE \x00",
    "COPY without end": "COPY a FROM stdin;\n" + "1\t2\n" * 20_000,
    "too much": "-- x\n" * 2_000_000,
    "names with life of their own": 'CREATE TABLE "a${b}" (c int); CREATE TABLE "a.b" (c int); CREATE TABLE "\x1b[2J" (c int);',
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_ends_in_a_sentence_and_soon(name: str, dialect: str) -> None:
    began = time.process_time()
    with pytest.raises(Refusal) as refused:
        service.understand(HOSTILE[name], dialect)
    assert refused.value.message.endswith(("다.", "다")) or "첫 문제" in refused.value.message
    assert refused.value.next_step
    assert time.process_time() - began < 5


def test_what_is_hostile_in_one_line_is_a_problem_of_that_line() -> None:
    chain = " + ".join(["1"] * 5_000)
    schema = service.understand(
        f"CREATE TABLE a (id int, b int CHECK (b < {chain}), c varchar(99999999999999999999), d numeric(99999));\n"
        'CREATE TABLE "${evil}" (a int);\nCREATE TABLE e ("#{x}" int, "\x07" int, ok int);',
        "postgresql",
    )
    assert [[column.name for column in found.columns] for found in schema.tables] in (
        [["id", "b", "c", "d"], ["ok"]],
        [["id", "c", "d"], ["ok"]],
    )
    assert "MyBatis" in problems(schema)


@given(st.lists(st.sampled_from(
    ["CREATE TABLE", "t", "(", ")", ",", ";", "'", '"', "`", "--", "/*", "*/", "int", "PRIMARY KEY", "$$", "\\", "\n",
     "REFERENCES", "CHECK", "ALTER TABLE t ADD", "DEFAULT", "CREATE INDEX i ON", "COMMENT ON TABLE", "고객", "1", "a"]
), max_size=25), st.sampled_from(DIALECTS))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_no_heap_of_words_is_a_traceback(words: list[str], dialect: str) -> None:
    try:
        schema = service.understand(" ".join(["CREATE TABLE z (a int);", *words]), dialect)
    except Refusal:
        return
    service.code(schema, service.TARGETS)


def test_a_statement_knows_its_line() -> None:
    text = "-- one\n\nSELECT 1;\n/* three\nfour */ CREATE TABLE a (\n  b int);\n"
    assert [(told.line, told.text.split()[0]) for told in statements(text, "postgresql")] == [
        (3, "SELECT"),
        (5, "CREATE"),
    ]
