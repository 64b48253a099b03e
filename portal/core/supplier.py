"""The software house itself, as the law wants it on a shop's pages, on invoices and on tax invoices: SUPPLIER_* settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from portal.core import korea
from portal.core.korea import particle

#: Setting -> what it is for; `read` takes a field from SUPPLIER_ and its upper-case name.
NAMES: dict[str, str] = {
    "SUPPLIER_NAME": "name of the company that runs this portal and is paid",
    "SUPPLIER_CEO": "its representative",
    "SUPPLIER_BUSINESS_NUMBER": "its business registration number",
    "SUPPLIER_MAIL_ORDER_NUMBER": "its mail-order registration number (통신판매업신고번호)",
    "SUPPLIER_ADDRESS": "its address",
    "SUPPLIER_BUSINESS_TYPE": "its 업태",
    "SUPPLIER_BUSINESS_CLASS": "its 종목",
    "SUPPLIER_PHONE": "its telephone number",
    "SUPPLIER_EMAIL": "its address for questions",
    "SUPPLIER_BANK_ACCOUNT": "the account that customers pay to: bank, number, holder",
}


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who sells. The values here are the embedded mode's: an invented company with a number that passes its check."""

    name: str = "주식회사 도면실"
    ceo: str = "한도윤"
    business_number: str = "1168199995"
    mail_order_number: str = "제2026-서울구로-0415호"
    address: str = "08378 서울특별시 구로구 디지털로 300, 11층"
    business_type: str = "정보통신업"
    business_class: str = "응용 소프트웨어 개발 및 공급업"
    phone: str = "02-6000-2026"
    email: str = "help@planroom.example"
    bank_account: str = "한빛은행 123-456789-01-012 주식회사 도면실"

    def as_dict(self) -> dict[str, str]:
        """For a document that keeps it as it was."""
        return asdict(self)

    @property
    def business_number_words(self) -> str:
        return korea.business_number_words(self.business_number)


def read(environ: Mapping[str, str], *, embedded: bool) -> tuple[Supplier, list[str]]:
    """The supplier by the settings, and one Korean sentence per wrong or (in production) missing value."""
    given = {name.removeprefix("SUPPLIER_").lower(): environ.get(name, "").strip() for name in NAMES}
    problems = []
    if not embedded:
        problems = [
            f"SUPPLIER_{name.upper()}{particle(name.upper(), '이/가')} 비어 있습니다. 청구서에 적을 값을 적어 주십시오."
            for name, value in given.items()
            if not value
        ]
    number = given["business_number"]
    if number:
        wrong = korea.business_number_problem(number)
        if wrong:
            problems.append(f"SUPPLIER_BUSINESS_NUMBER: {wrong}")
        given["business_number"] = korea.plain_digits(number)
    return Supplier(**{name: value for name, value in given.items() if value}), problems
