"""A reader of mapper XML for tests: which statements there are, which properties they name, and the SQL that MyBatis sends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

_PARAMETER = re.compile(r"#\{(\w+)(?:,jdbcType=(\w+))?[^}]*\}")
#: How JDBC tells PostgreSQL what a parameter is.
_POSTGRES = {
    "BINARY": "bytea", "DECIMAL": "numeric", "OTHER": "uuid", "TIMESTAMP_WITH_TIMEZONE": "timestamptz", "CHAR": "bpchar",
    "DOUBLE": "double precision", "ARRAY": "", "VARCHAR": "varchar",
}  # fmt: skip


@dataclass(frozen=True)
class Mapping:
    """One XML: its namespace, the row's class, statements by id as text with `#{}`."""

    namespace: str
    row: str
    columns: dict[str, str]
    statements: dict[str, str]
    text: str

    @property
    def properties(self) -> set[str]:
        """Every property of the row that a statement or the result map names."""
        keys = {name for told in re.findall(r'keyProperty="([\w,]+)"', self.text) for name in told.split(",")}
        tested = set(re.findall(r'test="(\w+) != null"', self.text))
        return set(self.columns.values()) | keys | tested | {name for name, _kind in _PARAMETER.findall(self.text)}


def read(path: Path) -> Mapping:
    root = ET.fromstring(path.read_bytes())
    result_map = root.find("resultMap")
    assert result_map is not None
    pieces = {str(each.get("id")): "".join(each.itertext()) for each in root.findall("sql")}
    columns = {str(each.get("column")): str(each.get("property")) for each in result_map}
    statements = {
        str(each.get("id")): " ".join(_sql(each, pieces).split())
        for each in root
        if each.tag in {"insert", "update", "delete", "select"}
    }
    return Mapping(
        str(root.get("namespace")), str(result_map.get("type")), columns, statements, path.read_text(encoding="utf-8")
    )


def _sql(node: ET.Element, pieces: dict[str, str]) -> str:
    """As MyBatis puts it together when every property holds something."""
    text = node.text or ""
    for child in node:
        text += pieces[str(child.get("refid"))] if child.tag == "include" else _sql(child, pieces)
        text += child.tail or ""
    if node.tag == "trim":
        text = text.strip().removesuffix(str(node.get("suffixOverrides")))
        text = f"{node.get('prefix')}{text}{node.get('suffix')}"
    return text


def for_sqlite(sql: str) -> tuple[str, list[None]]:
    return _PARAMETER.sub("?", sql), [None] * len(_PARAMETER.findall(sql))


def for_postgres(sql: str) -> str:
    """With typed NULLs, so that a missing cast is refused as it would be from JDBC."""

    def typed(told: re.Match[str]) -> str:
        kind = _POSTGRES.get(told[2], told[2].lower())
        return f"CAST(NULL AS {kind})" if kind else "NULL"

    return _PARAMETER.sub(typed, sql)
