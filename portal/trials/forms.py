"""What an applicant and a reviewer send in, read once into plain values; every problem is a Korean sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, StopValidation, ValidationError

from portal.core import korea
from portal.core.forms import Form

INDUSTRIES: tuple[tuple[str, str], ...] = (
    ("construction", "종합건설"),
    ("trade", "전문건설·설비"),
    ("design", "설계·감리"),
    ("steel", "철구·강구조"),
    ("manufacturing", "제조·기계"),
    ("civil", "토목·조경"),
    ("public", "공공·발주처"),
    ("other", "그 밖"),
)
PEOPLE: tuple[tuple[str, str], ...] = (
    ("1-5", "5명까지"),
    ("6-20", "6~20명"),
    ("21-50", "21~50명"),
    ("51-200", "51~200명"),
    ("201+", "201명부터"),
)
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
LONGEST_EMAIL = 254


def tidy(text: str | None) -> str:
    """One line of text: composed Hangul, single spaces, no control letters."""
    composed = unicodedata.normalize("NFC", text or "")
    return " ".join("".join(letter for letter in composed if letter.isprintable() or letter.isspace()).split())


def tidy_lines(text: str | None) -> str:
    """Several lines of text: as `tidy`, line breaks kept."""
    lines = [tidy(line) for line in (text or "").splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _choices(*pairs: tuple[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, words) for value, words in pairs]


def _required(sentence: str) -> DataRequired:
    return DataRequired(message=sentence)


def _checked(problem: Callable[[str], str | None]) -> Callable[[Form, Field], None]:
    """A validator from a function that gives the sentence for a wrong value."""

    def check(_form: Form, field: Field) -> None:
        sentence = problem(field.data or "")
        if sentence:
            raise StopValidation(sentence)

    return check


def email_problem(text: str) -> str | None:
    """Why `text` cannot be a mail address, in Korean, or None."""
    if not text:
        return "메일 주소를 적어 주십시오."
    if len(text) > LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        return "메일 주소 모양이 아닙니다. name@company.co.kr 처럼 적어 주십시오."
    return None


class ApplyForm(Form):
    """The application: company, use, person, agreement."""

    form_key = HiddenField()
    company = StringField(
        "회사 이름",
        filters=[tidy],
        validators=[
            _required("회사 이름을 적어 주십시오."),
            Length(max=100, message="회사 이름은 100자까지 적을 수 있습니다."),
        ],
    )
    business_number = StringField(
        "사업자등록번호",
        filters=[tidy],
        validators=[_required("사업자등록번호를 적어 주십시오."), _checked(korea.business_number_problem)],
    )
    ceo = StringField(
        "대표자",
        filters=[tidy],
        validators=[
            _required("대표자 이름을 적어 주십시오."),
            Length(max=60, message="대표자 이름은 60자까지 적을 수 있습니다."),
        ],
    )
    industry = SelectField(
        "업종", choices=_choices(("", "골라 주십시오"), *INDUSTRIES), validators=[_required("업종을 골라 주십시오.")]
    )
    people = RadioField(
        "함께 쓸 인원",
        choices=_choices(*PEOPLE),
        validators=[_required("함께 쓸 인원을 골라 주십시오.")],
        validate_choice=True,
    )
    purpose = TextAreaField(
        "쓰려는 일",
        filters=[tidy_lines],
        validators=[
            _required("어떤 일에 쓰실지 한두 줄 적어 주십시오."),
            Length(max=1000, message="1,000자까지 적을 수 있습니다."),
        ],
    )
    applicant = StringField(
        "담당자 이름",
        filters=[tidy],
        validators=[
            _required("담당자 이름을 적어 주십시오."),
            Length(max=60, message="이름은 60자까지 적을 수 있습니다."),
        ],
    )
    email = EmailField(
        "메일", filters=[tidy, str.lower], validators=[_required("메일 주소를 적어 주십시오."), _checked(email_problem)]
    )
    phone = TelField(
        "전화", filters=[tidy], validators=[_required("전화번호를 적어 주십시오."), _checked(korea.phone_problem)]
    )
    terms = BooleanField(
        "이용약관에 동의합니다.", validators=[_required("이용약관을 읽고 동의해 주셔야 신청하실 수 있습니다.")]
    )
    advertising = BooleanField("새 기능과 행사 소식을 메일로 받겠습니다. (광고)")
    homepage = StringField("비워 두십시오")
    """Nobody sees this field; only a program fills it in."""

    def validate_homepage(self, field: Field) -> None:
        if field.data:
            raise ValidationError("보내신 내용을 받을 수 없습니다. 처음부터 다시 적어 주십시오.")


class AnswerForm(Form):
    """The applicant's answer to a reviewer's question."""

    body = TextAreaField(
        "답변",
        filters=[tidy_lines],
        validators=[_required("답변을 적어 주십시오."), Length(max=4000, message="4,000자까지 적을 수 있습니다.")],
    )


class AskForm(Form):
    """A reviewer's question."""

    body = TextAreaField(
        "묻는 말",
        filters=[tidy_lines],
        validators=[
            _required("무엇이 더 필요한지 적어 주십시오. 그대로 메일로 갑니다."),
            Length(max=2000, message="2,000자까지 적을 수 있습니다."),
        ],
    )


class RejectForm(Form):
    """A reviewer's reason."""

    reason = TextAreaField(
        "반려 사유",
        filters=[tidy_lines],
        validators=[
            _required("반려하는 까닭을 적어 주십시오. 그대로 메일로 갑니다."),
            Length(max=2000, message="2,000자까지 적을 수 있습니다."),
        ],
    )
