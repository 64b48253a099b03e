"""What comes out is taken by the strictest compiler of its language, for every schema there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.assistant.workshop import Made

ROOT = Path(__file__).resolve().parents[2]
#: As much of MyBatis as the generated files lean on; the library itself is the user's.
STUBS = {
    "org/apache/ibatis/annotations/Param.java": (
        "package org.apache.ibatis.annotations;\npublic @interface Param { String value(); }\n"
    ),
    "org/apache/ibatis/type/JdbcType.java": "package org.apache.ibatis.type;\npublic enum JdbcType { VARCHAR }\n",
    "org/apache/ibatis/type/BaseTypeHandler.java": """package org.apache.ibatis.type;
import java.sql.CallableStatement;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
public abstract class BaseTypeHandler<T> {
    public abstract void setNonNullParameter(PreparedStatement s, int at, T value, JdbcType type) throws SQLException;
    public abstract T getNullableResult(ResultSet rows, String column) throws SQLException;
    public abstract T getNullableResult(ResultSet rows, int column) throws SQLException;
    public abstract T getNullableResult(CallableStatement call, int column) throws SQLException;
}
""",
}


def test_python_passes_mypy_strict(workshop: list[Made], tmp_path: Path) -> None:
    settings = tmp_path / "mypy.ini"
    settings.write_text(
        f"[mypy]\nstrict = true\nwarn_unreachable = true\ncache_dir = {ROOT}/build/mypy-assistant\n", encoding="utf-8"
    )
    folder = workshop[0].folder / "python"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(settings), "."],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert f"no issues found in {len(list(folder.rglob('*.py')))} source files" in done.stdout


@pytest.mark.needs("jdk")
def test_java_compiles_without_a_single_warning(workshop: list[Made], tmp_path: Path) -> None:
    for path, text in STUBS.items():
        place = tmp_path / "stubs" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    sources = sorted([*(workshop[0].folder / "java").rglob("*.java"), *(tmp_path / "stubs").rglob("*.java")])
    listed = tmp_path / "sources"
    listed.write_text("\n".join(f'"{path}"' for path in sources), encoding="utf-8")
    command = [
        "javac",
        "--release",
        "17",
        "-encoding",
        "UTF-8",
        "-Xlint:all",
        "-Werror",
        "-d",
        str(tmp_path / "classes"),
    ]
    done = subprocess.run([*command, f"@{listed}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
