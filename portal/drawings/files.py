"""The bytes of drawings: pictures of sheets, thumbnails, and originals as they came. Every one goes through a loader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from flask import Blueprint, Response, current_app, request, stream_with_context

from portal.core import packing
from portal.core.blobs import Missing, blobs
from portal.core.db import write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import access, caller
from portal.drawings import reference_files, rules, service
from portal.drawings.models import Revision, Sheet
from portal.drawings.pictures import opened, svg_key
from portal.tenants import service as tenants

files = Blueprint("drawing_files", __name__)

CHUNK = 256 * 1024
#: A picture opened by itself is a document of our origin: it may run, load and style nothing.
PICTURE_POLICY = "sandbox; default-src 'none'; style-src 'none'; img-src data:"
ORIGINAL_POLICY = "sandbox; default-src 'none'"


@files.get("/drawings/revisions/<int:revision_id>/sheets/<int:position>.svg")
@access("member", roles=rules.LOOKS, often=True)
def sheet(revision_id: int, position: int) -> Response:
    """The picture of one sheet. Looking at it is a use; the small picture of a list is none."""
    revision, found = service.sheet_for(caller(), revision_id, position)
    if request.method == "GET":
        service.note_view(caller(), revision)
    return _picture(revision, found, found.digest)


@files.get("/drawings/revisions/<int:revision_id>/sheets/<int:position>/tiles/<int:number>.svg")
@access("member", roles=rules.LOOKS, often=True)
def tile(revision_id: int, position: int, number: int) -> Response:
    """A part of a large sheet, as it is in the file. The sheet itself was the use."""
    revision, found = service.sheet_for(caller(), revision_id, position)
    for one in found.tiles:
        if one["number"] == number:
            return _picture(revision, found, one["digest"], f"tile-{number}")
    raise NotFound


@files.get("/drawings/revisions/<int:revision_id>/thumb.svg")
@access("member", roles=rules.LOOKS, often=True)
def thumb(revision_id: int) -> Response:
    """The small picture of the first sheet."""
    revision, found = service.sheet_for(caller(), revision_id, 1)
    return _picture(revision, found, found.thumb_digest, "thumb")


@files.get("/drawings/revisions/<int:revision_id>/file")
@access("member", roles=rules.LOOKS, often=True)
def original(revision_id: int) -> Response:
    """The file as it was received, under the name it was sent with. Taking it away is written down."""
    revision = service.revision_for(caller(), revision_id)
    stream = _opened(f"{tenants.company_key(caller())}/{revision.sha256}")
    name, size = revision.file_name, revision.bytes
    if request.method == "GET":
        _write_down(revision)
    response = current_app.response_class(stream_with_context(_chunks(stream)), mimetype="application/octet-stream")
    response.call_on_close(stream.close)
    response.content_length = size
    response.headers["Content-Disposition"] = rules.disposition(name)
    response.headers["Content-Security-Policy"] = ORIGINAL_POLICY
    return response


@files.get("/drawings/pictures/<int:file_id>/file")
@access("member", roles=rules.LOOKS)
def picture(file_id: int) -> Response:
    """A picture that drawings place, or plot styles, as received. It is shown in them, so taking it away is no more than looking."""
    found = reference_files.picture_for(caller(), file_id)
    stream = _opened(f"{tenants.company_key(caller())}/{found.sha256}")
    response = current_app.response_class(stream_with_context(_chunks(stream)), mimetype="application/octet-stream")
    response.call_on_close(stream.close)
    response.content_length = found.bytes
    response.headers["Content-Disposition"] = rules.disposition(found.file_name)
    response.headers["Content-Security-Policy"] = ORIGINAL_POLICY
    return response


def _write_down(revision: Revision) -> None:
    who = caller()
    drawing, digest = revision.drawing, revision.sha256
    with write(service.store_for(who)) as session:
        service.note(session, who, "downloaded", drawing, revision)
    service.record(who, "drawing.downloaded", [drawing], revision=revision.id, sha256=digest)


def _picture(revision: Revision, found: Sheet, digest: str, part: str = "") -> Response:
    """A packed picture as it lies in the store, packed otherwise for the rare caller that cannot read that.

    The validator is weak because all forms share it; they are the same picture.
    """
    response = current_app.response_class(mimetype="image/svg+xml")
    response.set_etag(digest, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    response.vary.add("Accept-Encoding")
    if request.if_none_match.contains_weak(digest):
        response.status_code = 304
        return response
    render = revision.render
    if render is None:
        raise NotFound
    stream, key, kept = _found(
        svg_key(tenants.company_key(caller()), render.sha256, render.version, found.position, part)
    )
    response.call_on_close(stream.close)
    wanted = packing.chosen(request.headers.get("Accept-Encoding", ""), dict.fromkeys((kept, "gzip")))
    if wanted:
        response.headers["Content-Encoding"] = wanted
    if wanted == kept:
        response.content_length = blobs().size(key)
        response.response = _chunks(stream)
    else:
        response.response = packing.packed(packing.unpacked(packing.read(stream), kept), wanted)
    return response


def _found(key: str) -> tuple[BinaryIO, str, packing.Coding]:
    try:
        return opened(key)
    except Missing as error:
        raise _gone(key) from error


def _opened(key: str) -> BinaryIO:
    try:
        return blobs().open(key)
    except Missing as error:
        raise _gone(key) from error


def _gone(key: str) -> Refusal:
    current_app.logger.error("the blob %s is missing", key)
    return Refusal("이 파일을 저장소에서 찾지 못했습니다.", "관리자에게 알려 주십시오.", 404)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
