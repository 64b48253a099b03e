"""What follows from names, numbers and headers alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.drawings import rules


@pytest.mark.parametrize(
    ("position", "letter"), [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (53, "BA"), (703, "AAA")]
)
def test_revisions_are_lettered_like_columns_of_a_sheet(position: int, letter: str) -> None:
    assert rules.letter(position) == letter


@pytest.mark.parametrize(
    ("file_name", "number", "title"),
    [
        ("A-201_기준층 평면도.dxf", "A-201", "기준층 평면도"),
        ("A201기준층.dxf", "A201", "기준층"),
        ("S-310.2 기둥 접합.dxf", "S-310.2", "기둥 접합"),
        ("KS-A-0012 볼트.dxf", "KS-A-0012", "볼트"),
        ("M-114.dxf", "M-114", ""),
        ("2F 평면도.dxf", "", "2F 평면도"),
        ("skydxf__test-resources-floorplan.dxf", "", "skydxf__test-resources-floorplan"),
    ],
)
def test_number_and_title_are_read_from_the_file_name(file_name: str, number: str, title: str) -> None:
    assert rules.number_and_title(file_name) == (number, title)


def test_a_name_made_on_another_system_is_the_same_name() -> None:
    decomposed = unicodedata.normalize("NFD", "기준층 평면도.dxf")
    assert rules.clean_name(decomposed) == "기준층 평면도.dxf"
    assert rules.name_key(decomposed) == rules.name_key("기준층  평면도.DXF")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\도면\\A-1.dxf", "A-1.dxf"),
        ("../../etc/passwd", "passwd"),
        ("a\u202egnp.dxf", "agnp.dxf"),
        ("줄\n바꿈.dxf", "줄 바꿈.dxf"),
        ("", rules.NAMELESS),
        ("...", rules.NAMELESS),
    ],
)
def test_a_sent_name_is_cleaned_to_what_a_person_may_read(sent: str, kept: str) -> None:
    assert rules.clean_name(sent) == kept


@given(st.text(max_size=400))
def test_any_name_becomes_one_line_without_folders_and_stays_so(sent: str) -> None:
    name = rules.clean_name(sent)
    assert 0 < len(name) <= rules.LONGEST_NAME
    assert not set(name) & set("/\\\n\r\x00")
    assert rules.clean_name(name) == name


@given(st.text(min_size=1, max_size=100))
def test_a_download_header_is_ascii_and_cannot_be_broken_out_of(sent: str) -> None:
    header = rules.disposition(rules.clean_name(sent))
    assert header.isascii()
    assert header.count('"') == 2
    assert "\r" not in header
    assert "\n" not in header


def test_a_hangul_name_has_a_plain_form_beside_it() -> None:
    assert (
        rules.disposition("기준층.dxf")
        == "attachment; filename=\"drawing.dxf\"; filename*=UTF-8''%EA%B8%B0%EC%A4%80%EC%B8%B5.dxf"
    )


def test_what_is_missing_is_said_with_its_types() -> None:
    assert rules.not_drawn(1508, {"3DSOLID": 3}) == "개체 1,508개 중 3개 표시하지 못함: 3DSOLID"
    assert rules.not_drawn(10, {}) == ""


def test_everything_below_a_folder_is_found_even_in_a_circle() -> None:
    assert rules.below(1, [(1, 3), (2, 1), (3, 2), (4, None)]) == {1, 2, 3}


def test_billing_sees_no_drawings_and_a_viewer_changes_none() -> None:
    assert "billing" not in rules.LOOKS
    assert "viewer" in rules.LOOKS
    assert "viewer" not in rules.CHANGES
