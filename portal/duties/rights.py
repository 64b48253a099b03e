"""Who may what, as one table: read off the declarations that the gate goes by, so that it cannot say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from portal.accounts.models import STAFF_ROLES
from portal.core import gate
from portal.duties.rules import place
from portal.tenants.rules import RIGHT_WORDS, RIGHTS, ROLE_WORDS


@dataclass(frozen=True, slots=True)
class Row:
    """A place of the staff's side: by role, whether it is looked at and whether something is changed there."""

    place: str
    marks: dict[str, str]


LOOKS, CHANGES, NONE = "보기", "보기·처리", "–"


def of_staff(app: Flask) -> list[Row]:
    """The staff's places by their names, with what each role may do there."""
    looking: dict[str, set[str]] = {}
    changing: dict[str, set[str]] = {}
    for line in gate.rules(app):
        if line["access"] != "staff":
            continue
        roles = set(line["roles"]) or set(STAFF_ROLES)
        (looking if line["method"] in gate.SAFE else changing).setdefault(place(line["endpoint"]), set()).update(roles)
    return [
        Row(name, {role: _mark(role, looking.get(name, set()), changing.get(name, set())) for role in STAFF_ROLES})
        for name in sorted(looking | changing)
    ]


def _mark(role: str, looking: set[str], changing: set[str]) -> str:
    if role in changing:
        return CHANGES
    return LOOKS if role in looking else NONE


def as_markdown(app: Flask) -> str:
    """Both tables as docs/rights.md holds them."""
    lines = [_line(["직원 화면", *STAFF_ROLES.values()]), _line(["---"] * (len(STAFF_ROLES) + 1))]
    lines += [_line([row.place, *(row.marks[role] for role in STAFF_ROLES)]) for row in of_staff(app)]
    lines += ["", _line(["고객사 안에서", *ROLE_WORDS.values()]), _line(["---"] * (len(ROLE_WORDS) + 1))]
    for right, roles in RIGHTS.items():
        lines.append(_line([RIGHT_WORDS[right], *("O" if role in roles else NONE for role in ROLE_WORDS)]))
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
