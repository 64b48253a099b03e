"""What the list of drawings shows: which ones, in which order, how many, and where the search found its word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_sqlalchemy.pagination import Pagination, SelectPagination
from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from portal.core.gate import Caller
from portal.core.ids import whole
from portal.drawings import rules
from portal.drawings.models import (
    WAITING,
    Drawing,
    DrawingState,
    Folder,
    Revision,
    RevisionState,
    Sheet,
    Text,
    drawing_machine,
)
from portal.drawings.service import store_for

PER_PAGE = 50
#: The chip for pictures that are not whole; the others are named by the standing of the drawing.
PROBLEM = "problem"
SORTS: dict[str, Any] = {
    "changed": Drawing.changed_at,
    "number": Drawing.number,
    "title": Drawing.title,
    "size": Revision.bytes,
    "state": case({state: place for place, state in enumerate(DrawingState)}, value=Drawing.state),
}
NEWEST_FIRST = "-changed"
LONGEST_QUERY = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks the list for."""

    folder_id: int | None = None
    words: str = ""
    state: str = ""
    sort: str = NEWEST_FIRST
    page: int = 1
    as_list: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Asked:
        """Read the address; what makes no sense is left out."""
        state, sort = query.get("state", ""), query.get("sort", NEWEST_FIRST)
        return cls(
            folder_id=whole(query.get("folder")),
            words=" ".join(query.get("q", "").split())[:LONGEST_QUERY],
            state=state if state == PROBLEM or state in set(DrawingState) else "",
            sort=sort if sort.removeprefix("-") in SORTS else NEWEST_FIRST,
            page=whole(query.get("page")) or 1,
            as_list=query.get("view") == "list",
        )


@dataclass(slots=True)
class Branch:
    """A folder in the tree: how many drawings are in it and below, and whether it is on the way to the chosen one."""

    folder: Folder
    depth: int
    count: int
    children: list[Branch] = field(default_factory=list)
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The list as the page shows it. `found` gives the text of a drawing in which the words were found, by drawing id."""

    asked: Asked
    page: Pagination
    chips: list[tuple[str, str, int]]
    found: dict[int, str]
    tree: list[Branch]
    folder: Folder | None
    path: list[Folder]
    total: int
    bytes: int
    binned: int

    @property
    def waiting(self) -> bool:
        """Whether a drawing on this page is still being drawn."""
        return any(drawing.newest is not None and drawing.newest.state in WAITING for drawing in self.page.items)


def listing(who: Caller, asked: Asked) -> Listing:
    """The drawings a caller asks for, with all that stands around them."""
    session = store_for(who)
    folders = list(session.scalars(select(Folder).order_by(Folder.key)))
    by_id = {folder.id: folder for folder in folders}
    folder = by_id.get(asked.folder_id or 0)
    inside = rules.below(folder.id, [(row.id, row.parent_id) for row in folders]) if folder else None
    scope = _scope(asked.words, inside)
    shown = (
        select(Drawing)
        .join(Revision, Revision.id == Drawing.newest_id)
        .options(contains_eager(Drawing.newest), joinedload(Drawing.folder))
    )
    shown = shown.where(*scope, *_in_state(asked.state)).order_by(*_order(asked.sort))
    pages = SelectPagination(select=shown, session=session, page=asked.page, per_page=PER_PAGE, error_out=False)
    total, size = _amount(session, inside)
    return Listing(
        asked=asked,
        page=pages,
        chips=_chips(session, scope),
        found=_found(session, asked.words, pages.items) if asked.words else {},
        tree=_tree(folders, _counts(session), folder),
        folder=folder,
        path=_path(by_id, folder),
        total=total,
        bytes=size,
        binned=session.scalar(select(func.count()).select_from(Drawing).where(Drawing.deleted_at.is_not(None))) or 0,
    )


def binned(who: Caller, page: int) -> Pagination:
    """The drawings in the bin, the last one first."""
    query = (
        select(Drawing)
        .where(Drawing.deleted_at.is_not(None))
        .options(joinedload(Drawing.newest), joinedload(Drawing.folder))
    )
    query = query.order_by(Drawing.deleted_at.desc(), Drawing.id.desc())
    return SelectPagination(select=query, session=store_for(who), page=page, per_page=PER_PAGE, error_out=False)


def folder_choices(who: Caller) -> list[tuple[int, str]]:
    """Every folder with its path in words, for a choice."""
    folders = list(store_for(who).scalars(select(Folder).order_by(Folder.key)))
    by_id = {folder.id: folder for folder in folders}
    return sorted(
        ((row.id, " › ".join(part.name for part in _path(by_id, row))) for row in folders), key=lambda pair: pair[1]
    )


def _amount(session: Session, inside: set[int] | None) -> tuple[int, int]:
    """How many drawings there are, and the bytes of their newest revisions."""
    amount = select(func.count(), func.coalesce(func.sum(Revision.bytes), 0))
    total, size = session.execute(_joined(amount).where(*_scope("", inside))).one()
    return int(total), int(size)


def _counts(session: Session) -> dict[int | None, int]:
    """How many drawings lie in each folder itself."""
    query = select(Drawing.folder_id, func.count()).where(Drawing.deleted_at.is_(None))
    return {row[0]: row[1] for row in session.execute(query.group_by(Drawing.folder_id))}


def _joined(query: Any) -> Any:  # noqa: ANN401 - a select keeps what it selects, which no single type says
    return query.select_from(Drawing).join(Revision, Revision.id == Drawing.newest_id)


def _scope(words: str, inside: set[int] | None) -> list[ColumnElement[bool]]:
    """The conditions of the folder and the words. Every word must be found somewhere."""
    conditions: list[ColumnElement[bool]] = [Drawing.deleted_at.is_(None)]
    if inside is not None:
        conditions.append(Drawing.folder_id.in_(inside))
    for word in words.split():
        in_texts = select(Text.id).join(Sheet, Text.sheet_id == Sheet.id)
        in_texts = in_texts.where(
            Sheet.render_id == Revision.render_id, Text.content.icontains(word, autoescape=True)
        ).correlate(Revision)
        conditions.append(
            or_(
                Drawing.number.icontains(word, autoescape=True),
                Drawing.title.icontains(word, autoescape=True),
                Revision.file_name.icontains(word, autoescape=True),
                in_texts.exists(),
            )
        )
    return conditions


def _in_state(state: str) -> list[ColumnElement[bool]]:
    if state == PROBLEM:
        return [Revision.state.in_((RevisionState.PARTIAL, RevisionState.REFUSED))]
    return [Drawing.state == state] if state else []


def _order(sort: str) -> list[Any]:
    column = SORTS[sort.removeprefix("-")]
    first = column.desc() if sort.startswith("-") else column.asc()
    return [first, Drawing.id.desc()]


def _chips(session: Session, scope: list[ColumnElement[bool]]) -> list[tuple[str, str, int]]:
    """(value, word, how many): all, each standing, and those whose picture is not whole when there are any."""
    by_state = select(Drawing.state, func.count())
    rows = session.execute(_joined(by_state).where(*scope).group_by(Drawing.state))
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    problems = session.scalar(_joined(select(func.count())).where(*scope, *_in_state(PROBLEM))) or 0
    chips = [("", "모두", sum(counts.values()))]
    chips += [(state.value, drawing_machine.look(state).word, counts.get(state, 0)) for state in DrawingState]
    return [*chips, (PROBLEM, "확인 필요", problems)] if problems else chips


def _found(session: Session, words: str, drawings: list[Drawing]) -> dict[int, str]:
    """The first text of each drawing that holds one of the words, by drawing id."""
    renders = {drawing.id: drawing.newest.render_id for drawing in drawings if drawing.newest is not None}
    matches = or_(*(Text.content.icontains(word, autoescape=True) for word in words.split()))
    first = select(func.min(Text.id)).join(Sheet, Text.sheet_id == Sheet.id)
    first = first.where(Sheet.render_id.in_(set(renders.values())), matches).group_by(Sheet.render_id)
    query = select(Sheet.render_id, Text.content).join(Sheet, Text.sheet_id == Sheet.id).where(Text.id.in_(first))
    hits = {render_id: " ".join(content.split())[:80] for render_id, content in session.execute(query)}
    return {drawing_id: hits[render_id] for drawing_id, render_id in renders.items() if render_id in hits}


def _tree(folders: list[Folder], counts: Mapping[int | None, int], chosen: Folder | None) -> list[Branch]:
    """All folders as a list in the order of the tree, with their depth; a folder's count includes what is below it."""
    children: dict[int | None, list[Folder]] = {}
    for folder in folders:
        children.setdefault(folder.parent_id, []).append(folder)

    def branch(folder: Folder, depth: int) -> Branch:
        made = Branch(folder, depth, counts.get(folder.id, 0))
        made.children = [branch(child, depth + 1) for child in children.get(folder.id, [])]
        made.count += sum(child.count for child in made.children)
        made.opened = folder is chosen or any(child.opened for child in made.children)
        return made

    return [branch(folder, 0) for folder in children.get(None, [])]


def _path(by_id: Mapping[int, Folder], folder: Folder | None) -> list[Folder]:
    """From the top to a folder."""
    path: list[Folder] = []
    while folder is not None and folder not in path:
        path.insert(0, folder)
        folder = by_id.get(folder.parent_id or 0)
    return path
