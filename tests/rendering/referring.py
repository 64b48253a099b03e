"""What the tests of references share: rendering with files handed in, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ezdxf.document import Drawing
from PIL import Image

from portal.rendering import Limits, Reference, Rendering, render

Make = Callable[..., Path]


def drawn(tmp_path: Path, source: Path, limits: Limits | None = None, **references: Path) -> Rendering:
    names = {name.replace("_", "."): file for name, file in references.items()}
    return render(source, tmp_path / "out", limits=limits or Limits(), references=names)


def of_kind(answer: Rendering, *kinds: str) -> list[Reference]:
    return [one for one in answer.references if one.kind in kinds]


def svg_of(tmp_path: Path, answer: Rendering) -> str:
    return (tmp_path / "out" / answer.sheets[0].svg).read_text(encoding="utf-8")


def with_picture(path: str, **look: object) -> Callable[[Drawing], None]:
    def fill(doc: Drawing) -> None:
        definition = doc.add_image_def(filename=path, size_in_pixel=(40, 20))
        image = doc.modelspace().add_image(definition, insert=(0, 0), size_in_units=(40, 20))
        image.dxf.update(look)

    return fill


def picture(tmp_path: Path, name: str = "logo.png", size: tuple[int, int] = (40, 20)) -> Path:
    file = tmp_path / name
    Image.new("RGB", size, (200, 30, 30)).save(file)
    return file
