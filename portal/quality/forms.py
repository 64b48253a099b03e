"""What customers and staff send in, read once into plain values; every problem is a Korean sentence."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from portal.accounts.models import Person
from portal.core.forms import Form
from portal.trials.forms import tidy, tidy_lines


def _words(label: str, ask: str, most: int, *, lines: bool = True) -> StringField:
    kind, neat = (TextAreaField, tidy_lines) if lines else (StringField, tidy)
    return kind(
        label,
        filters=[neat],
        validators=[DataRequired(message=ask), Length(max=most, message=f"{most:,}자까지 적을 수 있습니다.")],
    )


class RequestForm(Form):
    """A customer's change request."""

    form_key = HiddenField(validators=[Length(max=43)])
    title = _words("한 줄로", "무엇이 달라져야 하는지 한 줄로 적어 주십시오.", 120, lines=False)
    body = _words("자세히", "어디에서 무엇을 하셨고 어떻게 되었는지 적어 주십시오.", 4000)


class SayForm(Form):
    """A word about a request."""

    body = _words("덧붙일 말", "보내실 말을 적어 주십시오.", 4000)


class DeclineForm(Form):
    """Why a request is not done."""

    reason = _words("하지 않는 까닭", "하지 않는 까닭을 적어 주십시오. 그대로 메일로 갑니다.", 2000)


class TieForm(Form):
    """What a request is mended by."""

    item = IntegerField(
        "시험 실패 번호", validators=[Optional(), NumberRange(1, 2_147_483_647, "번호를 확인해 주십시오.")]
    )
    release = SelectField("배포", coerce=int, default=0)


class ReleaseForm(Form):
    """A release that is being made."""

    name = _words("이름", "배포 이름을 적어 주십시오. 예: 2026.12.1", 60, lines=False)
    notes = TextAreaField(
        "담긴 것", filters=[tidy_lines], validators=[Length(max=4000, message="4,000자까지 적을 수 있습니다.")]
    )


class QuarantineForm(Form):
    """Why and how long an item is put aside."""

    reason = _words("격리하는 까닭", "격리하는 까닭을 적어 주십시오.", 300)
    days = IntegerField(
        "며칠 동안",
        default=14,
        validators=[
            InputRequired(message="며칠 동안 격리할지 적어 주십시오."),
            NumberRange(1, 30, "격리는 1일부터 30일까지입니다."),
        ],
    )


class RuleForm(Form):
    """A line of the owner rules."""

    pattern = _words("시험 경로", "어떤 시험인지 경로를 적어 주십시오. 예: tests/billing/", 200, lines=False)
    owner = SelectField("담당자", coerce=int, validators=[InputRequired(message="담당자를 골라 주십시오.")])
    together = BooleanField("값만 다른 시험은 하나로 봅니다. 예: test_a[1], test_a[2]")

    def with_people(self, people: list[Person]) -> RuleForm:
        """The form with the people it may name."""
        self.owner.choices = [(person.id, person.name) for person in people]
        return self
