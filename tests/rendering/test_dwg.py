"""DWG files: drawn like any DXF, Hangul right, what is written twice drawn once, and what cannot be read refused with its reason."""

from __future__ import annotations

import io
import json
import random
import shutil
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ezdxf.filemanagement import read, readfile

from portal.rendering import Limits, Rendering, births, dwg, dwg_mends, dwg_module, leaders, render
from portal.rendering.opening import as_dxf
from portal.rendering.sniff import Sniffed
from tests.rendering.dxf_text import block, drawing, line, tags, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ezdxf.document import Drawing

HANGUL = Path(__file__).parent / "data" / "hangul_r2000.dwg"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WORDS = ["도면 가나다 1층 평면도 ±0.00 ㎡ 漢字", "똠방각하 뷁 펲시"]
#: The same drawing saved in three versions.
SAVED_THRICE = ("AC1014", "AC1018", "AC1032")


@pytest.fixture(scope="module")
def compiled() -> Path:
    """The machine code of the reader, made once in a run."""
    code = dwg_module.prepared()
    assert code is not None
    return code


def drawn(tmp_path: Path, content: bytes, **options: Limits) -> Rendering:
    source = tmp_path / "drawing"
    source.write_bytes(content)
    return render(source, tmp_path / "out", **options)


def test_a_dwg_is_drawn_and_its_hangul_is_right(tmp_path: Path) -> None:
    answer = drawn(tmp_path, HANGUL.read_bytes())
    assert (answer.outcome, answer.source.kind, answer.source.encoding) == ("drawn", "dwg", "cp949")
    assert [shown.text for shown in answer.sheets[0].texts][:2] == WORDS
    assert answer.sheets[0].objects == 5
    code = dwg_module.kept()
    assert dwg_module.trusted(code)
    assert code.stat().st_mode & 0o077 == 0


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return dwg_module.kept()


@pytest.fixture
def copied(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes machine code anew gets a copy of what the run has: making it costs seconds."""
    monkeypatch.setattr(dwg_module, "_make", lambda code: shutil.copy2(compiled, code))


@pytest.mark.usefixtures("copied")
def test_machine_code_that_others_could_have_written_is_not_run(tmp_path: Path, cache: Path) -> None:
    cache.write_bytes(b"not ours")
    cache.chmod(0o666)
    assert not dwg_module.trusted(cache)
    assert drawn(tmp_path, HANGUL.read_bytes()).outcome == "drawn"
    assert dwg_module.trusted(cache)
    cache.unlink()
    cache.symlink_to("/etc/passwd")
    assert not dwg_module.trusted(cache)


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def a_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


@pytest.mark.parametrize("spoil", [open_to_all, a_link])
def test_a_folder_that_others_could_write_into_gets_no_machine_code(cache: Path, spoil: Callable[[Path], None]) -> None:
    spoil(cache.parent)
    assert dwg_module.prepared() is None
    assert list(cache.parent.iterdir()) == []


def test_without_a_safe_place_for_machine_code_the_child_makes_its_own(tmp_path: Path, cache: Path) -> None:
    open_to_all(cache.parent)
    assert drawn(tmp_path, HANGUL.read_bytes()).outcome == "drawn"
    assert list(cache.parent.iterdir()) == []


@pytest.mark.usefixtures("copied")
def test_damaged_machine_code_is_made_anew(tmp_path: Path, cache: Path) -> None:
    cache.write_bytes(b"half of i")
    cache.chmod(0o600)
    assert dwg_module.trusted(cache)
    assert drawn(tmp_path, HANGUL.read_bytes()).outcome == "drawn"
    assert cache.stat().st_size > 1 << 20
    assert [one.name for one in cache.parent.iterdir()] == [cache.name]


@pytest.mark.parametrize(("head", "words"), [(b"AC1009", "R11/R12"), (b"AC1.50", "R2.05"), (b"MC0.0\x00", "MC0.0")])
def test_an_older_dwg_is_refused_with_what_to_save_it_as(tmp_path: Path, head: bytes, words: str) -> None:
    answer = drawn(tmp_path, head + bytes(500))
    assert (answer.outcome, answer.reason) == ("refused", "dwg-old")
    assert words in answer.message
    assert "DWG 2013이나 DXF" in answer.message


def flipped(content: bytes) -> bytes:
    changed = bytearray(content)
    for at in range(100, len(changed), 7):
        changed[at] ^= 0x5A
    return bytes(changed)


@pytest.mark.parametrize(
    "spoil",
    [lambda content: content[:900], flipped, lambda content: content[:64] + random.Random(7).randbytes(4000)],
    ids=["cut", "flipped", "junk"],
)
def test_a_broken_dwg_is_refused_and_never_shown_as_an_empty_sheet(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    answer = drawn(tmp_path, spoil(HANGUL.read_bytes()))
    assert (answer.outcome, answer.reason) == ("refused", "damaged")


class TimeIsUp(threading.Timer):
    """A clock that strikes when it is started."""

    def start(self) -> None:
        self.function()


def test_the_reader_keeps_its_time_and_memory(compiled: Path) -> None:
    content = HANGUL.read_bytes()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(TimeoutError):
        patch.setattr(dwg.threading, "Timer", TimeIsUp)
        dwg.converted(content, compiled, seconds=20, memory=1 << 30)
    with pytest.raises(MemoryError):
        dwg.converted(content + bytes(64 << 20), compiled, seconds=20, memory=8 << 20)
    with pytest.raises(dwg.Unreadable):
        dwg.converted(content[:20], compiled, seconds=20, memory=1 << 30)
    assert dwg.converted(content, compiled, seconds=20, memory=1 << 30) == dwg.converted(
        content, None, seconds=20, memory=1 << 30
    )


def test_the_kernel_holds_the_memory_of_a_child_that_runs_webassembly() -> None:
    script = (
        "import resource, sys; from portal.rendering import confinement, result; "
        "confinement.confine(result.Limits(memory=64 << 20), [sys.argv[1]], [], webassembly=True); "
        "assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY; "
        "from portal.rendering import dwg; from pathlib import Path; "
        "assert dwg.converted(Path(sys.argv[1]).read_bytes(), None, seconds=60, memory=64 << 20); "
        "bytearray(1 << 30)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(HANGUL)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("MemoryError")


def test_an_object_written_twice_is_drawn_once_but_equal_handles_of_two_blocks_are_two() -> None:
    one, other = line(0, 0, 1, 1, "0", (5, "A1")), line(0, 0, 2, 2, "0", (5, "A2"))
    inside = block("문", one, other, one) + block("창", one)
    dxf = drawing(one, other, one, blocks=inside).encode()
    mended = dwg_mends.once_each(dxf)
    assert mended.count(b"LINE") == 5
    assert dwg_mends.once_each(mended) == mended


def test_what_a_space_holds_in_its_block_and_among_the_objects_is_kept_there_with_its_parts() -> None:
    one, other = line(0, 0, 1, 1, "0", (5, "A1")), line(0, 0, 2, 2, "0", (5, "A2"))
    corners = [tags((0, "VERTEX"), (8, "0"), (10, at), (20, at)) for at in (0, 1)]
    chain = tags((0, "POLYLINE"), (5, "A3"), (8, "0"), (66, 1)) + "".join(corners) + tags((0, "SEQEND"), (8, "0"))
    both = drawing(one, chain, blocks=block("*Model_Space", one, chain) + block("*Paper_Space0", other)).encode()
    mended = dwg_mends.once_each(both)
    assert mended == drawing(one, chain, blocks=block("*Model_Space") + block("*Paper_Space0", other)).encode()


def test_letters_cut_between_two_chunks_are_whole_again() -> None:
    words = "외벽 마감 뷁".encode("cp949")
    halves = words[:5], words[5:]
    western = [half.decode("cp1252", "replace") if 0x81 not in half else half.decode("latin-1") for half in halves]
    dxf = drawing(tags((0, "MTEXT"), (8, "0"), (10, 0), (20, 0), (40, 1), (3, western[0]), (1, western[1])))
    restored = dwg_mends.rejoined(dwg_mends.original_bytes(dxf), "cp949").decode("cp949")
    assert "".join(restored.split("\n3\n")[1].split("\n1\n")).startswith("외벽 마감 뷁")


@pytest.mark.parametrize(
    ("page", "letters"),
    [("cp949", "가각똠뷁펲漢字ab1 "), ("johab", "가각힣ab "), ("gbk", "汉字表图ab"), ("cp932", "図面表ab")],
)
def test_letters_are_whole_wherever_a_text_is_cut(page: str, letters: str) -> None:
    chance = random.Random(3)
    for size in range(3, 9):
        words = "".join(chance.choice(letters) for _ in range(60))
        raw = words.encode(page)
        chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
        codes = [b"  3"] * (len(chunks) - 1) + [b"  1"]
        lines = [b"  0", b"MTEXT", b" 70", b"     3"]
        for code, chunk in zip(codes, chunks, strict=True):
            lines += (code, chunk)
        misread = "".join(
            chr(one) if one in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes((one,)).decode("cp1252")
            for one in b"\r\n".join((*lines, b"  0", b"EOF", b""))
        )
        restored = dwg_mends.rejoined(dwg_mends.original_bytes(misread), page).decode(page).split("\r\n")
        assert "".join(restored[5:-3:2]) == words


def test_a_new_or_plain_drawing_is_left_as_it_is() -> None:
    modern, plain = drawing(text("외벽", 0, 0, 1)).encode(), drawing(line(0, 0, 1, 1)).encode()
    assert dwg_mends.mended(modern, "AC1032", "cp949") == (modern, "utf-8")
    assert dwg_mends.mended(plain, "AC1015", "cp949") == (plain, "utf-8")


def test_a_bare_colour_index_becomes_a_raw_colour() -> None:
    assert [leaders.raw(number) & 0xFFFFFFFF for number in (0, 6, 256)] == [0xC1000000, 0xC3000006, 0xC0000000]
    known = -1056964608
    assert leaders.raw(known) == known


here = pytest.mark.skipif(not SHARED.is_dir(), reason="an extra: the shared drawings are not on this machine")


@here
def test_shared_drawings_are_drawn(tmp_path: Path) -> None:
    files = sorted((SHARED / "drawings" / "dwg").glob("*.dwg"))
    answers = {path.name: render(path, tmp_path / path.stem) for path in files}
    assert {name: answer.message for name, answer in answers.items() if answer.outcome == "refused"} == {}
    assert [name for name, answer in answers.items() if not any(sheet.drawn for sheet in answer.sheets)] == []


@here
@pytest.mark.parametrize("version", SAVED_THRICE)
def test_a_shared_drawing_has_the_objects_of_its_twin_or_says_which_it_lacks(compiled: Path, version: str) -> None:
    drawings = SHARED / "drawings"
    data = (drawings / "dwg" / f"acadsharp__samples-sample_{version}.dwg").read_bytes()
    sniffed = Sniffed("dwg", version, "", len(data), "", whole=True)
    sniffed, dxf, lost = as_dxf(sniffed, data, compiled, Limits())
    ours = read(io.StringIO(dxf.decode(sniffed.encoding, "surrogateescape"), newline=None))
    twin = readfile(drawings / "dxf" / "acadsharp__samples-sample_AC1032_binary.dxf")
    missing = types_in(twin) - types_in(ours)
    assert types_in(ours) - types_in(twin) == Counter()
    # R13 and R14 do not say how many underlays they hold.
    assert {kind: count for kind, count in missing.items() if kind != "PDFUNDERLAY"} == {
        kind: count for kind, count in lost.items() if kind != "PDFUNDERLAY"
    }
    assert lost["PDFUNDERLAY"] == (version != "AC1014")
    assert lost["ACAD_TABLE"] == (0 if version == "AC1032" else 2)
    assert all(len(spline.control_points) for spline in ours.modelspace().query("SPLINE"))


def types_in(doc: Drawing) -> Counter[str]:
    return Counter(one.dxftype() for one in doc.modelspace())


@here
@pytest.mark.parametrize("name", ["bad/flip50", "bad/random_head", "bad/trunc_60", "../hostile/d26_dwg_header_garbage"])
def test_shared_broken_files_are_refused(tmp_path: Path, name: str) -> None:
    answer = render(SHARED / "drawings" / f"{name}.dwg", tmp_path / "out")
    assert (answer.outcome, answer.reason) == ("refused", "damaged")
    assert "손상" in answer.message


@pytest.mark.needs("strace")
def test_the_child_opens_no_socket_and_no_file_but_its_own(tmp_path: Path, compiled: Path) -> None:
    """What the machine code of the reader does, the interpreter cannot see: the kernel is asked."""
    log, out = tmp_path / "calls", tmp_path / "out"
    out.mkdir()
    order = {
        "source": str(HANGUL), "out": str(out), "encoding": None, "version": "1", "name": "", "limits": asdict(Limits()),
        "webassembly": True, "compiled": str(compiled), "plot": None, "home": str(tmp_path / "home"),
        "readable": [str(HANGUL), str(compiled)], "references": {}, "index": False,
    }  # fmt: skip
    command = ["strace", "-f", "-qq", "-s", "400", "-e", "trace=open,openat,socket,connect,execve", "-o", str(log)]
    command += [sys.executable, "-I", str(births.HERE / "child.py")]
    subprocess.run(command, input=json.dumps(order).encode(), env={"HOME": str(tmp_path)}, check=True)
    calls = log.read_text(encoding="utf-8", errors="replace").splitlines()
    assert [call for call in calls[1:] if "open" not in call] == []
    found = {call.split('"')[1] for call in calls[1:] if '"' in call and "ENOENT" not in call}
    assert {str(HANGUL), str(compiled)} <= found
    machine = (
        sys.prefix,
        sys.base_prefix,
        "/usr",
        "/lib",
        "/proc",
        "/sys",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/dev/null",
        "/dev/urandom",
    )
    places = (str(births.HERE.parent), str(tmp_path), *machine)
    assert [name for name in found - {str(HANGUL), str(compiled)} if not name.startswith(places)] == []
