"""Asks axe, put into every page of a context, what of WCAG 2.2 AA a page breaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, BrowserContext, Page

SOURCE: Final = Path(__file__).parent / "vendor" / "axe.min.js"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: What can only go wrong in the dark, or on a phone; the rest is as it was in daylight.
NARROW_AND_DARK: Final = ("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable")
#: What depends on how a page is painted: half of axe's time. What pages are made of is judged by it every time, and so is
#: every page of the sample company; pages full of rows by `make soak`.
PAINTED: Final = ("color-contrast", "target-size")


#: A page without the frame around it: that is the same on every page of a person, and two fifths of the work.
CONTENT: Final[dict[str, list[list[str]]]] = {"exclude": [[".rail"], [".top"], [".dock"]]}


def judging(browser: Browser, **options: Any) -> BrowserContext:  # noqa: ANN401 - what a browser's context takes
    """Open a context whose pages axe can judge: it is a tool of the test, so the page's own policy is set aside."""
    context = browser.new_context(bypass_csp=True, **options)
    context.add_init_script(path=SOURCE)
    return context


def violations(
    page: Page,
    values: Sequence[str] = RULES,
    kind: str = "tag",
    within: str | dict[str, list[list[str]]] = "html",
    *,
    but: Sequence[str] = (),
) -> list[str]:
    """Give each rule a page breaks `within` a part of it and what breaks it.

    `values` are tags of rules, or rules by name; `but` names those of them that are not asked about.
    """
    # Only what is broken is described: the rest would take as long again.
    found: dict[str, Any] = page.evaluate(
        "([type, values, part, but]) => axe.run(part, {runOnly: {type, values}, resultTypes: ['violations'], preload: false,"
        " rules: Object.fromEntries(but.map(rule => [rule, {enabled: false}]))})",
        [kind, list(values), within, list(but)],
    )
    assert found["passes"], "axe found nothing to judge"
    return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"][:3]]
