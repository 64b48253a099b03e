"""PDFs as sheets: what is seen, what can be searched, and what becomes of files made to hang or fill the renderer."""

from __future__ import annotations

import base64
import io
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from portal.rendering import Rendering, Sheet, render
from tests.rendering import pdf_bytes

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
FONT = ROOT / "static" / "vendor" / "pretendard" / "Pretendard-Regular.ttf"
A1 = (841 * mm, 594 * mm)


def shown(tmp_path: Path, content: bytes, name: str = "") -> Rendering:
    source = tmp_path / "source.pdf"
    source.write_bytes(content)
    answer = render(source, tmp_path / "out", name=name)
    assert bool(answer.reason) == bool(answer.message) == (answer.outcome != "drawn")
    return answer


def written(draw: object, size: tuple[float, float] = (210 * mm, 297 * mm), **options: object) -> bytes:
    """What `draw(canvas)` draws, as a PDF; it ends its own pages."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, **options)
    draw(canvas)  # type: ignore[operator]
    canvas.save()
    return out.getvalue()


def svg_of(tmp_path: Path, sheet: Sheet) -> str:
    return (tmp_path / "out" / sheet.svg).read_text(encoding="utf-8")


def pictures(svg: str) -> list[Image.Image]:
    found = re.findall(r'href="data:image/webp;base64,([^"]+)"', svg)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in found]


def seen(svg: str) -> np.ndarray:
    """A sheet's pictures put together as its SVG places them, one dot to a unit, in grey."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    whole = Image.new("L", (round(float(box[1])), round(float(box[2]))), 255)
    places = re.findall(r'<image x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', svg)
    for place, picture in zip(places, pictures(svg), strict=True):
        x, y, width, height = (round(float(value)) for value in place)
        whole.paste(picture.convert("L").resize((width, height)), (x, y))
    return np.asarray(whole)


def harmless(svg: str) -> bool:
    """Whether an SVG holds only what a sheet may: no script, no style, and no reference but to its own bytes."""
    plain = re.sub(r'href="data:image/webp;base64,[A-Za-z0-9+/=]*"', "", svg).replace("http://www.w3.org/2000/svg", "")
    return not re.search(r"href|script|style|url\(|http|javascript|\bon\w+=|nan\b", plain, re.IGNORECASE)


def plan(canvas: Canvas) -> None:
    pdfmetrics.registerFont(TTFont("Plan", str(FONT)))
    canvas.setFont("Plan", 14)
    canvas.drawString(30 * mm, 40 * mm, "1층 평면도 A-101")
    canvas.rect(20 * mm, 20 * mm, 100 * mm, 60 * mm)
    canvas.saveState()
    canvas.translate(150 * mm, 100 * mm)
    canvas.rotate(90)
    canvas.drawString(0, 0, "세로 치수 3,600")
    canvas.restoreState()


def test_a_page_is_a_sheet_in_millimetres_with_its_letters_over_its_picture(tmp_path: Path) -> None:
    answer = shown(tmp_path, written(plan), "평면도.pdf")
    assert (answer.outcome, answer.source.kind, len(answer.sheets)) == ("drawn", "pdf", 1)
    sheet = answer.sheets[0]
    assert sheet.name == "1쪽"
    assert sheet.units == "mm"
    assert sheet.extents == pytest.approx((0, 0, 210, 297), abs=0.01)
    words = {text.text: text for text in sheet.texts}
    assert (words["1층 평면도 A-101"].x, words["1층 평면도 A-101"].y) == pytest.approx((30, 40), abs=0.1)
    assert (words["세로 치수 3,600"].x, words["세로 치수 3,600"].y) == pytest.approx((150, 100), abs=0.1)
    svg = svg_of(tmp_path, sheet)
    assert harmless(svg)
    assert 'role="img"' in svg
    assert 'aria-label="평면도.pdf 1쪽"' in svg
    scale = float(re.search(r'data-scale="([\d.]+)"', svg)[1])  # type: ignore[index]
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    assert float(box[2]) == pytest.approx(4000)
    assert scale == pytest.approx(4000 / 297, rel=1e-3)
    assert re.search(r'<g class="l l-0" data-layer="0"[^>]* fill-opacity="0"><text ', svg)
    assert re.search(r'<text [^>]*transform="rotate\(-90 [^>]*>세로 치수 3,600</text>', svg)
    x, y = round(70 * scale), round((297 - 20) * scale)
    assert seen(svg)[y - 5 : y + 6, x].min() < 128  # The lower edge of the rectangle is where it was drawn.
    assert harmless((tmp_path / "out" / sheet.thumb).read_text(encoding="utf-8"))


def test_a_turned_and_cut_page_is_seen_as_it_hangs_on_the_wall(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.setCropBox((10 * mm, 10 * mm, 110 * mm, 60 * mm))
        canvas.drawString(20 * mm, 30 * mm, "TURNED")

    sheet = shown(tmp_path, written(draw)).sheets[0]
    assert sheet.extents == pytest.approx((0, 0, 50, 100), abs=0.05)
    text = sheet.texts[0]
    assert (text.x, text.y) == pytest.approx((20, 90), abs=0.1)
    assert 'transform="rotate(90 ' in svg_of(tmp_path, sheet)


def test_a_large_sheet_is_a_small_base_and_tiles_at_200_dots_to_the_inch(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)

    def draw(canvas: Canvas) -> None:
        for x, y in rng.uniform((0, 0), (A1[0] * 0.5, A1[1]), (6000, 2)):
            canvas.line(x, y, x + 40, y + 25)
            canvas.drawString(x, y, f"{x:.0f}")

    answer = shown(tmp_path, written(draw, A1))
    sheet = answer.sheets[0]
    base = svg_of(tmp_path, sheet)
    assert answer.outcome == "drawn"
    assert len(base.encode()) <= 200_000
    assert harmless(base)
    assert re.findall(r'<g data-tile="(\d+)">', base) == [str(tile.number) for tile in sheet.parts]
    # Nothing is drawn in the right two fifths: there are no tiles there, and none has the white paper alone.
    assert 10 < len(sheet.parts) < 20
    assert max(tile.box[0] for tile in sheet.parts) < 841 * 0.65
    dots = 0
    letters = 0
    for tile in sheet.parts:
        svg = (tmp_path / "out" / tile.svg).read_text(encoding="utf-8")
        assert harmless(svg)
        assert f'<g data-tile="{tile.number}">' in svg
        (picture,) = pictures(svg)
        assert picture.width * picture.height <= 1_400_000
        wide = tile.box[2] - tile.box[0]
        assert picture.width / wide * 25.4 == pytest.approx(200, rel=0.02)
        dots += picture.width * picture.height
        letters += svg.count("<text ")
    assert dots < 32_000_000
    assert letters == len(sheet.texts)


def test_a_scan_is_packed_with_loss_and_its_base_stays_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (1200, 1650, 3), dtype=np.uint8)

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(Image.fromarray(noise)), 0, 0, 420 * mm, 297 * mm)

    sheet = shown(tmp_path, written(draw, (420 * mm, 297 * mm))).sheets[0]
    assert len(svg_of(tmp_path, sheet)) <= 200_000
    assert (tmp_path / "out" / sheet.thumb).stat().st_size <= 60_000
    assert len(sheet.parts) == 9


def test_an_enormous_page_costs_no_more_dots_than_a_sheet_of_a1(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for step in range(200):
            canvas.line(0, step * 71, 14390, 14390 - step * 71)

    sheet = shown(tmp_path, written(draw, (14390, 14390))).sheets[0]
    dots = 0
    for tile in sheet.parts:
        (picture,) = pictures((tmp_path / "out" / tile.svg).read_text(encoding="utf-8"))
        dots += picture.width * picture.height
    assert 0 < dots < 32_500_000


def test_a_thick_book_is_shown_in_part_and_says_what_is_missing(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(60):
            canvas.drawString(20, 20, f"PAGE {number + 1}")
            canvas.showPage()

    answer = shown(tmp_path, written(draw, (100 * mm, 50 * mm)))
    assert (answer.outcome, answer.reason) == ("partial", "pdf-pages")
    assert f"60쪽 중 {len(answer.sheets)}쪽만" in answer.message
    assert [sheet.texts[0].text for sheet in answer.sheets] == [f"PAGE {n + 1}" for n in range(len(answer.sheets))]


def test_a_page_left_white_on_purpose_is_a_page(tmp_path: Path) -> None:
    answer = shown(tmp_path, written(lambda canvas: canvas.showPage()))
    assert answer.outcome == "drawn"
    assert len(answer.sheets) == 1


def test_a_password_is_asked_for_in_words_and_none_is_needed_for_a_mere_ban_on_printing(tmp_path: Path) -> None:
    locked = written(plan, encrypt=StandardEncryption("secret", "owner", strength=128))
    answer = shown(tmp_path, locked)
    assert (answer.outcome, answer.reason) == ("refused", "pdf-locked")
    assert "암호" in answer.message
    open_ = written(plan, encrypt=StandardEncryption("", "owner", canPrint=0, strength=128))
    answer = shown(tmp_path, open_)
    assert answer.outcome == "drawn"
    assert answer.sheets[0].texts


def test_a_page_that_is_white_since_its_content_is_broken_is_refused(tmp_path: Path) -> None:
    packed = bytearray(zlib.compress(b"0 0 m 500 500 l S\n" * 500 + bytes(range(256)) * 4))
    packed[2:40] = b"\xff" * 38
    answer = shown(tmp_path, pdf_bytes.page(pdf_bytes.stream(bytes(packed))))
    assert (answer.outcome, answer.reason, answer.sheets) == ("refused", "pdf-lost", ())
    text = bytearray(written(plan))
    assert shown(tmp_path, bytes(text)).outcome == "drawn"


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_shown_in_part_or_refused_but_never_as_a_white_page(
    tmp_path: Path, part: float
) -> None:
    whole = written(plan)
    answer = shown(tmp_path, whole[: int(len(whole) * part)])
    assert answer.reason in {"pdf-damaged", "pdf-lost", "pdf-recovered", "pdf-empty"}
    for sheet in answer.sheets:
        assert seen(svg_of(tmp_path, sheet)).min() < 200


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7\n%...", "pdf-damaged"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 400, "pdf-damaged"),
        (pdf_bytes.document(pdf_bytes.CATALOGUE, b"<</Type/Pages/Kids[]/Count 0>>"), "pdf-empty"),
        (pdf_bytes.page(pdf_bytes.lines(b"0 0 m 9 9 l S"), b"0 0 1000000000 1000000000"), "pdf-page-size"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    answer = shown(tmp_path, content)
    assert (answer.outcome, answer.reason) == ("refused", reason)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pdf_bytes.form_bomb, id="forms in forms"),
        pytest.param(
            lambda: pdf_bytes.page(pdf_bytes.stream(zlib.compress(b"0 0 m 99 99 l S\n" * 15_000_000, 1))), id="lines"
        ),
        pytest.param(
            lambda: pdf_bytes.page(
                pdf_bytes.stream(
                    zlib.compress(zlib.compress(b" " * 700_000_000, 1)), b"/Filter[/FlateDecode/FlateDecode]"
                )
            ),
            id="packed twice",
        ),
    ],
)
def test_a_bomb_is_stopped_and_never_shown_as_a_drawing(tmp_path: Path, content: object) -> None:
    answer = shown(tmp_path, content())  # type: ignore[operator]
    assert answer.outcome in {"refused", "partial"}
    assert answer.reason in {"pdf-time", "pdf-memory", "pdf-pages"}


def test_scripts_and_links_of_a_pdf_do_not_come_along(tmp_path: Path) -> None:
    action = b"/AA<</O<</S/JavaScript/JS(app.alert\\(1\\))>>>>/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 90 90]"
    action += b"/A<</S/URI/URI(javascript:alert\\(1\\))>>>>]"
    answer = shown(tmp_path, pdf_bytes.page(pdf_bytes.lines(b"9 9 m 99 99 l S"), more=action), "<b onload=x>")
    assert answer.outcome == "drawn"
    assert harmless(svg_of(tmp_path, answer.sheets[0]).replace('aria-label="&lt;b onload=x&gt; 1쪽"', ""))


@pytest.mark.skipif(not SHARED.exists(), reason="the shared drawings are not here")
def test_every_shared_pdf_ends_with_an_answer(tmp_path: Path) -> None:
    for path in sorted((*SHARED.glob("drawings/pdf/*.pdf"), *SHARED.glob("hostile/p*.pdf"))):
        answer = shown(tmp_path, path.read_bytes())
        if path.parent.name == "pdf":
            assert answer.outcome == "drawn", path.name
        for sheet in answer.sheets:
            assert harmless(svg_of(tmp_path, sheet)), path.name
