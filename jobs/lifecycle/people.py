"""The people of a walk: staff with their phones, a company's owner, and the mails they read."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from jobs.lifecycle.house import House
from jobs.lifecycle.record import StepFailed
from jobs.lifecycle.visitor import Page, Visitor
from portal.accounts import second_factor
from portal.accounts import service as accounts
from portal.core.db import write


@dataclass(slots=True)
class Person:
    """Somebody with an address and a password; staff also with an authenticator's secret."""

    house: House
    email: str
    name: str
    password: str = field(default_factory=lambda: f"현장-{secrets.token_urlsafe(9)}", repr=False)
    secret: str = field(default="", repr=False)
    _browser: Visitor | None = None

    @property
    def browser(self) -> Visitor:
        if self._browser is None:
            self._browser = self.house.browser()
        return self._browser

    def sign_in(self) -> Visitor:
        """In with a browser of today: what was signed in before may have ended in the meantime.

        Where one stands then may be closed (403), as for a company that was locked; one is in all the same.
        """
        if self._browser is not None:
            self._browser.close()
            self._browser = None
        page = self.browser.go("/sign-in")
        page = self.browser.send(page, "/sign-in", {"email": self.email, "password": self.password}, expect=None)
        if self.secret:
            code = second_factor.code_at(self.secret, self.house.now())
            page = self.browser.send(page, "/sign-in/code", {"code": code})
        if "/sign-in" in page.url:
            raise StepFailed(f"{self.email} did not get in: {page.text[:200]}")
        return self.browser

    def accept(self, link: str) -> Page:
        """Follow an invitation: set a password; staff also set up their phone."""
        page = self.browser.go(link)
        page = self.browser.send(page, "/invitations/[^/]+", {"password": self.password, "again": self.password})
        if page.url.endswith("/sign-in/second-factor"):
            self.secret = "".join(page.codes[0].split())
            code = second_factor.code_at(self.secret, self.house.now())
            page = self.browser.send(page, "/sign-in/second-factor", {"code": code})
        return page

    def mail(self, subject: str = "", *, link: str = "") -> str:
        """The text of the newest mail to this person, of a subject and with a link of these patterns; waits for it."""

        def found() -> str:
            for mail in self.house.outside("mail", to=self.email):
                if re.search(subject, mail["subject"]) and re.search(link, mail["text"]):
                    return str(mail["text"])
            return ""

        return self.house.wait(found, f"a mail about {subject or link} reaches {self.email}")

    def mailed_link(self, path: str) -> str:
        """The newest mailed link to an address that begins with `path`."""
        pattern = rf"{re.escape(self.house.url)}{path}[^\s]+"
        match = re.search(pattern, self.mail(link=pattern))
        if match is None:
            raise StepFailed(f"no link {path} in a mail to {self.email}")
        return match[0]

    def mails(self) -> list[str]:
        """The subjects of all mails to this person, the oldest first."""
        return [str(mail["subject"]) for mail in reversed(self.house.outside("mail", to=self.email))]


def staff(house: House, email: str, name: str, roles: tuple[str, ...]) -> Person:
    """A new member of staff, invited as `flask people invite-staff` does, who has come in once and set up a phone."""
    with house.app.app_context(), write() as session:
        made = accounts.ensure_person(session, email=email, name=name)
        accounts.set_staff_roles(session, made.id, roles, by="house")
        token = accounts.invitation(session, made)
    person = Person(house, email, name)
    page = person.accept(f"{house.url}/invitations/{token}")
    if not person.secret:
        raise StepFailed(f"{email} was let in without a second factor: {page.url}")
    return person
