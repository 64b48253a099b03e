"""A path in a drawing is a name: nothing is opened by it, whatever lies there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from ezdxf import xref
from ezdxf.document import Drawing

from portal.rendering import Limits, Rendering, births
from tests.rendering.referring import Make, drawn, picture, with_picture


def naming(*folders: str) -> Callable[[Drawing], None]:
    """A drawing that names a picture, an xref, an underlay, fonts and plot styles in each of some folders."""

    def fill(doc: Drawing) -> None:
        for number, folder in enumerate(folders):
            with_picture(f"{folder}/picture.png")(doc)
            xref.attach(doc, block_name=f"plan{number}", filename=f"{folder}/plan.dxf")
            underlay = doc.add_underlay_def(filename=f"{folder}/paper.pdf", fmt="pdf", name="1")
            placed = doc.modelspace().add_underlay(underlay, insert=(0, 0))
            placed.set_boundary_path([(0, 0), (9, 9)])
            doc.styles.add(f"one{number}", font=f"{folder}/letters.shx").dxf.bigfont = f"{folder}/big.shx"
            doc.styles.add(f"two{number}", font=f"{folder}/letters.ttf")
            doc.layout().dxf.current_style_sheet = f"{folder}/plot.ctb"

    return fill


NAMED = ("picture.png", "plan.dxf", "paper.pdf", "letters.shx", "big.shx", "letters.ttf", "plot.ctb")


def test_a_path_that_exists_is_absent_or_another_companys_gives_the_same_bytes(tmp_path: Path, make: Make) -> None:
    for name in ("here", "other-company"):
        folder = tmp_path / name
        folder.mkdir()
        for file in NAMED:
            (folder / file).write_bytes(f"canary of {name}".encode())
        picture(folder, "picture.png", (7, 9))
    make("plan").rename(tmp_path / "other-company" / "plan.dxf")
    seen = []
    for folder in ("here", "absent", "other-company"):
        answer = drawn(tmp_path, make("host", naming(str(tmp_path / folder))))
        files = sorted((tmp_path / "out").glob("sheet-*.svg"))
        told = [(one.name, one.kind, one.found, one.note) for one in answer.references]
        seen.append((answer.outcome, told, [file.read_bytes() for file in files]))
    assert seen[0] == seen[1] == seen[2]
    assert {name for name, *_ in seen[0][1]} == {*NAMED, "txt.shx"}
    host = make("host", naming(str(tmp_path / "here")))
    before = drawn(tmp_path, host)
    shutil.rmtree(tmp_path / "here")
    after = drawn(tmp_path, host)
    assert replace(before, timings={}) == replace(after, timings={})


@pytest.mark.needs("strace")
def test_no_path_in_a_drawing_is_opened_and_no_socket_either(tmp_path: Path, make: Make) -> None:
    """The kernel is asked: what was handed in is read, and nothing of what the drawing names."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for file in NAMED:
        (secrets / file).write_bytes(b"canary")
    folders = ("secrets", str(secrets), "//10.9.8.7/share", "http://10.9.8.7/plans", "/dev", "../../..")
    host, plan = make("host", naming(*folders)), make("given")
    log, out = tmp_path / "calls", tmp_path / "out"
    out.mkdir()
    order = {
        "source": str(host), "out": str(out), "encoding": None, "version": "1", "name": "", "limits": asdict(Limits()),
        "webassembly": False, "compiled": None, "plot": None, "home": str(tmp_path / "home"),
        "readable": [str(host), str(plan), str(secrets)], "references": {"plan.dxf": str(plan)},
        "index": False,
    }  # fmt: skip
    calls = "trace=%file,%network,open,openat,execve"
    command = ["strace", "-f", "-qq", "-s", "400", "-e", calls, "-o", str(log)]
    command += [sys.executable, "-I", str(births.HERE / "child.py")]
    subprocess.run(command, input=json.dumps(order).encode(), env={"HOME": str(tmp_path)}, check=True)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    assert [line for line in lines if "socket(" in line or "connect(" in line] == []
    # Landlock is told of the folder, so that it would be open to whoever tried: O_PATH reads nothing.
    named = [line for line in lines if any(name in line for name in NAMED) and "O_PATH" not in line]
    assert named == []
    assert any(str(plan) in line and "O_RDONLY" in line for line in lines)
    answer = Rendering.read(out)
    assert [one.found for one in answer.references if one.kind == "xref"] == [True]
