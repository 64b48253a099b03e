"""What customers and staff send in about money, read once into plain values; every problem is a Korean sentence."""

from __future__ import annotations

import json
import re
from typing import Any

from wtforms import DateField, RadioField, StringField, TelField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, StopValidation, ValidationError

from portal.billing.models import BillingProfile, Evidence, PayBy
from portal.billing.rules.reading import WrongTerms, read_terms
from portal.billing.service import Details
from portal.core import korea
from portal.core.forms import Form
from portal.core.korea import particle
from portal.trials.forms import email_problem, tidy, tidy_lines

MOST_EMAILS = 5
PAY_BY: dict[str, str] = {PayBy.TRANSFER: "계좌 입금", PayBy.CARD: "카드 자동결제"}
EVIDENCE: dict[str, str] = {
    Evidence.TAX_INVOICE_FIRST: "전자세금계산서",
    Evidence.CARD_SLIP_ONLY: "카드 매출전표만",
}


def _words(label: str, ask: str, most: int) -> StringField:
    return StringField(
        label,
        filters=[tidy],
        validators=[DataRequired(message=ask), Length(max=most, message=f"{most}자까지 적을 수 있습니다.")],
    )


def _choice(label: str, words: dict[str, str], default: str) -> RadioField:
    return RadioField(
        label,
        choices=[SelectChoice(value, word) for value, word in words.items()],
        default=default,
        validators=[DataRequired(message="하나를 골라 주십시오.")],
    )


class DetailsForm(Form):
    """Whom the invoices are for."""

    name = _words("상호", "사업자등록증의 상호를 적어 주십시오.", 100)
    business_number = StringField(
        "사업자등록번호", filters=[tidy], validators=[DataRequired(message="사업자등록번호를 적어 주십시오.")]
    )
    ceo = _words("대표자", "대표자 이름을 적어 주십시오.", 60)
    address = _words("사업장 주소", "사업자등록증의 주소를 적어 주십시오.", 200)
    business_type = _words("업태", "사업자등록증의 업태를 적어 주십시오. 예: 건설업", 60)
    business_class = _words("종목", "사업자등록증의 종목을 적어 주십시오. 예: 종합건설", 60)
    contact_name = _words("담당자", "청구서를 받을 담당자를 적어 주십시오.", 60)
    emails = TextAreaField(
        "받을 메일", filters=[tidy_lines], validators=[DataRequired(message="청구서를 받을 메일을 적어 주십시오.")]
    )
    phone = TelField("전화", filters=[tidy], validators=[DataRequired(message="전화번호를 적어 주십시오.")])
    pay_by = _choice("내는 방법", PAY_BY, PayBy.TRANSFER)
    evidence = _choice("증빙", EVIDENCE, Evidence.TAX_INVOICE_FIRST)

    def validate_business_number(self, field: StringField) -> None:
        if wrong := korea.business_number_problem(field.data or ""):
            raise StopValidation(wrong)

    def validate_phone(self, field: TelField) -> None:
        if wrong := korea.phone_problem(field.data or ""):
            raise StopValidation(wrong)

    def validate_emails(self, _field: TextAreaField) -> None:
        addresses = self.addresses()
        if len(addresses) > MOST_EMAILS:
            raise ValidationError(f"메일은 {MOST_EMAILS}개까지 적을 수 있습니다.")
        for address in addresses:
            if wrong := email_problem(address):
                raise ValidationError(f"{address[:60]}: {wrong}")

    def validate_evidence(self, field: RadioField) -> None:
        if field.data == Evidence.CARD_SLIP_ONLY and self.pay_by.data != PayBy.CARD:
            raise ValidationError("카드 매출전표만 받으시려면 내는 방법을 카드 자동결제로 골라 주십시오.")

    def addresses(self) -> list[str]:
        return [part.lower() for part in re.split(r"[\s,;]+", self.emails.data or "") if part]

    @classmethod
    def of(cls, profile: BillingProfile) -> DetailsForm:
        """The form as it was filled in last."""
        kept = {name: getattr(profile, name) for name in Details.__slots__}
        return cls(data={**kept, "emails": "\n".join(profile.emails)})

    def details(self) -> Details:
        return Details(
            name=self.name.data,
            business_number=korea.normalise_business_number(self.business_number.data),
            ceo=self.ceo.data,
            address=self.address.data,
            business_type=self.business_type.data,
            business_class=self.business_class.data,
            contact_name=self.contact_name.data,
            emails=tuple(self.addresses()),
            phone=korea.normalise_phone(self.phone.data),
            evidence=Evidence(self.evidence.data),
            pay_by=PayBy(self.pay_by.data),
        )


class ReasonForm(Form):
    """Why an invoice is given up."""

    reason = _words("까닭", "까닭을 적어 주십시오. 기록에 남습니다.", 200)


class VoidForm(ReasonForm):
    """Why an invoice is cancelled; its number is typed, so that no other one is."""

    reason = _words("까닭", "취소하는 까닭을 적어 주십시오. 수정 청구서에 그대로 적힙니다.", 200)
    number = StringField("청구번호", filters=[tidy], validators=[DataRequired(message="청구번호를 적어 주십시오.")])

    def __init__(self, *given: Any, wanted: str = "", **named: Any) -> None:  # noqa: ANN401 - WTForms' own arguments
        super().__init__(*given, **named)
        self.wanted = wanted

    def validate_number(self, field: StringField) -> None:
        if field.data != self.wanted:
            raise ValidationError(
                f"취소할 청구서의 번호 {self.wanted}{particle(self.wanted, '을/를')} 그대로 적어 주십시오."
            )


class VersionForm(Form):
    """A new version of a plan, as a JSON document."""

    offered_from = DateField("이날부터 권함", validators=[DataRequired(message="언제부터 권할지 적어 주십시오.")])
    terms = TextAreaField("요금표", validators=[DataRequired(message="요금표를 적어 주십시오.")])

    def validate_terms(self, field: TextAreaField) -> None:
        try:
            read_terms(self.document())
        except WrongTerms as wrong:
            field.errors = [*field.errors, *wrong.sentences]
            raise StopValidation from wrong

    def document(self) -> dict[str, Any]:
        """What was typed; WrongTerms when it is no JSON object."""
        try:
            found = json.loads(self.terms.data or "")
            json.dumps(found, ensure_ascii=False).encode()  # half a letter pair, written as \\ud800, cannot be kept
        except (ValueError, RecursionError) as error:
            line = f" {error.lineno}번째 줄을 살펴 주십시오." if isinstance(error, json.JSONDecodeError) else ""
            raise WrongTerms([f"JSON 형식이 아닙니다.{line}"]) from None
        if not isinstance(found, dict):
            raise WrongTerms(["요금표는 { }로 싼 하나의 JSON 문서로 적어 주십시오."])
        return found
