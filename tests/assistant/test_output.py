"""Whose a file is: generated ones are written anew unless somebody edited them, people's are never touched."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from portal.assistant import output, service
from portal.assistant.names import romanised, snake, words
from portal.assistant.schema import Schema
from portal.core.errors import Refusal
from tests.assistant.workshop import OWN, read


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read(OWN / "works.sqlite.sql")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_schema_gives_the_same_bytes(schema: Schema, tmp_path: Path) -> None:
    files = service.code(schema, service.TARGETS)
    again = service.code(read(OWN / "works.sqlite.sql"), service.TARGETS)
    assert files == again
    assert output.packed(files) == output.packed(again)
    service.write(files, tmp_path)
    before = contents(tmp_path)
    told = {entry.what for entry in service.write(files, tmp_path)}
    assert told == {"unchanged", "kept"}
    assert contents(tmp_path) == before


def test_what_people_wrote_is_kept_while_the_rest_is_written_anew(schema: Schema, tmp_path: Path) -> None:
    files = service.code(schema, service.TARGETS)
    service.write(files, tmp_path)
    own = {path: text + b"\n# ours\n" for path, text in contents(tmp_path).items() if "/generated/" not in path}
    own.pop("python/dbmodel/__init__.py")
    for path, text in own.items():
        (tmp_path / path).write_bytes(text)
    larger = service.understand(
        (OWN / "works.sqlite.sql").read_text(encoding="utf-8").replace("anything,", "anything, added TEXT,")
        + "CREATE TABLE extra (id INTEGER PRIMARY KEY);",
        "sqlite",
    )
    told = {entry.path: entry.what for entry in service.write(service.code(larger, service.TARGETS), tmp_path)}
    after = contents(tmp_path)
    assert {path: after[path] for path in own} == own
    assert told["python/dbmodel/generated/models/part.py"] == "written"
    assert b"added" in after["python/dbmodel/generated/models/part.py"]
    assert told["python/dbmodel/models/extra.py"] == "made"
    back = {entry.path: entry.what for entry in service.write(files, tmp_path)}
    assert back["python/dbmodel/generated/models/extra.py"] == "left over"


@pytest.mark.parametrize("end", ["models/part.py", "PartBase.java", "PartMapperBase.xml", "dbmodel/__init__.py"])
@pytest.mark.parametrize("edit", ["added", "mark gone", "bytes"])
def test_an_edited_generated_file_is_refused_and_nothing_changes(
    schema: Schema, tmp_path: Path, end: str, edit: str
) -> None:
    files = service.code(schema, service.TARGETS)
    service.write(files, tmp_path)
    place = tmp_path / next(file.path for file in files if file.generated and file.path.endswith(end))
    text = place.read_bytes()
    place.write_bytes(
        {"added": text + b"\n", "mark gone": text.replace(b"@generated", b"@mine"), "bytes": b"\xff\xfe\x00"}[edit]
    )
    (tmp_path / "python/dbmodel/generated/models/word.py").unlink()
    before = contents(tmp_path)
    with pytest.raises(Refusal) as refused:
        service.write(files, tmp_path)
    assert place.name in refused.value.message
    assert contents(tmp_path) == before


def test_a_link_out_of_the_folder_is_not_followed(schema: Schema, tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "python").symlink_to(outside)
    with pytest.raises(Refusal):
        service.write(service.code(schema, ("sqlalchemy",)), inside)
    assert list(outside.iterdir()) == []


def test_a_zip_holds_every_file_and_no_way_out(schema: Schema) -> None:
    files = service.code(schema, service.TARGETS)
    with zipfile.ZipFile(io.BytesIO(output.packed(files))) as pack:
        assert pack.namelist() == sorted(file.path for file in files)
        assert not any(name.startswith("/") or ".." in name for name in pack.namelist())


def test_only_what_was_asked_for_comes_out(schema: Schema) -> None:
    tops = {targets: {file.path.split("/")[0] for file in service.code(schema, targets)} for targets in (
        ("sqlalchemy",), ("java",), ("mybatis",),
    )}  # fmt: skip
    assert tops == {("sqlalchemy",): {"python"}, ("java",): {"java"}, ("mybatis",): {"java", "resources"}}
    for package in ("", "../x", "a..b", "Class", "com.class", "a.b.c.d.e.f.g", "x" * 50):
        with pytest.raises(Refusal):
            service.code(schema, ("java",), package)


def test_hangul_is_spelled_and_no_name_is_lost() -> None:
    assert [romanised(word) for word in ("고객", "도면실", "값", "Straße", "日本")] == [
        "gogaek", "domyeonsil", "gap", "Straudfe", "u65e5u672c",
    ]  # fmt: skip
    assert words("HTTPServer_fooBar-2 x") == ["http", "server", "foo", "bar2", "x"]
    assert [snake(word) for word in ("AlbumId", "고객번호", "!!!", "1st", "address2")] == [
        "album_id", "gogaekbeonho", "unnamed", "n1_st", "address2",
    ]  # fmt: skip
