"""What people type about themselves, checked and in one form; the sentences are for the one who typed."""

from __future__ import annotations

import re
import unicodedata

from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    PasswordField,
    SelectMultipleField,
    StringField,
    TelField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import EqualTo, InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.models import STAFF_ROLES
from portal.accounts.rules import LONGEST, canonical_email
from portal.core import korea
from portal.core.forms import Form

LONGEST_EMAIL = 254
LONGEST_NAME = 60
EMAIL = re.compile(r"[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\.]+(\.[^\s@<>\"(),:;\\.]+)+")


def _email(_form: Form, field: Field) -> None:
    """A shape that mail can reach; whether it does is shown by the mail."""
    if not EMAIL.fullmatch(field.data or ""):
        raise ValidationError("이메일 주소를 name@company.co.kr 처럼 적어 주십시오.")


def _phone(_form: Form, field: Field) -> None:
    problem = korea.phone_problem(field.data or "")
    if problem:
        raise ValidationError(problem)


def _one_line(text: str | None) -> str:
    composed = unicodedata.normalize("NFC", text or "")
    return " ".join("".join(letter for letter in composed if letter.isprintable() or letter.isspace()).split())


def _email_field(label: str, autocomplete: str) -> EmailField:
    return EmailField(
        label,
        [InputRequired("이메일을 적어 주십시오."), Length(max=LONGEST_EMAIL, message="이메일이 너무 깁니다."), _email],
        filters=[lambda text: canonical_email(text or "")],
        render_kw={"autocomplete": autocomplete, "spellcheck": "false", "autocapitalize": "none"},
    )


def _current_password(label: str = "지금 비밀번호") -> PasswordField:
    checks = [InputRequired("비밀번호를 적어 주십시오."), Length(max=1000, message="비밀번호가 너무 깁니다.")]
    return PasswordField(label, checks, render_kw={"autocomplete": "current-password"})


def _new_password(label: str) -> PasswordField:
    checks = [
        InputRequired("새 비밀번호를 적어 주십시오."),
        Length(max=1000, message=f"{LONGEST}자까지 쓸 수 있습니다."),
    ]
    return PasswordField(label, checks, render_kw={"autocomplete": "new-password", "minlength": "8"})


def _again(name: str) -> PasswordField:
    checks = [
        InputRequired("한 번 더 적어 주십시오."),
        EqualTo(name, "두 비밀번호가 서로 다릅니다. 다시 적어 주십시오."),
    ]
    return PasswordField("비밀번호 한 번 더", checks, render_kw={"autocomplete": "new-password"})


def _code(label: str) -> StringField:
    checks = [InputRequired("여섯 자리를 적어 주십시오."), Length(max=20, message="여섯 자리 숫자를 적어 주십시오.")]
    kind = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "20", "class": "code"}
    return StringField(label, checks, render_kw=kind)


class SignInForm(Form):
    email = _email_field("이메일", "username")
    password = _current_password("비밀번호")
    remember = BooleanField("이 기기에서 로그인 유지")
    next = HiddenField()


class CodeForm(Form):
    code = _code("인증번호 여섯 자리")


class TurnOnForm(CodeForm):
    """The second factor, turned on by somebody who is in already: a session somebody else got hold of is not enough."""

    current = _current_password()


class RecoveryForm(Form):
    checks = (InputRequired("복구 번호를 적어 주십시오."), Length(max=40, message="복구 번호 하나만 적어 주십시오."))
    code = StringField(
        "복구 번호",
        checks,
        render_kw={"autocomplete": "off", "spellcheck": "false", "class": "code", "autocapitalize": "characters"},
    )


class ForgotForm(Form):
    email = _email_field("이메일", "username")


class NewPasswordForm(Form):
    """A password by a link: an invitation or a reset."""

    password = _new_password("새 비밀번호")
    again = _again("password")


class ChangePasswordForm(Form):
    current = _current_password()
    password = _new_password("새 비밀번호")
    again = _again("password")


class PasswordForm(Form):
    """The password once more, before something weighty."""

    current = _current_password()


class NameForm(Form):
    name = StringField(
        "이름",
        [
            InputRequired("이름을 적어 주십시오."),
            Length(max=LONGEST_NAME, message=f"이름은 {LONGEST_NAME}자까지 적을 수 있습니다."),
        ],
        filters=[_one_line],
        render_kw={"autocomplete": "name", "maxlength": str(LONGEST_NAME)},
    )
    phone = TelField(
        "전화번호",
        [Optional(), _phone],
        render_kw={"autocomplete": "tel", "inputmode": "tel", "data-format": "phone"},
    )


class EmailForm(Form):
    email = _email_field("새 이메일", "email")
    current = _current_password()


class RolesForm(Form):
    """What somebody may do as staff; nothing chosen makes them no staff."""

    roles = SelectMultipleField(
        "직원 권한",
        choices=[SelectChoice(role, word) for role, word in STAFF_ROLES.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class NewStaffForm(Form):
    email = _email_field("이메일", "off")
    name = StringField(
        "이름",
        [InputRequired("이름을 적어 주십시오."), Length(max=LONGEST_NAME)],
        filters=[_one_line],
        render_kw={"autocomplete": "off"},
    )
    roles = SelectMultipleField(
        "직원 권한",
        [InputRequired("권한을 하나 이상 골라 주십시오.")],
        choices=[SelectChoice(role, word) for role, word in STAFF_ROLES.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
