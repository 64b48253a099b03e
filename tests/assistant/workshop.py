"""Schemas of the tests, and of whoever keeps more beside the project, made into code once for a run."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from portal.assistant import service
from portal.assistant.schema import Schema

OWN = Path(__file__).parent / "schemas"
#: Public schemas, where they are beside the project or SCHEMA_CORPUS names them.
SHARED = Path(os.environ.get("SCHEMA_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "data" / "schemas")
FILES = sorted(OWN.glob("*.sql")) + (sorted(SHARED.glob("*.sql")) if SHARED.is_dir() else [])


@dataclass(frozen=True)
class Made:
    """One schema and the code made of it, in `folder`."""

    name: str
    schema: Schema
    folder: Path

    @property
    def dialect(self) -> str:
        return self.schema.dialect

    def module(self) -> ModuleType:
        """The Python package, imported."""
        place = str(self.folder / "python")
        if place not in sys.path:
            sys.path.insert(0, place)
        return importlib.import_module(self.name)

    @property
    def xml(self) -> list[Path]:
        return sorted((self.folder / "resources" / self.name).rglob("*MapperBase.xml"))


def name_of(path: Path) -> str:
    return "_".join(path.name.split(".")[:2])


def read(path: Path) -> Schema:
    return service.understand(path.read_text(encoding="utf-8"), path.name.split(".")[-2])


def make(paths: Iterable[Path], folder: Path) -> list[Made]:
    made = []
    for path in paths:
        schema = read(path)
        service.write(service.code(schema, service.TARGETS, name_of(path)), folder)
        made.append(Made(name_of(path), schema, folder))
    return made


def facts(schema: Schema, engine: str) -> dict[str, Any]:
    """What must be the same after models were made, created and read back: names, NULL, keys, uniques, references."""
    return {
        table.name: {
            "columns": [(column.name, column.nullable) for column in table.columns],
            "key": table.key,
            "uniques": set(table.unique_sets()) - only_elsewhere(table.indexes, engine),
            "references": {
                (key.columns, key.table, key.targets) for key in table.foreign_keys if key.here in {"", engine}
            },
        }
        for table in schema.tables
    }


def only_elsewhere(indexes: Iterable[Any], engine: str) -> set[tuple[str, ...]]:
    return {index.columns for index in indexes if index.unique and index.here not in {"", engine}}


def empty(engine: sa.Engine) -> sa.Engine:
    """A PostgreSQL database as new."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return engine
