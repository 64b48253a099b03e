"""When a charge is tried again, when use is limited, and whose deposit it is. Pure: no clock, no database, no Flask."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

# ----- orders --------------------------------------------------------------------------------------------------------


def order_id(house: str, invoice_number: str, attempt: int) -> str:
    """The payment company's order of one attempt: always the same, so that it can be asked for. 6 to 64 of [A-Za-z0-9_-].

    `house` is this portal's own random name: two portals at one payment company never share an order.
    """
    return f"{house}-{invoice_number}-{attempt}"


def idempotency_key(order: str) -> str:
    """Under which an attempt is asked for; the payment company answers the same to it for 15 days."""
    return f"charge-{order}"


#: Past this age the first answer may be forgotten at the payment company: then only asking is safe, never sending again.
RESEND_WITHIN = timedelta(days=14)

# ----- dunning -------------------------------------------------------------------------------------------------------

#: Days after the due day on which a declined charge is tried again, or one who pays by transfer is reminded.
RETRY_DAYS = (1, 3, 7, 14)
#: Use is limited this many days after the due day, whatever happened in between.
LIMIT_AFTER = 14


@dataclass(frozen=True, slots=True)
class Dun:
    """What a day brings for one unpaid invoice: try the card, remind by mail, limit the use; and when to look again."""

    charge: bool
    remind: bool
    limit: bool
    next_on: date | None


def dun(due_on: date, today: date, *, by_card: bool, hard: bool) -> Dun:
    """What to do `today` about an invoice due on `due_on` that is not paid.

    `by_card`: there is a card to charge. `hard`: the last decline was for good, so the same card is not tried again and
    the owner is reminded to register another.
    """
    late = (today - due_on).days
    step = late == 0 or late in RETRY_DAYS
    chargeable = by_card and not hard
    return Dun(
        charge=chargeable and late >= 0 and step,
        remind=not chargeable and late > 0 and step,
        limit=late >= LIMIT_AFTER,
        next_on=next_day(due_on, today),
    )


def next_day(due_on: date, today: date) -> date | None:
    """The first day after `today` that brings something; None after the last one."""
    days = (due_on + timedelta(days=count) for count in (0, *RETRY_DAYS))
    return next((day for day in days if day > today), None)


# ----- whose deposit -------------------------------------------------------------------------------------------------

_FORMS = re.compile(
    r"주식회사|유한회사|유한책임회사|합자회사|합명회사|사단법인|재단법인|\(주\)|\(유\)|\(사\)|\(재\)|㈜|㈔"
)
_NOT_NAME = re.compile(r"[^0-9a-z가-힣]")
#: Banks cut the payer's name; a shorter beginning than this names nobody.
_SHORTEST_NAME = 3
_NUMBER = re.compile(r"(20\d{2})-?(\d{6})")


def plain_name(name: str) -> str:
    """A company's or payer's name without legal form, spaces and signs: '주식회사 한빛 건설' -> '한빛건설'."""
    return _NOT_NAME.sub("", _FORMS.sub("", unicodedata.normalize("NFKC", name).lower()))


def payer_note(company: str, invoice_number: str) -> str:
    """What the payer is asked to write: the name's beginning and the number's end, seven letters, as banks keep them."""
    return f"{plain_name(company)[:3]}{invoice_number[-4:]}"


@dataclass(frozen=True, slots=True)
class Open:
    """An invoice that waits for money: whose, its number, and how many won are open; the oldest due first."""

    invoice_id: int
    tenant_id: int
    number: str
    won: int
    names: tuple[str, ...]
    """Names the company is known by: its own, the one it is billed under, its CEO."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a deposit pays: (invoice id, won) pairs, empty when a person has to say; `why` in Korean; `tenant_id` if known."""

    parts: tuple[tuple[int, int], ...]
    why: str
    tenant_id: int | None = None


def match(payer: str, memo: str, won: int, waiting: Sequence[Open]) -> Match:
    """Whose deposit this is, by number, note, name and amount. A guess is never booked: it is only told in `why`."""
    named = _by_number(f"{payer} {memo}", waiting) or _by_note(payer, waiting)
    if named is not None:
        mine = [row for row in waiting if row.tenant_id == named.tenant_id]
        return _spread(won, [named, *(row for row in mine if row is not named)], "입금자명의 청구번호가 맞습니다.")
    exact = {row.tenant_id for row in waiting if plain_name(payer) in map(plain_name, row.names) and plain_name(payer)}
    if len(exact) == 1:
        return _of_company(won, next(iter(exact)), waiting)
    if len(exact) > 1:
        return Match((), "같은 이름의 회사가 둘 이상입니다.")
    return _guess(payer, won, waiting)


def _by_number(text: str, waiting: Iterable[Open]) -> Open | None:
    numbers = {f"{year}-{rest}" for year, rest in _NUMBER.findall(text)}
    found = [row for row in waiting if row.number in numbers]
    return found[0] if len(found) == 1 else None


def _by_note(payer: str, waiting: Iterable[Open]) -> Open | None:
    written = plain_name(payer)
    found = [row for row in waiting if any(payer_note(name, row.number) == written for name in row.names)]
    return found[0] if len(found) == 1 else None


def _of_company(won: int, tenant_id: int, waiting: Sequence[Open]) -> Match:
    mine = [row for row in waiting if row.tenant_id == tenant_id]
    fitting = [row for row in mine if row.won == won]
    if fitting:
        return Match(((fitting[0].invoice_id, won),), "이름과 금액이 맞습니다.", tenant_id)
    return _spread(won, mine, "이름이 맞습니다.")


def _spread(won: int, rows: Sequence[Open], why: str) -> Match:
    """The deposit over the company's invoices in their order; what is left over stays with the deposit."""
    parts, rest = [], won
    for row in rows:
        taken = min(rest, row.won)
        if taken > 0:
            parts.append((row.invoice_id, taken))
            rest -= taken
    short = sum(row.won for row in rows) - won
    if rest:
        why = f"{why} {rest:,}원이 남습니다."
    elif short > 0 and len(parts) == 1 and parts[0][1] < rows[0].won:
        why = f"{why} 일부만 입금되었습니다."
    return Match(tuple(parts), why, rows[0].tenant_id)


def _guess(payer: str, won: int, waiting: Sequence[Open]) -> Match:
    written = plain_name(payer)
    alike = {
        row.tenant_id
        for row in waiting
        if len(written) >= _SHORTEST_NAME
        and any(
            plain_name(name).startswith(written) or written.startswith(plain_name(name)[:7])
            for name in row.names
            if plain_name(name)
        )
    }
    fitting = [row for row in waiting if row.won == won]
    sure = [row for row in fitting if row.tenant_id in alike]
    if len(sure) == 1 and len(alike) == 1:
        return Match(((sure[0].invoice_id, won),), "이름의 앞부분과 금액이 맞습니다.", sure[0].tenant_id)
    if len(alike) == 1:
        return Match((), "이름의 앞부분은 같지만 금액이 다릅니다.", next(iter(alike)))
    if len(fitting) == 1:
        return Match((), f"금액이 청구서 {fitting[0].number}와 같지만 이름이 다릅니다.", fitting[0].tenant_id)
    return Match((), "맞는 이름도 금액도 없습니다.")
