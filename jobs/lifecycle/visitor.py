"""A browser without a screen: goes to pages, reads their forms and links, fills in and sends. No door but the pages' own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from jobs.lifecycle.record import StepFailed

Files = list[tuple[str, tuple[str, bytes, str]]]
_SPACE = re.compile(r"\s+")
_SHOWN = 300


@dataclass(slots=True)
class Form:
    """A form as it stands on a page, with what is filled in already."""

    method: str
    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects the forms, the links and the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.codes: list[str] = []
        self._form: Form | None = None
        self._choice = self._area = ""
        self._silent = self._code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("method", "get").lower(), given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in {"script", "style"}:
            self._silent = True
        elif tag == "code":
            self._code = True
        elif self._form is not None:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form, name, kind = self._form, given.get("name", ""), given.get("type", "text")
        if form is None:
            return
        if tag == "input" and name:
            chosen = kind not in {"checkbox", "radio"} or "checked" in given
            if chosen and kind not in {"submit", "file", "button"}:
                form.values[name] = given.get("value", "on" if kind in {"checkbox", "radio"} else "")
        elif tag == "select":
            self._choice = name
        elif tag == "option" and self._choice and ("selected" in given or self._choice not in form.values):
            form.values[self._choice] = given.get("value", "")
        elif tag == "textarea" and name:
            self._area = name
            form.values[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._choice = ""
        elif tag == "textarea":
            self._area = ""
        elif tag in {"script", "style"}:
            self._silent = False
        elif tag == "code":
            self._code = False

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.values[self._area] += data
        if self._code:
            self.codes.append(data)
        if not self._silent:
            self.words.append(data)


class Page:
    """What a visitor sees after a request."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.status, self.body = answer.status_code, answer.content
        self.url = str(answer.url)
        self._read: _Reader | None = None

    @property
    def _reader(self) -> _Reader:
        if self._read is None:
            self._read = _Reader()
            self._read.feed(self.answer.text)
        return self._read

    @property
    def text(self) -> str:
        """The page's words, in one line."""
        return _SPACE.sub(" ", " ".join(self._reader.words)).strip()

    @property
    def codes(self) -> list[str]:
        return self._reader.codes

    def link(self, pattern: str) -> str:
        """The address of the first link whose whole target fits; StepFailed when there is none."""
        found = next((link for link in self._reader.links if re.fullmatch(pattern, link)), None)
        if found is None:
            raise StepFailed(f"no link {pattern} on {self.url}: {self.text[:_SHOWN]}")
        return urljoin(self.url, found)

    def has_link(self, pattern: str) -> bool:
        return any(re.fullmatch(pattern, link) for link in self._reader.links)

    def has_form(self, pattern: str) -> bool:
        return self._form(pattern) is not None

    def form(self, pattern: str) -> Form:
        """The first posted form whose address ends in `pattern`; StepFailed when there is none."""
        if found := self._form(pattern):
            return found
        raise StepFailed(f"no form {pattern} on {self.url} ({self.status}): {self.text[:_SHOWN]}")

    def _form(self, pattern: str) -> Form | None:
        for form in self._reader.forms:
            target = urljoin(self.url, form.action or self.url)
            if form.method == "post" and re.search(pattern + "$", urlsplit(target).path):
                return Form(form.method, target, dict(form.values))
        return None


class Visitor:
    """One person's browser: keeps its cookies, follows redirects, says where a request comes from as browsers do."""

    def __init__(self, url: str) -> None:
        self.url = url
        agent = "Mozilla/5.0 (X11; Linux x86_64) lifecycle"
        self._client = httpx.Client(
            base_url=url, timeout=60, follow_redirects=True, trust_env=False,
            headers={"User-Agent": agent, "Accept": "text/html,*/*", "Accept-Language": "ko"},
        )  # fmt: skip

    def go(self, address: str, *, expect: int = 200) -> Page:
        """Open a page. StepFailed when its status is another than expected."""
        return self._seen(self._client.get(address), expect)

    def look(self, address: str) -> Page:
        """Open a page, whatever it answers."""
        return Page(self._client.get(address))

    def send(
        self, page: Page, pattern: str, values: dict[str, Any] | None = None, files: Files | None = None,
        *, expect: int | None = 200,
    ) -> Page:  # fmt: skip
        """Fill in the page's form whose address ends in `pattern`, and send it; the page that follows.

        StepFailed when its status is another than expected (None: any).
        """
        form = page.form(pattern)
        return self._seen(self._posted(form.action, form.values | (values or {}), files), expect)

    def post(self, address: str, files: Files | None = None) -> Page:
        """Send to an address that the page offers no form for (any more), whatever it answers."""
        return Page(self._posted(address, {}, files))

    def _posted(self, address: str, values: dict[str, Any], files: Files | None) -> httpx.Response:
        origin = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return self._client.post(address, data=values, files=files, headers=origin)

    def close(self) -> None:
        self._client.close()

    @staticmethod
    def _seen(answer: httpx.Response, expect: int | None) -> Page:
        page = Page(answer)
        if expect is not None and page.status != expect:
            raise StepFailed(f"{answer.request.method} {page.url} answered {page.status}: {page.text[:_SHOWN]}")
        return page
