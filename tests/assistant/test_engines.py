"""The models make the schema on real engines, and it reads back as it was; the mappers' statements fit it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.engine import make_url
from sqlalchemy.orm.exc import StaleDataError

from portal.assistant import names, reflected
from portal.core.errors import Refusal
from tests.assistant import mapper_xml
from tests.assistant.workshop import FILES, SHARED, Made, empty, facts, make, name_of, read
from tests.engines import PostgresServer


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[sa.Engine]:
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE assistant")
    engine = sa.create_engine(make_url(postgres.url).set(database="assistant"))
    yield engine
    engine.dispose()
    with postgres.connect() as connection:
        connection.execute("DROP DATABASE assistant")


def created(made: Made, connection: sa.Connection) -> None:
    package = made.module()
    package.Base.metadata.create_all(connection)


def test_all_shared_schemas_are_among_them_where_they_are_there() -> None:
    assert len(FILES) >= (13 if SHARED.is_dir() else 3)


def test_models_make_the_schema_and_it_reads_back_as_it_was_on_sqlite(workshop: list[Made]) -> None:
    for made in workshop:
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            created(made, connection)
            assert facts(reflected.read_connection(connection), "sqlite") == facts(made.schema, "sqlite"), made.name
        engine.dispose()
    orm.configure_mappers()  # every relation finds its other end, without a warning


def test_models_make_the_schema_and_it_reads_back_as_it_was_on_postgresql(
    workshop: list[Made], database: sa.Engine
) -> None:
    for made in workshop:
        with empty(database).begin() as connection:
            created(made, connection)
            assert facts(reflected.read_connection(connection), "postgresql") == facts(made.schema, "postgresql"), (
                made.name
            )
            if made.dialect == "postgresql":
                for path in made.xml:
                    for name, sql in mapper_xml.read(path).statements.items():
                        try:
                            connection.exec_driver_sql("EXPLAIN " + mapper_xml.for_postgres(sql).replace("%", "%%"))
                        except sa.exc.DBAPIError as error:
                            pytest.fail(f"{path.name} {name}: {error}")


def test_a_schema_of_sqlite_is_what_sqlite_itself_makes_of_the_text(tmp_path: Path) -> None:
    for path in FILES:
        if path.name.split(".")[-2] == "sqlite":
            engine = sa.create_engine("sqlite://")
            with engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.executescript(path.read_text(encoding="utf-8"))
                itself, ours = facts(reflected.read_connection(connection), "sqlite"), facts(read(path), "sqlite")
            assert itself == ours, path.name
            engine.dispose()


def test_every_statement_of_the_mappers_fits_the_tables_on_sqlite(workshop: list[Made]) -> None:
    for made in workshop:
        if made.dialect == "postgresql":
            continue  # its casts are its own; the test above asks PostgreSQL itself
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            created(made, connection)
            for path in made.xml:
                for name, sql in mapper_xml.read(path).statements.items():
                    text, values = mapper_xml.for_sqlite(sql)
                    try:
                        connection.exec_driver_sql("EXPLAIN " + text, tuple(values))
                    except sa.exc.DBAPIError as error:
                        pytest.fail(f"{path.name} {name}: {error}")
        engine.dispose()


def test_mappers_are_well_formed_and_name_only_what_is_there(workshop: list[Made]) -> None:
    for made in workshop:
        called = names.name_all(made.schema)
        for table, path in zip(
            sorted(made.schema.tables, key=lambda one: called.of(one) + "MapperBase.xml"), made.xml, strict=True
        ):
            mapping = mapper_xml.read(path)
            own = called.properties[table.full_name]
            assert mapping.columns == own
            assert mapping.properties <= {*own.values(), "limit", "offset"}
            assert mapping.row == f"{made.name}.domain.{called.of(table)}"
            assert mapping.namespace == f"{made.name}.mapper.generated.{called.of(table)}MapperBase"
            assert "${" not in mapping.text
            interface = (made.folder / "java" / (mapping.namespace.replace(".", "/") + ".java")).read_text()
            assert all(f" {name}(" in interface for name in mapping.statements), path
            assert interface.count(");\n") == len(mapping.statements), path


def test_repositories_find_add_change_and_notice_who_was_first(tmp_path: Path) -> None:
    path = next(path for path in FILES if path.name == "works.mysql.sql")
    renamed = tmp_path / "people.mysql.sql"
    renamed.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (made,) = make([renamed], tmp_path)
    package = made.module()
    from people_mysql.generated import enums  # noqa: PLC0415 - made a moment ago
    from people_mysql.repositories.pay import PayRepository  # noqa: PLC0415
    from people_mysql.repositories.sawon import SawonRepository  # noqa: PLC0415

    engine = sa.create_engine(f"sqlite:///{tmp_path}/people.db")
    package.Base.metadata.create_all(engine)
    with orm.Session(engine, expire_on_commit=False) as session, orm.Session(engine) as other:
        people = SawonRepository(session)
        boss = people.add(package.Sawon(name="김", kind=enums.SawonKindEnum.JEONGGYU))
        people.add(package.Sawon(name="이", kind=enums.SawonKindEnum.PART_TIME, boss=boss.sabeon))
        session.commit()
        found = people.find_by_name_and_kind("이", enums.SawonKindEnum.PART_TIME)
        assert found is not None
        assert found.sawon is boss
        assert [row.name for row in people.list_by_boss(boss.sabeon)] == ["이"]
        assert [row.name for row in people.page(limit=1, offset=1)] == ["이"]
        assert people.count() == 2
        assert PayRepository(session).get(boss.sabeon, boss.at.date()) is None
        session.commit()  # reads are over: SQLite lets the other one write
        again = SawonRepository(other).get(found.sabeon)
        assert again is not None
        again.name = "박"
        other.commit()
        found.notes = "늦었다"
        with pytest.raises(StaleDataError):
            session.commit()
    engine.dispose()


def test_a_live_database_gives_the_same_code_as_its_text(tmp_path: Path, workshop: list[Made]) -> None:
    made = next(made for made in workshop if made.name == "works_sqlite")
    url = f"sqlite:///{tmp_path}/live.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        created(made, connection)
    engine.dispose()
    live = reflected.read_url(url)
    assert facts(live, "sqlite") == facts(made.schema, "sqlite")
    assert {table.name: [column.type.kind for column in table.columns] for table in live.tables}.keys() == {
        table.name for table in made.schema.tables
    }


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql+nodriver://x/y",
        "sqlite:////nowhere/at/all.db",
        "postgresql+psycopg://u:p@127.0.0.1:1/x",
        "oracle://x",
    ],
)
def test_a_database_that_is_not_there_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        reflected.read_url(url)
    assert refused.value.next_step


def test_names_of_files_are_those_of_the_schemas() -> None:
    assert len({name_of(path) for path in FILES}) == len(FILES)
