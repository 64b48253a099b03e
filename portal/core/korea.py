"""How Korea writes and checks things: business and corporate numbers, phones, postcodes, dates, particles.

A `..._problem` function gives the Korean sentence that a form shows, or None when all is well; a `..._words` function
gives what is shown on screen and never fails: what it does not know, it shows as it is.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")

_BUSINESS_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_CORPORATE_WEIGHTS = (1, 2) * 6
_BUSINESS_LENGTH = 10
_CORPORATE_LENGTH = 13
_FIRST_TAX_OFFICE = 101

_WEEKDAYS = "월화수목금토일"
#: Spaces, hyphens and dashes of any kind, dots and brackets: what people put between digits.
_DIVIDERS = re.compile(r"[\s\-.()/\u00b7\u2010-\u2015\u2212]")
_MOBILE = re.compile(r"01[016789][0-9]{7,8}")
#: Area code or service -> how many digits the whole number may have.
_PHONES = (
    (re.compile(r"02"), (9, 10)),
    (re.compile(r"0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4])"), (10, 11)),
    (re.compile(r"01[016789]"), (10, 11)),
    (re.compile(r"050[2-8]"), (11, 12)),
    (re.compile(r"0[678]0"), (10, 11)),
)
_NATIONWIDE = re.compile(r"1[568][0-9]{2}[0-9]{4}")

_HANGUL_FIRST, _HANGUL_LAST, _FINALS = 0xAC00, 0xD7A3, 28
_RIEUL = 8
#: Digits read aloud: which end in a consonant, and which of those in ㄹ (일 칠 팔).
_DIGITS_WITH_FINAL = frozenset("013678")
_DIGITS_WITH_RIEUL = frozenset("178")


def plain_digits(text: str) -> str:
    """The text without spaces and dividers, full-width digits made plain. Whatever else is in it stays."""
    return _DIVIDERS.sub("", unicodedata.normalize("NFKC", text))


# Business numbers


def business_number_problem(text: str) -> str | None:
    """Why `text` cannot be a business number, in Korean, or None.

    Form, components and check digit only: 888-88-88888 passes too. Whether it is registered, the tax office knows.
    """
    number = plain_digits(text)
    problem = _digits_problem(number, "사업자등록번호", _BUSINESS_LENGTH)
    if problem:
        return problem
    if int(number[:3]) < _FIRST_TAX_OFFICE:
        return f"앞 세 자리 {number[:3]}은 없는 세무서 번호입니다. 사업자등록증의 번호를 다시 확인해 주십시오."
    if number[3:5] == "00":
        return "가운데 두 자리는 00일 수 없습니다. 사업자등록증의 번호를 다시 확인해 주십시오."
    if number[5:9] == "0000":
        return "뒤 일련번호는 0000일 수 없습니다. 사업자등록증의 번호를 다시 확인해 주십시오."
    if business_check_digit(number[:9]) != int(number[9]):
        return "검증 숫자가 맞지 않습니다. 잘못 적은 자리가 없는지 사업자등록증과 견주어 주십시오."
    return None


def business_check_digit(nine: str) -> int:
    """The tenth digit that belongs to the first nine: weighted sum, the ninth product's tens counted in."""
    digits = [int(letter) for letter in nine]
    total = sum(digit * weight for digit, weight in zip(digits, _BUSINESS_WEIGHTS, strict=True)) + digits[8] * 5 // 10
    return (10 - total % 10) % 10


def normalise_business_number(text: str) -> str:
    """Any way of writing it -> ten digits. ValueError with the Korean sentence when it cannot be one."""
    problem = business_number_problem(text)
    if problem:
        raise ValueError(problem)
    return plain_digits(text)


def business_number_words(number: str) -> str:
    """'1168200276' -> '116-82-00276'."""
    digits = plain_digits(number)
    if not _is_number(digits, _BUSINESS_LENGTH):
        return number
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"


# Corporate numbers


def corporate_number_problem(text: str) -> str | None:
    """Why `text` cannot be a corporate number (13 digits), in Korean, or None.

    The products are summed whole; splitting their digits as in card numbers rejects real companies.
    """
    number = plain_digits(text)
    problem = _digits_problem(number, "법인등록번호", _CORPORATE_LENGTH)
    if problem:
        return problem
    total = sum(int(digit) * weight for digit, weight in zip(number[:12], _CORPORATE_WEIGHTS, strict=True))
    if (10 - total % 10) % 10 != int(number[12]):
        return "검증 숫자가 맞지 않습니다. 잘못 적은 자리가 없는지 법인등기부등본과 견주어 주십시오."
    return None


def corporate_number_words(number: str) -> str:
    """'1301110006246' -> '130111-0006246'."""
    digits = plain_digits(number)
    return f"{digits[:6]}-{digits[6:]}" if _is_number(digits, _CORPORATE_LENGTH) else number


# Phones and postcodes


def normalise_phone(text: str) -> str:
    """Digits as dialled inside Korea: '+82 10-1234-5678' -> '01012345678'. What is no number comes back undivided."""
    number = plain_digits(text)
    if number.startswith("+82"):
        return "0" + number[3:].removeprefix("0")
    return number


def phone_problem(text: str) -> str | None:
    """Why `text` cannot be a Korean phone number (mobile, landline, 070, 1544-…), in Korean, or None."""
    number = normalise_phone(text)
    if not number:
        return "전화번호를 적어 주십시오."
    if not (number.isascii() and number.isdigit()):
        return "전화번호에는 숫자와 하이픈(-)만 쓸 수 있습니다."
    if _NATIONWIDE.fullmatch(number):
        return None
    for start, lengths in _PHONES:
        if start.match(number):
            if len(number) in lengths:
                return None
            return "전화번호의 자릿수가 맞지 않습니다. 지역번호부터 다시 확인해 주십시오."
    return "없는 지역번호입니다. 02, 031, 010처럼 앞번호부터 적어 주십시오."


def mobile_problem(text: str) -> str | None:
    """Why `text` cannot be a Korean mobile number, in Korean, or None."""
    number = normalise_phone(text)
    if not number:
        return "휴대전화 번호를 적어 주십시오."
    if not _MOBILE.fullmatch(number):
        return "휴대전화 번호가 아닙니다. 010-1234-5678처럼 적어 주십시오."
    return None


def phone_words(number: str) -> str:
    """'01012345678' -> '010-1234-5678', '0212345678' -> '02-1234-5678', '15447772' -> '1544-7772'."""
    if phone_problem(number) is not None:
        return number
    digits = normalise_phone(number)
    if _NATIONWIDE.fullmatch(digits):
        return f"{digits[:4]}-{digits[4:]}"
    head = 2 if digits.startswith("02") else 4 if digits.startswith("050") else 3
    return f"{digits[:head]}-{digits[head:-4]}-{digits[-4:]}"


def postcode_problem(text: str) -> str | None:
    """Why `text` cannot be a postcode (five digits since 2015), in Korean, or None."""
    if re.fullmatch(r"[0-9]{5}", plain_digits(text)):
        return None
    if re.fullmatch(r"[0-9]{6}", plain_digits(text)):
        return "옛 여섯 자리 우편번호입니다. 지금 쓰는 다섯 자리 우편번호를 적어 주십시오."
    return "우편번호는 숫자 다섯 자리입니다. 예: 08503"


# Dates


def date_words(value: date | datetime) -> str:
    """2026.11.23 (월), in Seoul."""
    day = _seoul_date(value)
    return f"{day:%Y.%m.%d} ({_WEEKDAYS[day.weekday()]})"


def short_date_words(value: date | datetime) -> str:
    """2026.11.23, in Seoul: for columns."""
    return f"{_seoul_date(value):%Y.%m.%d}"


def long_date_words(value: date | datetime) -> str:
    """2026년 11월 23일, in Seoul: for forms and certificates."""
    day = _seoul_date(value)
    return f"{day.year}년 {day.month}월 {day.day}일"


def datetime_words(instant: datetime) -> str:
    """2026.11.23 (월) 14:05, in Seoul, from an aware instant."""
    local = _seoul(instant)
    return f"{date_words(local)} {local:%H:%M}"


def moment_words(instant: datetime) -> str:
    """As `datetime_words`, but the date alone at Seoul's midnight: a list that tells only days is kept so."""
    midnight = _seoul(instant).time() == time.min
    return date_words(instant) if midnight else datetime_words(instant)


def ago_words(instant: datetime, now: datetime) -> str:
    """How long ago (or ahead) of `now`: 방금, 5분 전, 3시간 전, 어제 14:05, 4일 전, then the date; 뒤 for what comes.

    Hours count while it is the same day or less than six hours; days are counted by the wall calendar in Seoul.
    """
    local, here = _seoul(instant), _seoul(now)
    distance = abs(here - local)
    past = local <= here
    side = "전" if past else "뒤"
    if distance < timedelta(minutes=1):
        return "방금" if past else "곧"
    if distance < timedelta(hours=1):
        return f"{int(distance.total_seconds() // 60)}분 {side}"
    days = abs((here.date() - local.date()).days)
    if days == 0 or distance < timedelta(hours=6):
        return f"{int(distance.total_seconds() // 3600)}시간 {side}"
    if days == 1:
        return f"{'어제' if past else '내일'} {local:%H:%M}"
    if days < 7:  # noqa: PLR2004 - a week
        return f"{days}일 {side}"
    return short_date_words(local)


def card_words(masked: str) -> str:
    """A card's masked number in fours: "4330-1299-****-123*"; what is no number stays as it is."""
    plain = masked.replace("-", "").replace(" ", "")
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4)) if plain else masked


# Particles


def particle(word: str, pair: str) -> str:
    """The one of `pair` ('은/는', '이/가', '을/를', '과/와', '으로/로') that follows `word` when read aloud.

    Digits are read in Korean; Latin words by their last letter, capitals as an abbreviation. ValueError for a pair that
    is not two parts.
    """
    with_final, without = pair.split("/")
    final, rieul = _final_sound(word)
    if (with_final, without) == ("으로", "로") and rieul:
        return without
    return with_final if final else without


def with_particle(word: str, pair: str) -> str:
    """`word` with its particle: ('도면', '을/를') -> '도면을'."""
    return word + particle(word, pair)


def _final_sound(word: str) -> tuple[bool, bool]:
    """(ends in a consonant, that consonant is ㄹ) of the last letter or digit; brackets and quotes are not read."""
    spoken = [letter for letter in unicodedata.normalize("NFKC", word) if letter.isalnum()]
    if not spoken:
        return False, False
    last = spoken[-1]
    if _HANGUL_FIRST <= ord(last) <= _HANGUL_LAST:
        final = (ord(last) - _HANGUL_FIRST) % _FINALS
        return final != 0, final == _RIEUL
    if last in _DIGITS_WITH_FINAL:
        return True, last in _DIGITS_WITH_RIEUL
    abbreviation = last.isupper()
    if last.lower() == "l" or (abbreviation and last == "R"):
        return True, True
    ends_in_ng = not abbreviation and len(spoken) > 1 and spoken[-2:] == ["n", "g"]
    return last.lower() in "mn" or ends_in_ng, False


def _seoul(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return instant.astimezone(UTC).astimezone(SEOUL)


def _seoul_date(value: date | datetime) -> date:
    return _seoul(value).date() if isinstance(value, datetime) else value


def _is_number(digits: str, length: int) -> bool:
    return len(digits) == length and digits.isascii() and digits.isdigit()


def _digits_problem(number: str, name: str, length: int) -> str | None:
    if not number:
        return f"{name}를 적어 주십시오."
    if not (number.isascii() and number.isdigit()):
        return f"{name}에는 숫자와 하이픈(-)만 쓸 수 있습니다. 숫자 {length}자리를 적어 주십시오."
    if len(number) != length:
        return f"{name}는 숫자 {length}자리입니다. 지금은 {len(number)}자리입니다."
    return None
