"""Drawings that refer to files, made anew for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ezdxf
import pytest
from ezdxf import xref
from ezdxf.document import Drawing

from tests.rendering.referring import Make


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a DXF with a line on layer WALL, and references to other drawings: `make("a", b="C:/b.dwg")`."""

    def made(name: str, fill: Callable[[Drawing], object] | None = None, /, **attached: str) -> Path:
        doc = ezdxf.new("R2010", units=4)
        doc.layers.add("WALL", color=3)
        doc.modelspace().add_line((0, 0), (100, 0), dxfattribs={"layer": "WALL"})
        for block, path in attached.items():
            xref.attach(doc, block_name=block, filename=path, insert=(0, 50, 0))
        if fill:
            fill(doc)
        file = tmp_path / f"{name}.dxf"
        doc.saveas(file)
        return file

    return made
