"""The prices of the homepage: billing's own plans in words, and the calculator that works by the rules of the bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.billing import listing, plans, quoting
from portal.billing.rules import wording
from portal.billing.rules.explaining import Shown
from portal.billing.rules.terms import Guess, Terms, Totals
from portal.core.clock import today
from portal.core.errors import NotFound
from portal.core.korea import particle
from portal.metering import service as metering

GB = 1_000_000_000
#: Digits that are read at all: thousands of them take long, and Python refuses them.
LONGEST = 12
#: What a visitor guesses: field -> label, unit, largest, and what stands there at first.
FIELDS: dict[str, tuple[str, str, int, int]] = {
    "people": ("도면을 고치는 사람", "명", 1_000, 5),
    "gb": ("저장하는 도면", "GB", 100_000, 50),
    "views": ("한 달에 여는 도면", "회", 10_000_000, 3_000),
}
FEATURED = "team"


@dataclass(frozen=True, slots=True)
class Asked:
    """A visitor's guess as whole numbers, with a sentence for each field that could not be read."""

    people: int
    gb: int
    views: int
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One plan's month for a guess."""

    name: str
    lines: list[Shown]
    foot: Totals
    over: tuple[str, ...]
    cheapest: bool


def read(given: Mapping[str, str]) -> Asked:
    """The guess in an address; what is missing is as at first, what is wrong too, with a sentence."""
    values, problems = {}, {}
    for name, (label, unit, largest, first) in FIELDS.items():
        typed = given.get(name, "").replace(",", "").strip()
        right = len(typed) <= LONGEST and typed.isascii() and typed.isdigit() and int(typed) <= largest
        values[name] = int(typed) if right else first
        if typed and not right:
            problems[name] = f"{label}{particle(label, '은/는')} 0부터 {largest:,}{unit}까지의 수로 적어 주십시오."
    return Asked(**values, problems=problems)


def quotes(asked: Asked) -> list[Answer]:
    """What each public plan would come to; of those whose limits hold, the cheapest is marked."""
    guess = Guess(asked.people, {"stored_bytes": asked.gb * GB, "drawing_views": asked.views})
    found = quoting.quotes(guess)
    fitting = [quote.totals.total for quote in found if not quote.over]
    least = min(fitting, default=None)
    marked = next((quote for quote in found if not quote.over and quote.totals.total == least), None)
    return [
        Answer(quote.offer.plan.name, listing.in_words(quote.lines), quote.totals, quote.over, quote is marked)
        for quote in found
    ]


def cards() -> list[dict[str, object]]:
    """The trial, the plans on offer, and those that are agreed upon one by one."""
    found = []
    try:
        trial = plans.version_on(plans.TRIAL, today())
        found.append(_card(trial.plan.name, trial.plan.summary, plans.terms_of(trial)))
    except NotFound:
        pass
    for offer in plans.offers(public=False):
        if offer.plan.public:
            featured = offer.plan.key == FEATURED
            found.append(_card(offer.plan.name, offer.plan.summary, offer.terms, featured=featured))
        else:
            found.append(
                {"name": offer.plan.name, "summary": offer.plan.summary, "price": None, "per": "협의", "rows": ()}
            )
    return found


def _card(name: str, summary: str, terms: Terms, *, featured: bool = False) -> dict[str, object]:
    amount, per = wording.headline(terms)
    rows = [*wording.price_rows(terms), *wording.limit_rows(terms, metering.LIMITS)]
    return {
        "name": name,
        "summary": summary,
        "price": f"{wording.plain(amount)}원",
        "per": per,
        "rows": rows,
        "featured": featured,
    }
