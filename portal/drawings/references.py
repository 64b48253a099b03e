"""Which of a company's files are meant by the names in a drawing.

A name is looked up by its last part, in the drawing's folder first and then anywhere in the same company: the lookup goes
through that company's own database, so that no name can mean another company's file. What a drawing was drawn with is
kept at its revision (`given`), and is a part of what its pictures are kept under.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.core.blobs import Missing, blobs
from portal.drawings import rules
from portal.drawings.models import Drawing, ReferenceFile, ReferenceName, Render, Revision
from portal.rendering import Limits
from portal.rendering.references import DGN, DWF, FONT, IMAGE, PDF, PLOT_STYLE, SHAPES, XREF

log = logging.getLogger("planroom.drawings")

Given = dict[str, dict[str, Any]]
"""A name in the drawing -> {"sha256", "drawing", "picture"}: content and id of the file that is meant, 0 for the other."""

MOST = Limits().references
DRAWINGS = ("dxf", "dxf-binary", "dwg")
KINDS: dict[str, str] = {
    XREF: "외부 참조", IMAGE: "그림", PDF: "밑바탕 PDF", DWF: "밑바탕 DWF", DGN: "밑바탕 DGN", PLOT_STYLE: "플롯 스타일",
    FONT: "글꼴", SHAPES: "선 기호",
}  # fmt: skip
#: Kinds that a company can bring into the picture; of all others a person can only read what stands in for them.
BROUGHT = (XREF, IMAGE)
STYLES_KEPT = "화면은 도면의 색과 선 굵기 그대로입니다."


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that a drawing names, as its page tells of it. `drawing` or `picture` is the id of the file, 0 for none."""

    name: str
    kind: str
    word: str
    found: bool
    note: str
    drawing: int
    picture: int

    @property
    def may_be_brought(self) -> bool:
        """Whether uploading the file would bring it into the picture."""
        return not self.found and self.kind in BROUGHT


def note_names(session: Session, render: Render) -> None:
    """Write down which names a render met, so that a file that comes later finds it."""
    keys = {rules.name_key(one["name"]) for one in _listed(render) if one["kind"] in BROUGHT}
    if keys:
        session.execute(insert(ReferenceName), [{"render_id": render.id, "key": key} for key in sorted(keys)])


def resolve(session: Session, revision: Revision, render: Render) -> Given:
    """The company's files for the names that a render of this revision met."""
    folder_id = session.scalar(select(Drawing.folder_id).where(Drawing.id == revision.drawing_id))
    given: Given = {}
    for one in _listed(render):
        found = _meant(session, one["kind"], one["name"], folder_id) if len(given) < MOST else None
        if found is not None:
            given[one["name"]] = found
    return given


def key_of(given: Given) -> str:
    """A short name of what is given, by names and contents: "" for nothing."""
    if not given:
        return ""
    lines = "\n".join(f"{name}\t{file['sha256']}" for name, file in sorted(given.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def shown(session: Session, revision: Revision) -> list[Shown]:
    """What the page of a revision says about the files that its drawing names: those that are missing first.

    Plot styles change no picture: they are not given to a render, but looked up when somebody asks.
    """
    folder_id = session.scalar(select(Drawing.folder_id).where(Drawing.id == revision.drawing_id))
    listed: list[Shown] = []
    for one in _listed(revision.render):
        name, kind = one["name"], one["kind"]
        styles = _beside(session, name, folder_id) if kind == PLOT_STYLE else None
        file = styles or revision.given.get(name, {})
        found, note = (True, STYLES_KEPT) if styles else (one["found"], one["note"])
        word = KINDS.get(kind, kind)
        listed.append(Shown(name, kind, word, found, note, file.get("drawing", 0), file.get("picture", 0)))
    return sorted(listed, key=lambda one: one.found)


@contextmanager
def handed_in(company: str, given: Given) -> Iterator[dict[str, Path]]:
    """The files that a drawing is drawn with, by the names it has for them; one whose blob is gone is missing."""
    with ExitStack() as opened:
        files: dict[str, Path] = {}
        for name, file in given.items():
            try:
                files[name] = opened.enter_context(blobs().path_for(f"{company}/{file['sha256']}"))
            except Missing:
                log.exception("a reference of company %s has lost its blob", company)
        yield files


def _listed(render: Render | None) -> list[dict[str, Any]]:
    """What a render met; one of an older renderer kept no more than names."""
    return [one for one in render.references if isinstance(one, dict)] if render is not None else []


def _meant(session: Session, kind: str, name: str, folder_id: int | None) -> dict[str, Any] | None:
    if kind == XREF:
        return _drawing(session, name, folder_id)
    return _beside(session, name, folder_id) if kind == IMAGE else None


def _drawing(session: Session, name: str, folder_id: int | None) -> dict[str, Any] | None:
    """The newest revision of the drawing of that name: one saved as the other of DXF and DWG stands in for it."""
    query = (
        select(Drawing, Revision)
        .join(Revision, Drawing.newest_id == Revision.id)
        .where(Drawing.name_key == rules.name_key(name), Drawing.deleted_at.is_(None), Revision.kind.in_(DRAWINGS))
        .order_by(Drawing.changed_at.desc(), Drawing.id.desc())
    )
    best = _best(session.execute(query), name, folder_id)
    return {"sha256": best[1].sha256, "drawing": best[0].id, "picture": 0} if best else None


def _beside(session: Session, name: str, folder_id: int | None) -> dict[str, Any] | None:
    """The picture or the plot styles of that name and ending."""
    query = (
        select(ReferenceFile)
        .where(ReferenceFile.key == rules.name_key(name))
        .order_by(ReferenceFile.received_at.desc(), ReferenceFile.id.desc())
    )
    rows = [(row, row) for row in session.scalars(query) if _ending(row.file_name) == _ending(name)]
    best = _best(rows, name, folder_id)
    return {"sha256": best[1].sha256, "drawing": 0, "picture": best[0].id} if best else None


def _best(rows: Iterable[Any], name: str, folder_id: int | None) -> Any | None:  # noqa: ANN401 - a pair of rows
    """The row in the same folder before all others, then the one with the same ending, then the newest."""
    return min(
        rows,
        key=lambda row: (row[0].folder_id != folder_id, _ending(row[1].file_name) != _ending(name)),
        default=None,
    )


def _ending(name: str) -> str:
    return name.rpartition(".")[2].casefold()
