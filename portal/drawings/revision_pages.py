"""What is done to one revision: drawn again, or its letters read in another code page. Routes of the room's blueprint."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.core.gate import access, caller
from portal.core.korea import particle
from portal.core.page import see_other
from portal.drawings import renders, rules
from portal.drawings.models import Revision
from portal.drawings.pages import pages

__all__ = ["pages"]


@pages.post("/drawings/revisions/<int:revision_id>/render")
@access("member", roles=rules.CHANGES)
def draw_again(revision_id: int) -> ResponseReturnValue:
    """Have a revision drawn again."""
    revision = renders.again(caller(), revision_id)
    return see_other(_viewer(revision), "다시 그리기 시작했습니다.")


@pages.post("/drawings/revisions/<int:revision_id>/code-page")
@access("member", roles=rules.CHANGES)
def code_page(revision_id: int) -> ResponseReturnValue:
    """Have a revision's letters read in another code page."""
    revision = renders.read_in(caller(), revision_id, request.form.get("code_page", "?"))
    word = rules.CODE_PAGES[revision.code_page]
    plain = word.partition(" (")[0]
    return see_other(_viewer(revision), f"글자를 {word}{particle(plain, '으로/로')} 읽어 다시 그립니다.")


def _viewer(revision: Revision) -> str:
    return url_for("drawings.drawing", drawing_id=revision.drawing_id, revision=revision.id)
