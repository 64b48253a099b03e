"""The staff's page of the Assistant: paste or choose a DDL, see what was understood, take the code away as a ZIP.

Nothing is kept: the text goes with the form, and the ZIP is made anew from it.
"""

from __future__ import annotations

from contextlib import closing

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from portal.assistant import output, service
from portal.assistant.forms import MOST_BYTES, DdlForm
from portal.assistant.schema import Schema
from portal.core.errors import Refusal
from portal.core.gate import access
from portal.core.page import page

assistant_staff = Blueprint("assistant_staff", __name__, url_prefix="/staff/assistant")
#: Who writes programs for customers.
DEVELOPERS = frozenset({"developer", "admin"})
TEMPLATE = "assistant/assistant.html"


@assistant_staff.get("")
@access("staff", roles=DEVELOPERS)
def assistant() -> ResponseReturnValue:
    return page(TEMPLATE, form=DdlForm(), schema=None, problem="")


@assistant_staff.post("")
@access("staff", roles=DEVELOPERS, largest=4 * MOST_BYTES)  # every letter of Hangul is nine in a form
def understand() -> ResponseReturnValue:
    """Show what was understood; or, when `verb` is download, answer with the ZIP."""
    form = DdlForm(request.form)
    try:
        form.ddl.data = _text(str(form.ddl.data or ""))
        if not form.validate():
            return page(TEMPLATE, status=422, form=form, schema=None, problem="")
        schema = service.understand(str(form.ddl.data), str(form.dialect.data))
        if request.form.get("verb") == "download":
            return _packed(schema, tuple(form.targets.data), str(form.package.data))
    except Refusal as refusal:
        return page(TEMPLATE, status=422, form=form, schema=None, problem=f"{refusal.message} {refusal.next_step}")
    return page(TEMPLATE, form=form, schema=schema, problem="")


def _text(pasted: str) -> str:
    """The file when one was chosen, else what was pasted."""
    file = request.files.get("file")
    if file is None or not file.filename:
        if not pasted.strip():
            raise Refusal("DDL이 비어 있습니다.", "파일을 고르거나 아래 칸에 붙여 넣어 주십시오.", 422)
        return pasted
    with closing(file):
        content = file.stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Refusal(
            "파일이 1 MB를 넘습니다.", "행(INSERT)을 빼거나, flask assistant generate 명령을 써 주십시오.", 422
        )
    return service.decoded(content)


def _packed(schema: Schema, targets: tuple[str, ...], package: str) -> Response:
    answer = Response(output.packed(service.code(schema, targets, package)), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{package}.zip"'
    return answer
