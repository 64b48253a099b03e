"""A table's cells learn the words of their head, so that a phone can show it row by row."""

from __future__ import annotations

from markupsafe import Markup

from portal.core.tables import columns, labelled

HEAD = (
    '<thead><tr><th scope="col"><span class="hushed">고르기</span></th><th scope="col"><a href="?sort=n">이름 &amp; 값'
    '<svg class="icon"><use href="x"/></svg></a></th><th class="num">금액 <small>(원)</small></th></tr></thead>'
)


def test_every_cell_bears_the_words_of_its_head_and_one_for_readers_none() -> None:
    rows = Markup(HEAD + '<tbody><tr><td>x</td><td class="clip">이</td><td>1</td></tr><tr><td>y</td></tr></tbody>')
    found = str(labelled(rows))
    assert '<td data-label="이름 &amp; 값" class="clip">이</td><td data-label="금액 (원)">1</td>' in found
    assert found.count("data-label") == 2
    assert columns(rows) == 3


def test_cells_over_several_columns_and_names_of_rows_stay_as_they_are() -> None:
    rows = HEAD + '<tbody><tr><td colspan="2">합</td><td>7</td></tr></tbody><tfoot><tr><th>합계</th></tr></tfoot>'
    found = str(labelled(rows))
    assert '<td colspan="2">합</td><td data-label="금액 (원)">7</td>' in found
    assert "<th>합계</th>" in found


def test_a_table_without_a_head_is_left_alone() -> None:
    assert str(labelled("<tbody><tr><td>1</td></tr></tbody>")) == "<tbody><tr><td>1</td></tr></tbody>"
    assert columns("<tbody></tbody>") == 0
