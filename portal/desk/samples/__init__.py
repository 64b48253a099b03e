"""Sample drawings, made anew with ezdxf: what a Korean construction and machine office has on its table.

They stand on the homepage, in the sample company of `flask demo`, and in tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from portal.desk.samples import flange, plan, site, steel


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawing that can be made: its file name, the folder it belongs into, its number and title, and who draws it."""

    file_name: str
    folder: str
    number: str
    title: str
    make: Callable[[Path], None]


SAMPLES: tuple[Sample, ...] = (
    Sample("A-201 기준층 평면도.dxf", "건축", "A-201", "기준층 평면도", plan.make),
    Sample("S-310 기둥 접합 상세.dxf", "구조", "S-310", "기둥 접합 상세", steel.make),
    Sample("M-114 플랜지 가공도.dxf", "기계", "M-114", "플랜지 가공도", flange.make),
    Sample("C-001 배치도.dxf", "토목", "C-001", "배치도", site.make),
)


def make_samples(folder: Path) -> list[tuple[Sample, Path]]:
    """Write all samples into `folder`, which is made when missing. Gives each with its file."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for sample in SAMPLES:
        path = folder / sample.file_name
        sample.make(path)
        made.append((sample, path))
    return made
