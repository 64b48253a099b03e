"""What happened to a drawing, in words for its timeline."""

from __future__ import annotations

from typing import Any

from portal.drawings.models import Activity, Revision, drawing_machine
from portal.drawings.rules import CODE_PAGES

STORY = {
    "received": ("도면을 올렸습니다", "upload", "blue"),
    "revised": ("새 개정을 올렸습니다", "upload", "blue"),
    "renamed": ("이름을 바꾸었습니다", "markup", "grey"),
    "moved": ("폴더를 옮겼습니다", "folder", "grey"),
    "deleted": ("휴지통으로 옮겼습니다", "trash", "red"),
    "restored": ("휴지통에서 되돌렸습니다", "undo", "green"),
    "state": ("상태를 바꾸었습니다", "review", "amber"),
    "drawn_again": ("다시 그렸습니다", "retry", "grey"),
    "code_page": ("글자 코드를 바꾸었습니다", "retry", "grey"),
    "downloaded": ("원본을 내려받았습니다", "download", "grey"),
}


def told(line: Activity, rows: list[Revision]) -> dict[str, Any]:
    """One line of the timeline; `rows` are the revisions of the drawing it tells of."""
    words, icon, tone = STORY.get(line.verb, (line.verb, "dot", "grey"))
    letters = {row.id: row.letter for row in rows}
    details = line.details
    detail = f"개정 {letters[line.revision_id]}" if line.revision_id in letters else ""
    if line.verb == "state":
        detail = f"{drawing_machine.look(details['before']).word} → {drawing_machine.look(details['after']).word}"
    elif line.verb == "renamed":
        detail = f"{details['before']} → {details['after']}"
    elif line.verb == "code_page":
        detail += f" · {CODE_PAGES.get(details['before'], '')} → {CODE_PAGES.get(details['after'], '')}"
    elif line.verb == "moved":
        detail = details.get("folder") or "폴더 없음"
    return {
        "text": words,
        "detail": detail,
        "who": line.person_name,
        "at": line.at,
        "icon": icon,
        "tone": tone,
        "url": None,
    }
