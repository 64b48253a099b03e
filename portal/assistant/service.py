"""The Assistant's verbs: understand a schema, make code of it, put the code where it belongs."""

from __future__ import annotations

import re
from pathlib import Path

from portal.assistant import java, mybatis, names, output, python_models, python_repositories
from portal.assistant.output import File, Written
from portal.assistant.schema import DIALECTS, Schema
from portal.core.errors import Refusal

#: What can be made. MyBatis maps rows to the Java classes, so it brings them along.
TARGETS = ("sqlalchemy", "java", "mybatis")
PACKAGE = "dbmodel"


def understand(text: str, dialect: str) -> Schema:
    """The schema that a DDL text describes; refuses what describes none."""
    if dialect not in DIALECTS:
        raise Refusal(
            f"모르는 방언입니다: {dialect[:40]}", "postgresql, mysql, sqlite 가운데 하나를 골라 주십시오.", 422
        )
    # Loading the parser costs a process 0.2 s, and most never read a schema.
    from portal.assistant import ddl  # noqa: PLC0415

    return ddl.read(text, dialect)


def inspect(url: str) -> Schema:
    """The schema of a live database."""
    from portal.assistant import reflected  # noqa: PLC0415 - it loads the parser, as above

    return reflected.read_url(url)


def code(schema: Schema, targets: tuple[str, ...], package: str = PACKAGE) -> list[File]:
    """Every file for `targets`, in the order of their paths. The same schema gives the same bytes."""
    package = _checked(package)
    called = names.name_all(schema)
    files: list[File] = []
    if "sqlalchemy" in targets:
        files += python_models.files(schema, called, package)
        files += python_repositories.files(schema, called, package)
    if {"java", "mybatis"} & set(targets):
        files += java.files(schema, called, package)
    if "mybatis" in targets:
        files += mybatis.files(schema, called, package)
    return sorted(files, key=lambda file: file.path)


def _checked(package: str) -> str:
    parts = package.split(".")
    fits = all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", part) for part in parts) and len(parts) <= 6  # noqa: PLR2004
    if not fits or any(part in names.JAVA_TAKEN | names.PYTHON_TAKEN for part in parts):
        raise Refusal(
            f"패키지 이름으로 쓸 수 없습니다: {package[:60]}",
            "com.example.model 처럼 소문자와 점으로 적어 주십시오.",
            422,
        )
    return package


def write(files: list[File], folder: Path) -> list[Written]:
    """Write below `folder`; refuses, and changes nothing, where a generated file was edited by hand."""
    return output.write(files, folder)


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8 with or without its mark, UTF-16, or the Korean Windows encoding."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp949")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal("글자로 읽을 수 없는 파일입니다.", "UTF-8로 저장한 SQL 파일을 넣어 주십시오.", 422)
