"""Customers' pages of drawings: the list, one drawing in the viewer, its revisions, the bin, and what is done to them."""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from urllib.parse import urlencode

from flask import Blueprint, current_app, flash, jsonify, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from portal.core import ids, packing
from portal.core.errors import NotFound, Refusal
from portal.core.gate import access, caller
from portal.core.headers import policy
from portal.core.korea import particle
from portal.core.page import page, see_other
from portal.drawings import corrections, listing, pictures, receiving, references, renders, rules, service, story
from portal.drawings.facts import facts_of
from portal.drawings.forms import FolderForm, NameForm
from portal.drawings.models import (
    WAITING,
    Drawing,
    Revision,
    RevisionState,
    Sheet,
    Upload,
    UploadOutcome,
    drawing_machine,
    revision_machine,
)
from portal.drawings.receiving import Place, Sent
from portal.tenants import service as tenants

pages = Blueprint("drawings", __name__)

HOME = "/drawings"
#: The session's name for the files whose results the list still shows.
UPLOADED = "uploaded"
#: What a person reads after a step of the standing.
STEP_DONE = {
    "submit": "검토를 요청했습니다.",
    "approve": "승인했습니다.",
    "release": "배포했습니다.",
    "return": "작성중으로 돌려놓았습니다.",
}
STEP_WORDS = {"submit": "검토 요청", "approve": "승인", "release": "배포", "return": "작성중으로"}


@pages.context_processor
def looks() -> dict[str, Any]:
    """What the templates of this room lean on."""
    return {
        "drawing_look": drawing_machine.look,
        "revision_look": revision_machine.look,
        "kind_words": rules.KIND_WORDS,
        "not_drawn": rules.not_drawn,
        "may_change": caller().role in rules.CHANGES and not caller().read_only,
    }


@pages.get("/drawings")
@access("member", roles=rules.LOOKS, often=True)
def drawings() -> ResponseReturnValue:
    """The list: thumbnails or rows, by folder, standing and words."""
    if request.args.get("uploaded") == "closed":
        session.pop(UPLOADED, None)
    asked = request.args.get("q") or request.args.get("state") or request.args.get("page")
    return _list_page([] if asked else receiving.lines_of(caller(), str(session.get(UPLOADED, ""))))


@pages.post("/drawings/uploads")
@access("member", roles=rules.CHANGES, largest=receiving.LARGEST_UPLOAD)
def upload() -> ResponseReturnValue:
    """Take files in: several in one plain form, or one for each request of the uploader, which asks for JSON."""
    sent = [Sent(one.filename or "", cast("BinaryIO", one.stream)) for one in _files()]
    lines = receiving.receive(caller(), sent, _place(), request.form.get("batch", ""))
    status = max((line.status for line in lines), default=422)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(results=[_line_document(line) for line in lines]), status
    if all(line.outcome == UploadOutcome.REFUSED for line in lines):
        asked = listing.Asked.read(request.form)
        return page("drawings/refused.html", status=status, lines=lines, asked=asked, back=_back())
    session[UPLOADED] = lines[0].batch
    if (drawing_id := ids.whole(request.form.get("drawing"))) is not None and len(lines) == 1:
        return see_other(url_for("drawings.drawing", drawing_id=drawing_id), lines[0].message)
    return see_other(_back())


@pages.post("/drawings/uploads/<int:upload_id>/keep")
@access("member", roles=rules.CHANGES)
def keep_upload(upload_id: int) -> ResponseReturnValue:
    """List a file although its content is there already."""
    corrections.keep_anyway(caller(), upload_id, ids.whole(request.form.get("folder")))
    return see_other(_back(), "새 도면으로 등록했습니다.")


@pages.post("/drawings/uploads/<int:upload_id>/join")
@access("member", roles=rules.CHANGES)
def join_upload(upload_id: int) -> ResponseReturnValue:
    """What came as a new drawing is a revision of another one."""
    revision = corrections.join(caller(), upload_id, _wanted("drawing"))
    return see_other(
        _back(),
        f"'{revision.drawing.label}'의 개정 {revision.letter}{particle(revision.letter, '으로/로')} 옮겼습니다.",
    )


@pages.post("/drawings/uploads/<int:upload_id>/part")
@access("member", roles=rules.CHANGES)
def part_upload(upload_id: int) -> ResponseReturnValue:
    """What came as a revision is a drawing of its own."""
    corrections.part(caller(), upload_id)
    return see_other(_back(), "새 도면으로 나누었습니다.")


@pages.get("/drawings/<int:drawing_id>")
@policy(img_src="'self' data:")  # The pages of a PDF are pictures inside the sheet's SVG.
@access("member", roles=rules.LOOKS, often=True)
def drawing(drawing_id: int) -> ResponseReturnValue:
    """One drawing in the viewer: the newest revision, or the one of ?revision=, and the sheet of ?sheet=."""
    shown = service.drawing_for(caller(), drawing_id)
    revisions = service.revisions_of(caller(), shown)
    wanted = request.args.get("revision")
    revision = next((row for row in revisions if str(row.id) == wanted), None) if wanted else revisions[0]
    if revision is None:
        raise NotFound
    sheets = service.sheets_of(caller(), revision.render)
    current = ids.whole(request.args.get("sheet")) or 0
    current = current if current < len(sheets) else 0
    answer = page(
        "drawings/drawing.html",
        drawing=shown,
        revision=revision,
        revisions=revisions,
        newest=revision.id == shown.newest_id,
        sheets=[_sheet_document(revision, sheet) for sheet in sheets],
        current=current,
        first=pictures.first_of(tenants.company_key(caller()), revision.render, sheets[current]) if sheets else "",
        list_url=url_for("drawings.drawings", folder=shown.folder_id),
        original=url_for("drawing_files.original", revision_id=revision.id),
        waiting=revision.state in WAITING,
        again=renders.may_be_drawn_again(revision),
        letters=_letters(revision),
        references=references.shown(service.store_for(caller()), revision),
        facts=facts_of(sheets),
        steps=[(verb, STEP_WORDS[verb]) for verb in service.steps_for(shown)],
    )
    packing.pack(answer, request.headers.get("Accept-Encoding", ""))  # lists every tile; nothing on it is secret
    return answer


@pages.get("/drawings/<int:drawing_id>/revisions")
@access("member", roles=rules.LOOKS, often=True)
def revisions(drawing_id: int) -> ResponseReturnValue:
    """All revisions of a drawing, what happened to it, and the form for the next one."""
    return _revisions_page(service.drawing_for(caller(), drawing_id))


@pages.route("/drawings/<int:drawing_id>/edit", methods=["GET", "POST"])
@access("member", roles=rules.CHANGES)
def edit(drawing_id: int) -> ResponseReturnValue:
    """Number, title and folder of a drawing."""
    shown = service.drawing_for(caller(), drawing_id)
    form = NameForm(request.form, number=shown.number, title=shown.title, folder=shown.folder_id or 0)
    form.folder.choices = [(0, "폴더 없음"), *listing.folder_choices(caller())]
    if request.method == "GET":
        return page("drawings/edit.html", drawing=shown, form=form)
    if not form.validate():
        return page("drawings/edit.html", status=422, drawing=shown, form=form)
    try:
        service.rename(caller(), drawing_id, form.number.data or "", form.title.data or "")
    except Refusal as refusal:
        form.title.errors = [f"{refusal.message} {refusal.next_step}"]
        return page("drawings/edit.html", status=422, drawing=service.drawing_for(caller(), drawing_id), form=form)
    service.move(caller(), [drawing_id], form.folder.data or None)
    return see_other(url_for("drawings.drawing", drawing_id=drawing_id), "도면 정보를 고쳤습니다.")


@pages.post("/drawings/<int:drawing_id>/state")
@access("member", roles=rules.CHANGES)
def state(drawing_id: int) -> ResponseReturnValue:
    """Take the standing of a drawing one step."""
    verb = request.form.get("verb", "")
    if verb not in STEP_DONE:
        raise Refusal("무엇을 하실지 알 수 없습니다.", "화면의 단추를 다시 눌러 주십시오.", 422)
    service.advance(caller(), drawing_id, verb)
    return see_other(url_for("drawings.drawing", drawing_id=drawing_id), STEP_DONE[verb])


@pages.post("/drawings/move")
@access("member", roles=rules.CHANGES)
def move() -> ResponseReturnValue:
    """Put the chosen drawings into a folder."""
    chosen = _chosen()
    folder_id = ids.whole(request.form.get("to"))
    moved = service.move(caller(), chosen, folder_id)
    return see_other(_back(), f"도면 {moved}장을 옮겼습니다." if moved else "이미 그 폴더에 있는 도면입니다.")


@pages.get("/drawings/bin")
@access("member", roles=rules.LOOKS, often=True)
def bin() -> ResponseReturnValue:  # noqa: A001 - one word in address, view and template
    """Drawings that were deleted, to be brought back."""
    return page("drawings/bin.html", drawings=listing.binned(caller(), ids.whole(request.args.get("page")) or 1))


@pages.post("/drawings/bin")
@access("member", roles=rules.CHANGES)
def delete() -> ResponseReturnValue:
    """Put the chosen drawings into the bin; the notice offers to undo."""
    gone = service.delete(caller(), _chosen())
    words = f"'{gone[0].label}' 도면을" if len(gone) == 1 else f"도면 {len(gone)}장을"
    undo = url_for("drawings.restore", ids=",".join(str(row.id) for row in gone))
    flash(f"{words} 휴지통으로 옮겼습니다.", f"undo:{undo}")
    return see_other(_back())


@pages.post("/drawings/restore")
@access("member", roles=rules.CHANGES)
def restore() -> ResponseReturnValue:
    """Bring the chosen drawings back from the bin."""
    back = service.restore(caller(), _chosen())
    return see_other(_back(), f"도면 {len(back)}장을 되돌렸습니다." if back else "이미 되돌린 도면입니다.")


@pages.route("/drawings/folders", methods=["GET", "POST"])
@access("member", roles=rules.CHANGES)
def folders() -> ResponseReturnValue:
    """Make a folder, below ?parent= when it is given."""
    parent_id = ids.whole(request.values.get("parent"))
    parent = service.folder_for(caller(), parent_id) if parent_id else None
    form = FolderForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            made = service.new_folder(caller(), form.name.data, parent_id)
            return see_other(url_for("drawings.drawings", folder=made.id), f"'{made.name}' 폴더를 만들었습니다.")
        except Refusal as refusal:
            form.name.errors = [f"{refusal.message} {refusal.next_step}"]
    return page(
        "drawings/folder.html", status=422 if request.method == "POST" else 200, form=form, folder=None, parent=parent
    )


@pages.route("/drawings/folders/<int:folder_id>", methods=["GET", "POST"])
@access("member", roles=rules.CHANGES)
def folder(folder_id: int) -> ResponseReturnValue:
    """Rename a folder."""
    shown = service.folder_for(caller(), folder_id)
    form = FolderForm(request.form, name=shown.name)
    if request.method == "POST" and form.validate():
        try:
            service.rename_folder(caller(), folder_id, form.name.data)
            return see_other(url_for("drawings.drawings", folder=folder_id), "폴더 이름을 바꾸었습니다.")
        except Refusal as refusal:
            form.name.errors = [f"{refusal.message} {refusal.next_step}"]
            shown = service.folder_for(caller(), folder_id)
    return page(
        "drawings/folder.html", status=422 if request.method == "POST" else 200, form=form, folder=shown, parent=None
    )


@pages.post("/drawings/folders/<int:folder_id>/remove")
@access("member", roles=rules.CHANGES)
def remove_folder(folder_id: int) -> ResponseReturnValue:
    """Remove an empty folder."""
    parent_id = service.remove_folder(caller(), folder_id)
    return see_other(url_for("drawings.drawings", folder=parent_id), "빈 폴더를 지웠습니다.")


def _list_page(lines: list[Upload]) -> ResponseReturnValue:
    asked = listing.Asked.read(request.args)
    return page(
        "drawings/drawings.html",
        asked=asked,
        listing=listing.listing(caller(), asked),
        folders=listing.folder_choices(caller()),
        lines=lines,
        offers={line.id: other for line in lines if (other := corrections.same_number(caller(), line)) is not None},
        batch=ids.token(),
        largest=receiving.LARGEST_FILE,
    )


def _revisions_page(shown: Drawing, status: int = 200) -> ResponseReturnValue:
    rows = service.revisions_of(caller(), shown)
    return page(
        "drawings/revisions.html",
        status=status,
        drawing=shown,
        revisions=rows,
        next_letter=rules.letter(rows[0].position + 1),
        waiting=any(row.state in WAITING for row in rows),
        story=[story.told(line, rows) for line in service.activities_of(caller(), shown)],
    )


def _files() -> list[FileStorage]:
    """The files of the form. Werkzeug spools them to disk while it reads, so a full disk shows itself here."""
    try:
        sent = [one for one in request.files.getlist("files") if one.filename]
    except OSError as error:
        if not receiving.disk_full(error):
            raise
        current_app.logger.warning("no space to read an upload of company %s", caller().tenant_id)
        raise receiving.no_space() from error
    if not sent:
        raise Refusal("고르신 파일이 없습니다.", "올릴 도면 파일을 고른 뒤 다시 눌러 주십시오.", 422)
    return sent


def _place() -> Place:
    return Place(
        folder_id=ids.whole(request.form.get("folder")),
        drawing_id=ids.whole(request.form.get("drawing")),
        always_new=request.form.get("as") == "new",
    )


def _chosen() -> list[int]:
    """The ids that were ticked, or that an undo names in its address."""
    given = [part for value in request.values.getlist("ids") for part in value.split(",")]
    chosen = [number for part in given if (number := ids.whole(part)) is not None]
    if not chosen:
        raise Refusal("고르신 도면이 없습니다.", "목록에서 도면을 고른 뒤 다시 해 주십시오.", 422)
    return chosen


def _wanted(name: str) -> int:
    number = ids.whole(request.form.get(name))
    if number is None:
        raise NotFound
    return number


def _back() -> str:
    """The list as it was left, by the hidden fields of the form; ours only, never an address that was sent."""
    if request.form.get("from") == "bin":
        return url_for("drawings.bin")
    kept = {name: value for name in ("folder", "q", "state", "sort", "view") if (value := request.form.get(name))}
    return f"{HOME}?{urlencode(kept)}" if kept else HOME


def _letters(revision: Revision) -> dict[str, Any] | None:
    """The code page a revision's letters are read in, and the choice; None while it is drawn, or without one."""
    if revision.state in WAITING or not renders.may_be_read_otherwise(revision):
        return None
    encoding = str(revision.render.source.get("encoding", "")) if revision.render is not None else ""
    return {
        "chosen": revision.code_page,
        "used": rules.code_page_word(encoding),
        "choices": list(rules.CODE_PAGES.items()),
    }


def _sheet_document(revision: Revision, sheet: Sheet) -> dict[str, Any]:
    """A sheet as the viewer takes it."""
    render = revision.render
    note = rules.not_drawn(render.objects, render.skipped) if render is not None else ""
    if not note and revision.state == RevisionState.PARTIAL:
        note = revision.message
    return {
        "name": sheet.name,
        "url": url_for("drawing_files.sheet", revision_id=revision.id, position=sheet.position),
        "extents": sheet.extents,
        "units": sheet.units,
        "note": note,
        "tiles": [
            {
                "number": tile["number"],
                "url": url_for(
                    "drawing_files.tile", revision_id=revision.id, position=sheet.position, number=tile["number"]
                ),
                "box": tile["box"],
            }
            for tile in sheet.tiles
        ],
        "layers": [
            {
                "index": int(layer.class_name.removeprefix("l-")),  # of its groups in the SVG
                "name": layer.name,
                "colour": layer.colour,
                "on": layer.visible,
                "objects": layer.objects,
            }
            for layer in sheet.layers
        ],
    }


def _line_document(line: Upload) -> dict[str, Any]:
    revision = line.revision
    return {
        "name": line.file_name,
        "outcome": line.outcome,
        "message": line.message,
        "next": line.next_step,
        "status": line.status,
        "url": url_for("drawings.drawing", drawing_id=revision.drawing_id) if revision is not None else None,
    }
