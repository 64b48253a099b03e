"""Turns a drawing file into sheets of SVG. Knows nothing of Flask, companies or databases.

`render` is safe to call from any thread and any forked worker: the file is read in a limited child process only.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from portal.rendering.cell import confined
from portal.rendering.paper import PLOT, Plot
from portal.rendering.result import MANIFEST, Layer, Limits, Outcome, Reference, Rendering, Sheet, Source, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

RENDERER_VERSION = "2026.11.28"
"""Changes whenever the same bytes would be drawn differently; renders are keyed by (sha256, this)."""


STANDARD = Limits()


def render(  # noqa: PLR0913 - what to render, where to, and under which rules
    source: Path,
    out: Path,
    *,
    name: str = "",
    encoding: str | None = None,
    limits: Limits = STANDARD,
    references: Mapping[str, Path] | None = None,
    index: bool = False,
) -> Rendering:
    """Render the file `source`, a DXF or PDF, into the folder `out`: manifest.json, sheet-N.svg and sheet-N-thumb.svg.

    The kind of the file is decided by its content; `name` is only spoken in the SVG's label. `encoding` overrules what
    the bytes say about a text DXF, and the header of a DWG from before Unicode. With `index` the object index is written
    too (index.py), of a DXF or DWG. Temporary files, ezdxf's font cache among them, lie where TMPDIR says and are removed.
    A file that is hostile, broken or of another kind gives the outcome "refused" with reason and message; raises
    OSError when `source` cannot be read or `out` cannot be written, ValueError for an unknown encoding.

    The answer lists the files that the drawing names (xrefs, pictures, fonts), and none of their paths is ever opened. A
    caller who has some of them renders again with `references`, the file for each name; what these name is listed then.
    """
    return confined(source, out, limits, encoding, RENDERER_VERSION, name, references=references, index=index)


def plot(  # noqa: PLR0913 - what to plot, where to, and under which rules
    source: Path,
    out: Path,
    order: Plot,
    *,
    name: str = "",
    encoding: str | None = None,
    limits: Limits = STANDARD,
    references: Mapping[str, Path] | None = None,
) -> Rendering:
    """Plot one sheet of the DXF `source`, or a window of it, true to scale as the PDF file `out`.

    The answer has no sheets; when it is "refused" no file is written. Raises as `render` does.
    """
    with tempfile.TemporaryDirectory(prefix="plot-") as folder:
        answer = confined(source, Path(folder), limits, encoding, RENDERER_VERSION, name, order, references)
        if answer.outcome != "refused":
            shutil.copyfile(Path(folder) / PLOT, out)
    return answer


__all__ = [
    "MANIFEST",
    "RENDERER_VERSION",
    "Layer",
    "Limits",
    "Outcome",
    "Plot",
    "Reference",
    "Rendering",
    "Sheet",
    "Source",
    "Text",
    "plot",
    "render",
]
