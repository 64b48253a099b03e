"""What a file is, and in which encoding, is read from its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.rendering import Limits
from portal.rendering.reasons import SENTENCES, Refused, listing, sentence
from portal.rendering.sniff import encoding_of, kind_of, objects_of, sniff, version_of
from tests.rendering.dxf_text import codepage, drawing, line, text

if TYPE_CHECKING:
    from pathlib import Path

KOREAN = "외벽 마감 평면도"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b" \r\n\x00", "empty"),
        (b"AutoCAD Binary DXF\r\n\x1a\x00rest", "dxf-binary"),
        (b"AC1032\x00\x00", "dwg"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"<!DOCTYPE html><html>", "html"),
        (b"<?xml version='1.0'?><svg>", "svg"),
        (b"  0\r\nSECTION\r\n", "dxf"),
        (b"\xef\xbb\xbf0\nSECTION\n", "dxf"),
        (b"0\rSECTION\r", "dxf"),
        (b"999\n<html>\n0\nSECTION\n", "dxf"),
        (b"hello", "text"),
        (b"\x01\x02\x00\x03", "unknown"),
    ],
)
def test_the_first_bytes_say_what_a_file_is(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


@pytest.mark.parametrize(
    ("version", "page", "written", "chosen"),
    [
        ("AC1009", "ANSI_949", "cp949", "cp949"),
        ("AC1009", "ANSI_949", "utf-8", "utf-8"),
        ("AC1015", "ANSI_1252", "cp949", "cp949"),
        ("AC1015", "", "cp949", "cp949"),
        ("AC1015", "KSC5601", "cp949", "cp949"),
        ("AC1027", "ANSI_949", "cp949", "cp949"),
        ("AC1027", "ANSI_949", "utf-8", "utf-8"),
        ("AC1032", "ANSI_1252", "utf-8", "utf-8"),
    ],
)
def test_hangul_is_read_whatever_the_header_claims(version: str, page: str, written: str, chosen: str) -> None:
    header = codepage(page) if page else ""
    data = drawing(text(KOREAN, 0, 0, 5), version=version, header=header).encode(written)
    assert encoding_of(data, version) == chosen


def test_a_western_drawing_stays_western() -> None:
    data = drawing(text("Größe 25° ±0,1 façade", 0, 0, 5), version="AC1015", header=codepage("ANSI_1252"))
    assert encoding_of(data.encode("cp1252"), "AC1015") == "cp1252"


def test_one_broken_byte_does_not_cost_the_hangul() -> None:
    data = drawing(text(KOREAN * 5, 0, 0, 5), version="AC1015", header=codepage("ANSI_1252")).encode("cp949")
    assert encoding_of(data.replace(b"ENTITIES", b"ENTITIES\xff", 1), "AC1015") == "cp949"


@pytest.mark.parametrize(("header", "version"), [("AC1027", "AC1027"), ("AC9999", "AC9999")])
def test_the_version_is_the_headers(header: str, version: str) -> None:
    assert version_of(drawing(version=header).encode(), "dxf") == version


def test_a_drawing_without_a_header_is_release_12() -> None:
    assert version_of(b"0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n", "dxf") == "AC1009"


def test_objects_are_counted_without_reading_the_drawing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(drawing(*(line(0, 0, number, 0) for number in range(7))))
    found, data = sniff(path, Limits())
    assert (objects_of(data), found.whole) == (7, True)


def test_a_missing_end_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(drawing(line(0, 0, 1, 0), line(0, 0, 2, 0))[:-30])
    found, _ = sniff(path, Limits())
    assert not found.whole


def test_a_file_over_the_size_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0" * 2000)
    with pytest.raises(Refused, match="too-large"):
        sniff(path, Limits(source=1000))


def test_every_reason_has_a_sentence_that_says_what_to_do() -> None:
    names = [
        "total",
        "count",
        "limit",
        "depth",
        "size",
        "types",
        "kind",
        "version",
        "block",
        "shown",
        "left",
        "scale",
        "width",
        "height",
        "fits",
        "names",
    ]
    values = dict.fromkeys(names, "1")
    for reason in SENTENCES:
        shown = sentence(reason, **values)
        assert "{" not in shown
        assert not shown or shown.endswith(("습니다.", "주십시오."))


def test_what_was_skipped_is_listed_with_the_most_frequent_first() -> None:
    assert listing({"MESH": 1, "3DSOLID": 1200}) == "3DSOLID 1,200개, MESH 1개"
    assert listing(dict.fromkeys("abcdef", 1)).endswith("외 2종")


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7])
def test_letters_that_lie_across_two_pieces_of_a_large_file_are_whole(
    monkeypatch: pytest.MonkeyPatch, encoding: str, piece: int
) -> None:
    monkeypatch.setattr("portal.rendering.sniff.PIECE", piece)
    assert encoding_of("외벽 마감 평면도".encode(encoding), "AC1015") == encoding
    assert encoding_of("외벽 마감 평면도".encode(encoding)[:-1], "AC1015") == (
        "cp949" if encoding == "cp949" else "cp1252"
    )
