"""Files made to hang, fill or crash the renderer: the child is stopped for real, the caller goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from portal.rendering import Limits, Rendering, render
from portal.rendering.command import main
from tests.rendering.dxf_text import block, drawing, entity, insert, line, tags, text
from tests.rendering.processes import command, descendants

ROOT = ((0, "DICTIONARY"), (5, "C"), (330, 0), (100, "AcDbDictionary"), (281, 1))
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def rendered(tmp_path: Path, content: str, limits: Limits | None = None) -> Rendering:
    source = tmp_path / "source"
    source.write_text(content, encoding="utf-8")
    return render(source, tmp_path / "out", limits=limits or Limits())


def nested(levels: int, copies: int) -> str:
    blocks = block("B0", line(0, 0, 1, 1))
    for level in range(1, levels + 1):
        blocks += block(f"B{level}", *(insert(f"B{level - 1}", number) for number in range(copies)))
    return drawing(insert(f"B{levels}"), blocks=blocks)


def zigzag(lines: int) -> str:
    """Write a drawing that neither tiles nor thumbnails make small."""
    return drawing(
        *(line(number * 7 % 997, number * 13 % 991, number * 17 % 983, number * 3 % 977) for number in range(lines))
    )


def test_a_block_bomb_is_refused_by_counting(tmp_path: Path) -> None:
    answer = rendered(tmp_path, nested(10, 10))
    assert (answer.outcome, answer.reason) == ("refused", "too-many-objects")
    assert "10,000,000,000" in answer.message


def test_a_small_nest_of_blocks_is_drawn(tmp_path: Path) -> None:
    answer = rendered(tmp_path, nested(3, 5))
    assert answer.outcome == "drawn"
    assert answer.sheets[0].layers[0].objects == 125


def test_a_grid_of_references_is_counted(tmp_path: Path) -> None:
    grid = insert("A", 0, 0, (70, 32767), (71, 32767), (44, 1), (45, 1))
    assert rendered(tmp_path, drawing(grid, blocks=block("A", line(0, 0, 1, 1)))).reason == "too-many-objects"


def test_a_block_in_itself_is_named(tmp_path: Path) -> None:
    answer = rendered(tmp_path, drawing(insert("문짝"), blocks=block("문짝", insert("문짝"))))
    assert (answer.outcome, answer.reason) == ("refused", "block-cycle")
    assert "문짝" in answer.message


def test_what_is_beside_a_cycle_is_drawn(tmp_path: Path) -> None:
    blocks = block("A", insert("B"), line(0, 0, 1, 1)) + block("B", insert("A"))
    answer = rendered(tmp_path, drawing(insert("A"), blocks=blocks))
    assert answer.outcome == "partial"
    assert answer.skipped == {"INSERT": 1}


def test_a_nest_deeper_than_any_drawing_is_refused(tmp_path: Path) -> None:
    assert rendered(tmp_path, nested(60, 1)).reason == "too-deep"


def hatch(scale: float, offset: float) -> str:
    square = [(10, 0), (20, 0), (10, 1000), (20, 0), (10, 1000), (20, 1000), (10, 0), (20, 1000)]
    return entity(
        "HATCH",
        (100, "AcDbEntity"), (100, "AcDbHatch"), (10, 0), (20, 0), (30, 0), (2, "LINE"), (70, 0), (71, 0), (91, 1),
        (92, 2), (72, 0), (73, 1), (93, 4), *square, (97, 0), (75, 0), (76, 1), (52, 0), (41, scale), (77, 0),
        (78, 1), (53, 0), (43, 0), (44, 0), (45, 0), (46, offset), (79, 0), (98, 0),
    )  # fmt: skip


@pytest.mark.parametrize("offset", [1e-6, 0.0])
def test_a_hatch_too_dense_to_draw_is_skipped_and_counted(tmp_path: Path, offset: float) -> None:
    answer = rendered(tmp_path, drawing(hatch(1, offset), line(0, 0, 9, 9), version="AC1015"))
    assert (answer.outcome, answer.skipped) == ("partial", {"HATCH": 1})


def test_an_ordinary_hatch_is_drawn(tmp_path: Path) -> None:
    answer = rendered(tmp_path, drawing(hatch(1, 50), version="AC1015"))
    assert answer.outcome == "drawn"
    assert answer.sheets[0].extents == pytest.approx((0, 0, 1000, 975), abs=26)


def test_a_linetype_too_fine_to_see_is_drawn_solid(tmp_path: Path) -> None:
    pattern = tags((0, "LTYPE"), (2, "FINE"), (70, 0), (3, ""), (72, 65), (73, 2), (40, 2e-6), (49, 1e-6), (49, -1e-6))
    answer = rendered(tmp_path, drawing(line(0, 0, 1e6, 0, "0", (6, "FINE")), linetypes=pattern))
    assert answer.outcome == "drawn"
    assert (tmp_path / "out" / answer.sheets[0].svg).stat().st_size < 2000


def test_a_text_too_long_to_read_is_skipped(tmp_path: Path) -> None:
    answer = rendered(tmp_path, drawing(text("가" * 300_000, 0, 0, 5), line(0, 0, 1, 1)))
    assert (answer.outcome, answer.skipped) == ("partial", {"TEXT": 1})


@pytest.mark.parametrize(
    ("limits", "lines", "reason"),
    [
        (Limits(wall=1), 300_000, "time"),
        (Limits(cpu=1), 300_000, "time"),
        (Limits(memory=60 << 20), 100_000, "memory"),
        (Limits(output=20_000), 20_000, "output-too-large"),
        (Limits(svg=20_000), 20_000, "output-too-large"),
    ],
)
def test_a_child_over_its_limit_is_stopped_with_the_reason(
    tmp_path: Path, limits: Limits, lines: int, reason: str
) -> None:
    answer = rendered(tmp_path, zigzag(lines), limits)
    assert (answer.outcome, answer.reason) == ("refused", reason)
    assert answer.source.sha256
    assert not list((tmp_path / "out").glob("sheet-*.svg"))


def test_nothing_is_left_running(tmp_path: Path) -> None:
    rendered(tmp_path, drawing(line(0, 0, 1, 1)))
    before = descendants(os.getpid())
    assert rendered(tmp_path, zigzag(300_000), Limits(wall=1)).reason == "time"
    left = descendants(os.getpid()) - before  # a browser of another test may have begun a process of its own meanwhile
    assert [pid for pid in left if "portal/rendering" in command(pid)] == []


def test_many_threads_may_render_at_once(tmp_path: Path) -> None:
    answers: list[Rendering] = []

    def work(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        answers.append(rendered(folder, drawing(line(0, 0, number + 1, 1))))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.sheets[0].extents[2] for answer in answers) == [1, 2, 3, 4]


def test_a_picture_named_in_a_drawing_is_a_name_and_a_frame_only(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    answers = []
    for content in (None, b"canary-of-another-company"):
        if content:
            secret.write_bytes(content)
        image = tags(
            (0, "IMAGE"), (5, "A1"), (100, "AcDbEntity"), (8, "0"), (100, "AcDbRasterImage"), (90, 0), (10, 0), (20, 0),
            (30, 0), (11, 1), (21, 0), (31, 0), (12, 0), (22, 1), (32, 0), (13, 10), (23, 10), (340, "A2"), (70, 7),
            (71, 1), (91, 2), (14, -0.5), (24, -0.5), (14, 9.5), (24, 9.5),
        )  # fmt: skip
        definition = tags(
            (0, "IMAGEDEF"), (5, "A2"), (100, "AcDbRasterImageDef"), (90, 0), (1, secret), (10, 10), (20, 10)
        )
        whole = drawing(image, version="AC1015").removesuffix(tags((0, "EOF")))
        whole += tags((0, "SECTION"), (2, "OBJECTS"), *ROOT) + definition + tags((0, "ENDSEC"), (0, "EOF"))
        answer = rendered(tmp_path, whole)
        assert [(one.name, one.kind, one.found) for one in answer.references] == [("secret.png", "image", False)]
        answers.append((tmp_path / "out" / answer.sheets[0].svg).read_bytes())
    assert answers[0] == answers[1]
    assert b"canary" not in answers[1]


def test_the_child_knows_nothing_of_the_callers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", "/nonexistent")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "ezdxf.py").write_text("raise SystemExit(9)")
    assert rendered(tmp_path, drawing(line(0, 0, 1, 1))).outcome == "drawn"


def test_temporary_files_go_where_they_are_told_and_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(cache))
    assert rendered(tmp_path, drawing(line(0, 0, 1, 1))).outcome == "drawn"
    assert list(cache.iterdir()) == []


def test_the_command_prints_one_document_and_says_by_its_code_how_it_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a"
    source.write_text(drawing(line(0, 0, 1, 1)))
    assert main([str(source), "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"outcome", "reason", "message", "source", "sheets", "skipped", "references", "timings"} <= set(document)
    assert {"name", "svg", "parts", "extents", "units", "layers", "texts", "objects"} <= set(document["sheets"][0])
    source.write_bytes(b"")
    assert main([str(source), "--out", str(tmp_path / "out")]) == 3
    assert "빈 파일" in capsys.readouterr().out
    assert main([str(tmp_path / "absent"), "--out", str(tmp_path / "out")]) == 2
    assert main([]) == 2
    assert main([str(source), "--out", str(tmp_path / "out"), "--encoding", "rot13"]) == 2


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_text(drawing(line(0, 0, 1, 1)))
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "portal.rendering", str(source), "--out", str(tmp_path / "out"), "--json"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "drawn")


@pytest.mark.skipif(not (SHARED / "hostile").is_dir(), reason="an extra: the shared drawings are not on this machine")
@pytest.mark.parametrize(
    "name", ["a05_minsert_300x300", "a24_mtext_braces", "b05_spline_inf", "c02_layer_names_markup", "c08_text_unicode"]
)
def test_shared_hostile_files_end_with_an_answer(tmp_path: Path, name: str) -> None:
    answer = render(SHARED / "hostile" / f"{name}.dxf", tmp_path)
    assert answer.reason not in {"crashed", "time", "memory"}
    assert answer.outcome in {"drawn", "partial"} or answer.message
