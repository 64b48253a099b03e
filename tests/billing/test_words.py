"""Lines and price lists in words: an explanation can be worked out again, a price list read by who has to choose."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.billing.rules import wording
from portal.billing.rules.explaining import column, number, shown, span_words
from portal.billing.rules.rating import bill, rate
from portal.billing.rules.terms import Formula, Kind, Measure, Model, Period, Phase, Price, Seat, Terms, Tier, Usage

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
GB = Measure("bytes", "GB", 1)


def sentences(*prices: Price, used: int = 0, since: date = OCTOBER.from_date, billed: int = 0) -> list[tuple[str, ...]]:
    phase = Phase("plan:team@1", Terms(prices), since)
    usage = [Usage(since, OCTOBER.to_date, {"bytes": used})]
    lines = rate([phase], usage, [Seat("person:7", since)], OCTOBER, closes=True, measures=[GB])
    if billed:
        lines = bill(lines, {lines[0].key: billed})
    return [line.sentences for line in shown(lines, {"team": "팀"}, {"person:7": "김서연"})]


def usage_price(formula: Formula, **changes: Decimal) -> Price:
    return Price("storage", "저장", Kind.USAGE, meter="bytes", unit_word="GB", formula=formula, **changes)


D = Decimal


@pytest.mark.parametrize(
    ("formula", "used", "told"),
    [
        (Formula(Model.UNIT, unit=D("0.5"), free_units=D(10)), 30, ("20 GB × 0.5원 = 10원",)),
        (Formula(Model.UNIT, unit=D(2), free_units=D(40)), 30, ("무료 사용량 안에서 쓰셔서 금액이 없습니다.",)),
        (Formula(Model.PACKAGE, unit=D(900), size=D(10)), 25, ("10 GB 묶음 3개 × 900원 = 2,700원",)),
        (
            Formula(Model.VOLUME, tiers=(Tier(D(10), unit=D(5)), Tier(unit=D(3), flat=D(7)))),
            20,
            ("20 GB × 3원 + 기본 7원 = 67원",),
        ),
        (Formula(Model.PERCENTAGE, percent=D("1.5")), 3000, ("3,000 GB × 1.5%", "= 45원")),
        (Formula(Model.FLAT, flat=D(900)), 1, ("정한 금액 = 900원",)),
    ],
)
def test_every_model_is_told_by_its_own_figures(formula: Formula, used: int, told: tuple[str, ...]) -> None:
    text = " ".join(sentences(usage_price(formula), used=used)[0])
    assert text.startswith("2026.10.01~10.31에 적용한 팀 요금제 1판입니다.")
    for words in told:
        assert words in text, (words, text)


def test_a_part_of_a_month_is_told_from_the_whole_to_the_part() -> None:
    (told,) = sentences(
        usage_price(Formula(Model.UNIT, unit=D(300), free_units=D(20))), used=31, since=date(2026, 10, 17)
    )
    # 15 of 31 days with 31 GB: as if 64.0667 GB were used in all of it, 44.0667 above the allowance
    assert told[-2:] == ("13,220원 × 15일 ÷ 31일 = 6,396.774원", "1원 미만은 반올림했습니다.")


def test_minimum_cap_and_correction_are_told() -> None:
    price = usage_price(Formula(Model.UNIT, unit=D(10)), minimum=D(500), maximum=D(900))
    assert "최소 요금 500원에 못 미쳐" in " ".join(sentences(price, used=3)[1])
    assert "구한 금액 1,000원이 한 달 최대 900원을 넘어" in " ".join(sentences(price, used=100)[0])
    seat = Price("seats", "이용권", Kind.SEAT, amount=D(12000), unit_word="명")
    corrected = sentences(seat, billed=10_000)[0]
    assert "12,000원 × 1명 = 12,000원" in corrected
    assert "앞서 10,000원을 청구했으므로 차이인 2,000원만" in corrected[-1]


def test_numbers_and_days_are_written_for_columns() -> None:
    assert (number("4001.25"), number("-1234"), column("2.464286"), column("100")) == (
        "4,001.25",
        "-1,234",
        "2.464",
        "100",
    )
    assert span_words(date(2026, 12, 1), date(2027, 1, 1)) == "2026.12.01~12.31"
    assert span_words(date(2026, 12, 31), date(2027, 1, 2)) == "2026.12.31~2027.01.01"
    assert span_words(date(2026, 12, 1), date(2026, 12, 2)) == "2026.12.01"


def test_a_price_list_reads_like_a_price_list() -> None:
    terms = Terms(
        (
            Price("base", "기본료", Kind.FLAT, amount=D(39000)),
            Price("seats", "추가 이용권", Kind.SEAT, amount=D(9000), included=3, unit_word="명"),
            usage_price(Formula(Model.UNIT, unit=D(300), free_units=D(20)), maximum=D(50000)),
            usage_price(Formula(Model.GRADUATED, tiers=(Tier(D(3000)), Tier(unit=D("2.5"))))),
        ),
        {"seats": None, "stored_bytes": 200},
    )
    assert [row.words for row in wording.price_rows(terms)] == [
        "한 달 39,000원",
        "3명까지 포함, 넘으면 한 명에 한 달 9,000원",
        "20 GB까지 포함, 넘으면 1 GB에 300원 (한 달에 많아도 50,000원)",
        "3,000 GB까지 무료, 그 위는 1 GB에 2.5원",
    ]
    limits = wording.limit_rows(terms, {"seats": ("이용권", "명", 1), "stored_bytes": ("저장", "GB", 2)})
    assert [(row.name, row.words) for row in limits] == [("이용권 한도", "제한 없음"), ("저장 한도", "100 GB까지")]
    assert wording.headline(terms) == (D(39000), "한 달, 3명 포함")
