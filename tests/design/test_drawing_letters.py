"""In a real browser a drawing's rare letters come from the fonts that we ship and from no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.rendering.letters import FAMILY

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.needs("chromium")
RARE = "똠뷁펲쀍隙閒龜寧⌀±℄"
WRITE = """([family, letters]) => {
  const sheet = document.querySelector("svg.sheet");
  for (const [number, letter] of [...letters].entries()) {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("font-family", family);
    text.setAttribute("font-size", 300);
    text.setAttribute("x", 300 * number);
    text.setAttribute("y", 1000);
    text.classList.add("rare");
    text.textContent = letter;
    sheet.append(text);
  }
}"""


def test_rare_letters_are_drawn_with_the_fonts_we_ship(tab: Page, gallery: str) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(gallery + "/viewer")
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    assert not [url for url in asked if "planroom-drawing" in url], "common letters bring none of the slices"
    tab.evaluate(WRITE, [FAMILY, RARE])
    tab.evaluate("letters => document.fonts.load(`20px 'Planroom Drawing'`, letters)", RARE)
    tab.evaluate("document.fonts.ready")
    assert tab.evaluate("letters => document.fonts.check(`20px 'Planroom Drawing'`, letters)", RARE)
    tools = tab.context.new_cdp_session(tab)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    nodes = tools.send("DOM.querySelectorAll", {"nodeId": root, "selector": "text.rare"})["nodeIds"]
    used = {}
    for letter, node in zip(RARE, nodes, strict=True):
        fonts = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        used[letter] = [(font["familyName"], font["isCustomFont"]) for font in fonts]
    assert all(len(fonts) == 1 and fonts[0][1] for fonts in used.values()), used
    widths = tab.evaluate("[...document.querySelectorAll('text.rare')].map(text => text.getComputedTextLength())")
    assert min(widths) > 100, "a letter without a glyph has no width of its own"
