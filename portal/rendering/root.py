"""The outermost element of every SVG we write: the same for a drawing, a page of a PDF, and their tiles."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from portal.rendering.grid import short
from portal.rendering.letters import FAMILY

if TYPE_CHECKING:
    from portal.rendering.grid import Frame


def root(frame: Frame, content: str, attributes: str = "") -> str:
    """Give a document that shows `content`, which is SVG already."""
    width, height = frame.size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {short(width)} {short(height)}"{attributes} fill="none"'
        f' stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
        f' font-family="{escape(FAMILY)}">{content}</svg>'
    )


def about(frame: Frame, name: str, units: str) -> str:
    """Give the attributes of a sheet's own document: its label, and how its coordinates are those of the drawing."""
    x0, _, _, y1 = frame.box
    return (
        f' role="img" aria-label="{escape(name)}" data-scale="{frame.scale!r}" data-origin="{x0!r} {y1!r}"'
        f' data-units="{units}"'
    )
