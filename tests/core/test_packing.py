"""Which coding a caller gets, and that every coding gives the same bytes back."""

from __future__ import annotations

import gzip

import brotli
import pytest
from flask import Flask

from portal.core import packing
from portal.core.assets import asset

TEXT = "외벽 마감 ".encode() * 20_000


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br", "br"),
        ("", ""),
        ("identity", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("br;q=0, *", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=0, br;q=0, *;q=1", ""),
        ("br;q=0.2, gzip;q=0.8", "gzip"),
        ("br;q=0.5, identity;q=0.9", ""),
        ("identity;q=0, gzip;q=0.001", "gzip"),
        ("GZIP; q=0.5", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=many", ""),
        ("zstd", ""),
    ],
)
def test_a_caller_gets_what_it_likes_best_of_what_there_is(header: str, coding: str) -> None:
    assert packing.chosen(header) == coding


def test_what_is_kept_in_one_coding_only_is_not_promised_in_another() -> None:
    assert packing.chosen("br, gzip", ["gzip"]) == "gzip"
    assert packing.chosen("br", ["gzip"]) == ""


@pytest.mark.parametrize("coding", packing.ALL)
def test_packed_bytes_come_back_the_same_and_what_was_cut_off_is_told(coding: packing.Coding) -> None:
    squeezed = b"".join(packing.packed([TEXT[:1000], TEXT[1000:]], coding))
    assert len(squeezed) < len(TEXT) / 20
    assert {"br": brotli.decompress, "gzip": gzip.decompress}[coding](squeezed) == TEXT
    assert b"".join(packing.unpacked([squeezed[:7], squeezed[7:]], coding)) == TEXT
    with pytest.raises(EOFError):
        list(packing.unpacked([squeezed[:-3]], coding))


def test_a_static_file_is_packed_for_those_who_take_it_and_is_one_file_to_caches(core_app: Flask) -> None:
    client = core_app.test_client()
    with core_app.test_request_context():
        address = asset("css/parts.css")
    plain = client.get(address, headers={"Accept-Encoding": "identity"}, buffered=True)
    packed = client.get(address, headers={"Accept-Encoding": "br"}, buffered=True)
    assert brotli.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert "immutable" in answer.headers["Cache-Control"]
    assert packed.headers["ETag"] == plain.headers["ETag"]
    again = client.get(
        address, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}, buffered=True
    )
    assert (again.status_code, again.data) == (304, b"")
    part = client.get(address, headers={"Accept-Encoding": "br", "Range": "bytes=0-9"}, buffered=True)
    assert "Content-Encoding" not in part.headers


def test_a_module_and_what_it_imports_have_one_digest_in_their_address_and_are_kept_for_ever(core_app: Flask) -> None:
    client = core_app.test_client()
    with core_app.test_request_context():
        viewer, camera = asset("js/viewer.js"), asset("js/viewer_camera.js")
    assert viewer.rpartition("/")[0] == camera.rpartition("/")[0]
    for address in (viewer, camera):
        answer = client.get(address, buffered=True)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    old = client.get("/static/js/000000000000/viewer.js", buffered=True)
    assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-cache")
    assert client.get("/static/js/000000000000/none.js").status_code == 404
    assert client.get("/static/js/viewer.js", buffered=True).headers["Cache-Control"] == "no-cache"
