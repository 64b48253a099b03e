"""What people see and press: with and without htmx, by role, and never across companies."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import brotli
import pytest
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import select

from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.drawings import renders, service
from portal.drawings.models import Activity
from tests.drawings.world import World

HX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def files(*pairs: tuple[str, bytes]) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(content), name) for name, content in pairs]


def test_several_files_in_one_plain_form_are_told_one_by_one(world: World, dxf: Callable[..., bytes]) -> None:
    client = world.client
    sent = files(("A-1 하나.dxf", dxf("하나")), ("그림.gif", b"GIF89a0000"), ("A-2 둘.dxf", dxf("둘")))
    answer = client.post("/drawings/uploads", data={"files": sent}, headers={"X-As": "alice"})
    assert answer.status_code == 303
    shown = client.get(answer.location, headers={"X-As": "alice"}).text
    assert "파일 3개 가운데 2개를 받았습니다" in shown
    assert "도면 파일이 아닙니다(gif)" in shown
    assert "A-1" in shown
    closed = client.get("/drawings?uploaded=closed", headers={"X-As": "alice"}).text
    assert "가운데" not in closed


def test_a_form_with_bad_files_only_answers_with_the_reason(world: World) -> None:
    answer = world.post("alice", "/drawings/uploads", files=files(("그림.dxf", b"\x89PNG\r\n\x1a\n0000")))
    assert answer.status_code == 415
    assert 'role="alert"' in answer.text
    assert world.post("alice", "/drawings/uploads").status_code == 422


def test_a_program_is_answered_in_its_own_tongue(world: World, dxf: Callable[..., bytes]) -> None:
    answer = world.post(
        "alice", "/drawings/uploads", headers={"Accept": "application/json"}, files=files(("A-1.dxf", dxf("하나")))
    )
    assert answer.status_code == 201
    (result,) = answer.json["results"]
    assert (result["name"], result["outcome"]) == ("A-1.dxf", "new")
    assert world.get("alice", result["url"]).status_code == 200


def test_the_list_shows_what_there_is_whole_and_as_a_block(world: World, dxf: Callable[..., bytes]) -> None:
    world.drawn("alice", "A-201 기준층 평면도.dxf", dxf("거실"))
    whole = world.get("vera", "/drawings")
    block = world.get("vera", "/drawings", **HX, **{"HX-Target": "section#list"})
    assert "<html" in whole.text
    assert block.text.lstrip().startswith("<section")
    assert 'id="list-note" class="note num" hx-swap-oob="true">도면 1장' in block.text, (
        "the count beside the heading too"
    )
    assert "hx-swap-oob" not in whole.text
    assert "기준층 평면도" in whole.text
    assert "기준층 평면도" in block.text
    assert "기준층 평면도" in world.get("vera", "/drawings?view=list").text


def test_an_empty_company_is_invited_to_begin(world: World) -> None:
    assert "첫 도면을 올려 보십시오" in world.get("alice", "/drawings").text
    assert "동료가 도면을 올리면" in world.get("vera", "/drawings").text


def test_the_list_asks_again_only_while_something_is_being_drawn(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("하나")))
    assert 'hx-trigger="every 2s' in world.get("alice", "/drawings").text
    renders.render(world.people["alice"].tenant_id, line.revision_id)
    assert 'hx-trigger="every 2s' not in world.get("alice", "/drawings").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("거실", True),
        ("a-201", True),
        ("평면", True),
        ("거실 a-201", True),
        ("침실", False),
        ("%", False),
        ("_", False),
    ],
)
def test_search_finds_numbers_names_and_texts_in_drawings(
    world: World, dxf: Callable[..., bytes], query: str, found: bool
) -> None:
    world.drawn("alice", "A-201 평면도.dxf", dxf("거실"))
    assert (
        "도면 A-201" in world.get("alice", f"/drawings?q={query}").text
        or "A-201</span>" in world.get("alice", f"/drawings?q={query}").text
    ) is found


def test_nonsense_in_the_address_is_no_error(world: World) -> None:
    for query in (
        "folder=x",
        "folder=999999999999",
        "page=0",
        "page=99999",
        "sort=;drop",
        "state=zzz",
        "q=" + "가" * 300,
    ):
        assert world.get("alice", f"/drawings?{query}").status_code == 200


def test_a_drawing_opens_in_the_viewer_and_has_a_picture_without_scripts(
    world: World, dxf: Callable[..., bytes]
) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("거실", solid=True))
    shown = world.get("vera", f"/drawings/{revision.drawing_id}").text
    assert "<drawing-viewer" in shown
    assert f'<noscript><img class="viewer-still" src="/drawings/revisions/{revision.id}/sheets/1.svg"' in shown
    assert "표시하지 못함: 3DSOLID" in shown


def test_a_waiting_drawing_says_so_and_a_refused_one_says_why(world: World) -> None:
    (line,) = world.send("alice", ("A-1.dwg", b"AC1009" + b"\0" * 300))
    url = f"/drawings/{line.revision.drawing_id}"
    assert "곧 그리기 시작합니다" in world.get("alice", url).text
    block = world.get("alice", url, **HX, **{"HX-Target": "div#picture"}).text
    assert 'hx-trigger="every 1s"' in block
    assert "<html" not in block
    renders.render(world.people["alice"].tenant_id, line.revision_id)
    shown = world.get("alice", url).text
    assert "이 파일은 화면에 표시하지 못했습니다" in shown
    assert "DXF로 다시 저장해" in shown
    assert "새 개정 올리기" in shown
    assert "새 개정 올리기" not in world.get("vera", url).text


def test_a_pdf_is_shown_and_its_words_are_found(world: World) -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(841, 594))
    canvas.drawString(100, 100, "RAMP-77")
    canvas.save()
    revision = world.drawn("alice", "A-9 지하 주차장.pdf", out.getvalue())
    assert revision.state == "ready"
    page = world.get("vera", f"/drawings/{revision.drawing_id}")
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    assert "data:" not in world.get("vera", "/drawings").headers["Content-Security-Policy"]
    sheet = world.get("vera", f"/drawings/revisions/{revision.id}/sheets/1.svg")
    assert b'href="data:image/webp;base64,' in sheet.data
    assert b">RAMP-77</text>" in sheet.data
    assert b"data:image/webp" in world.get("vera", f"/drawings/revisions/{revision.id}/thumb.svg").data
    assert "지하 주차장" in world.get("vera", "/drawings?q=RAMP-77").text


def test_a_picture_is_packed_validated_and_harmless_by_itself(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("거실"))
    for url in (f"/drawings/revisions/{revision.id}/sheets/1.svg", f"/drawings/revisions/{revision.id}/thumb.svg"):
        packed = world.get("vera", url, **{"Accept-Encoding": "gzip, br"})
        plain = world.get("vera", url)
        assert packed.headers["Content-Encoding"] == "br"
        assert int(packed.headers["Content-Length"]) == len(packed.data)
        assert brotli.decompress(packed.data) == plain.data
        assert "Content-Encoding" not in plain.headers
        assert plain.mimetype == "image/svg+xml"
        assert plain.headers["Cache-Control"] == "private, no-cache"
        assert plain.headers["Content-Security-Policy"] == (
            "sandbox; default-src 'none'; style-src 'none'; img-src data:"
        )
        assert "Accept-Encoding" in plain.headers["Vary"]
        etag = plain.headers["ETag"]
        assert etag == f'W/"{hashlib.sha256(plain.data).hexdigest()}"'
        again = world.get("vera", url, **{"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Cache-Control"] == "private, no-cache"
        assert world.get("vera", url, **{"If-None-Match": '"other"'}).status_code == 200


def test_an_original_comes_back_byte_for_byte_under_its_own_name(world: World, dxf: Callable[..., bytes]) -> None:
    content = dxf("거실")
    revision = world.drawn("alice", "기준층 평면도.dxf", content)
    answer = world.get("vera", f"/drawings/revisions/{revision.id}/file")
    assert answer.data == content
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (
        "filename*=UTF-8''%EA%B8%B0%EC%A4%80%EC%B8%B5%20%ED%8F%89%EB%A9%B4%EB%8F%84.dxf"
        in answer.headers["Content-Disposition"]
    )
    store = world.store("alice")
    store.rollback()
    assert store.scalars(select(Activity.person_name).where(Activity.verb == "downloaded")).all() == ["Vera"]
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "drawing.downloaded")).all()) == 1


def test_equal_ids_of_two_companies_never_meet(world: World, dxf: Callable[..., bytes]) -> None:
    mine = world.drawn("alice", "카나리아-가.dxf", dxf("카나리아가"))
    theirs = world.drawn("charlie", "카나리아-나.dxf", dxf("카나리아나"))
    assert (mine.id, mine.drawing_id) == (theirs.id, theirs.drawing_id)
    urls = [
        "/drawings",
        "/drawings?view=list",
        "/drawings/1",
        "/drawings/1/revisions",
        "/drawings/1/edit",
        "/drawings/bin",
    ]
    urls += ["/drawings?q=카나리아", "/drawings/revisions/1/sheets/1.svg", "/drawings/revisions/1/file"]
    for url in urls:
        assert "카나리아나" not in world.get("alice", url).text.replace("-", "")
        assert "카나리아가" not in world.get("charlie", url).text.replace("-", "")


def test_foreign_and_absent_ids_answer_alike(world: World, dxf: Callable[..., bytes]) -> None:
    world.drawn("alice", "A-1.dxf", dxf("하나"))
    second = world.drawn("alice", "A-2.dxf", dxf("둘"))
    world.drawn("charlie", "C-1.dxf", dxf("셋"))
    for pattern in (
        "/drawings/{0}",
        "/drawings/{0}/revisions",
        "/drawings/{0}/edit",
        "/drawings/revisions/{0}/file",
        "/drawings/revisions/{0}/thumb.svg",
    ):
        foreign, absent = (
            world.get("charlie", pattern.format(second.id)),
            world.get("charlie", pattern.format(987654321987)),
        )
        assert foreign.status_code == absent.status_code == 404
        assert foreign.data == absent.data
    assert world.post("charlie", "/drawings/bin", ids=[1, second.id]).status_code == 404
    assert len(world.drawings("charlie")) == 1


@pytest.mark.parametrize(
    ("name", "looks", "changes"),
    [
        ("alice", 200, 303),
        ("bob", 200, 303),
        ("vera", 200, 403),
        ("bill", 403, 403),
        ("looking", 200, 403),
        ("nobody", 303, 401),
    ],
)
def test_roles_see_and_change_what_is_theirs(
    world: World, dxf: Callable[..., bytes], name: str, looks: int, changes: int
) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("하나"))
    assert world.get(name, f"/drawings/{revision.drawing_id}").status_code == looks
    assert world.get(name, f"/drawings/revisions/{revision.id}/file").status_code == looks
    assert world.post(name, "/drawings/bin", ids=revision.drawing_id).status_code == changes
    store = world.store("alice")
    store.rollback()
    assert len(world.drawings("alice")) == (0 if changes == 303 else 1)


def test_deleting_offers_to_undo_and_the_bin_gives_back(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("하나"))
    client = world.client
    client.post("/drawings/bin", data={"ids": revision.drawing_id}, headers={"X-As": "bob"})
    shown = client.get("/drawings", headers={"X-As": "bob"}).text
    assert f'action="/drawings/restore?ids={revision.drawing_id}"' in shown
    assert "A-1" in world.get("vera", "/drawings/bin").text
    assert world.get("alice", f"/drawings/{revision.drawing_id}").status_code == 404
    client.post(f"/drawings/restore?ids={revision.drawing_id}", headers={"X-As": "bob"})
    assert world.get("alice", f"/drawings/{revision.drawing_id}").status_code == 200


def test_a_drawing_is_renamed_and_moved_by_a_form_that_tells_what_is_wrong(
    world: World, dxf: Callable[..., bytes]
) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("하나"))
    folder = service.new_folder(world.people["alice"], "송도")
    url = f"/drawings/{revision.drawing_id}/edit"
    wrong = world.post("bob", url, number="", title="", folder=0)
    assert wrong.status_code == 422
    assert "모두 비어 있습니다" in wrong.text
    assert world.post("bob", url, number="A-9", title="새 이름", folder=folder.id).status_code == 303
    assert "송도" in world.get("bob", f"/drawings/{revision.drawing_id}/revisions").text
    assert "새 이름" in world.get("bob", f"/drawings?folder={folder.id}").text


def test_a_next_revision_is_sent_from_the_drawing_itself(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("하나"))
    answer = world.post(
        "bob", "/drawings/uploads", drawing=revision.drawing_id, files=files(("전혀 다른 이름.dxf", dxf("둘")))
    )
    assert answer.location == f"/drawings/{revision.drawing_id}"
    shown = world.get("bob", f"/drawings/{revision.drawing_id}/revisions").text
    assert "개정 2개" in shown
    assert "새 개정을 올렸습니다" in shown


def test_the_standing_goes_step_by_step(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("하나"))
    url = f"/drawings/{revision.drawing_id}/state"
    assert world.post("bob", url, verb="release").status_code == 409
    assert world.post("bob", url, verb="submit").status_code == 303
    assert world.post("bob", url, verb="explode").status_code == 422


def test_folders_are_made_renamed_and_refused_by_forms(world: World) -> None:
    made = world.post("bob", "/drawings/folders", name="송도 B7블록")
    assert made.status_code == 303
    assert world.post("bob", "/drawings/folders", name="송도 b7블록").status_code == 422
    assert world.post("bob", "/drawings/folders", name=" ").status_code == 422
    assert world.post("bob", "/drawings/folders/1", name="인천").status_code == 303
    assert "인천" in world.get("vera", "/drawings").text
    assert world.post("vera", "/drawings/folders", name="x").status_code == 403


def test_fifty_drawings_make_a_page(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", *((f"A-{number:03}.dxf", dxf(f"글자{number}")) for number in range(53)))
    first, second = (
        world.get("alice", "/drawings?sort=number").text,
        world.get("alice", "/drawings?sort=number&page=2").text,
    )
    assert first.count('class="drawing-card"') == 50
    assert second.count('class="drawing-card"') == 3
    assert "모두 53장" in first


def test_the_viewer_tells_the_title_block_and_the_blocks_of_each_sheet(world: World) -> None:
    import ezdxf  # noqa: PLC0415 - used by this test alone

    document = ezdxf.new("R2000", units=4)
    document.blocks.new("도곽").add_lwpolyline([(0, 0), (841, 0), (841, 594)], close=True)
    reference = document.modelspace().add_blockref("도곽", (0, 0))
    for tag, value in (("도면번호", "A-777"), ("축척", "1:<50>")):
        reference.add_attrib(tag, value, (10, 10))
    stream = io.StringIO()
    document.write(stream)
    revision = world.drawn("alice", "무제.dxf", stream.getvalue().encode())
    shown = world.get("vera", f"/drawings/{revision.drawing_id}").text
    assert "도면 정보" in shown
    assert "<dt>도면번호</dt><dd>A-777</dd>" in shown
    assert "<dt>축척</dt><dd>1:&lt;50&gt;</dd>" in shown
    assert '<dt>도곽</dt><dd class="num">1개</dd>' in shown
