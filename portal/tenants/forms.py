"""What a company's page sends in, read once; every problem is a Korean sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from wtforms import EmailField, Field, SelectField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from portal.core.forms import Form
from portal.tenants.models import Role
from portal.tenants.rules import ROLE_WORDS

_EMAIL = re.compile(r"[^@\s<>,;\"()]+@[^@\s<>,;\"()]+\.[^@\s<>,;\"().]{2,}")


def one_line(text: str | None) -> str:
    """Composed Hangul, single spaces, no control letters."""
    composed = unicodedata.normalize("NFC", text or "")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in composed).split())


class InviteForm(Form):
    """Somebody to invite, with the role they get."""

    email = EmailField(
        "메일 주소",
        filters=[one_line, str.lower],
        validators=[
            InputRequired("메일 주소를 적어 주십시오."),
            Length(max=254, message="메일 주소가 너무 깁니다. 254자까지 쓸 수 있습니다."),
        ],
    )
    name = StringField(
        "이름",
        filters=[one_line],
        validators=[InputRequired("이름을 적어 주십시오."), Length(max=60, message="이름은 60자까지 쓸 수 있습니다.")],
    )
    role = SelectField("역할", default=Role.EDITOR.value, validators=[InputRequired("역할을 골라 주십시오.")])

    def __init__(self, *args: Any, roles: Iterable[Role], **kwargs: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        super().__init__(*args, **kwargs)
        self.role.choices = [(role.value, ROLE_WORDS[role]) for role in roles]
        self.role.validate_choice = False

    def validate_email(self, field: Field) -> None:
        if not _EMAIL.fullmatch(field.data):
            raise ValidationError("메일 주소를 다시 확인해 주십시오. name@company.co.kr 처럼 적습니다.")

    def validate_role(self, field: Field) -> None:
        if field.data not in dict(self.role.choices):
            raise ValidationError("줄 수 있는 역할 가운데에서 골라 주십시오.")


class CompanyForm(Form):
    """What the company is called."""

    name = StringField(
        "회사 이름",
        filters=[one_line],
        validators=[
            InputRequired("회사 이름을 적어 주십시오."),
            Length(max=100, message="회사 이름은 100자까지 쓸 수 있습니다."),
        ],
    )
