"""What comes in with the forms of keys and meters, with Korean messages."""

from __future__ import annotations

from wtforms import IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Regexp

from portal.core.forms import Form
from portal.metering.models import Aggregation
from portal.tenants.keys import SCOPES

AGGREGATIONS: dict[str, str] = {
    Aggregation.SUM: "더하기: 수량의 합",
    Aggregation.COUNT: "세기: 사건의 수",
    Aggregation.MAX: "가장 큰 수량",
    Aggregation.LATEST: "마지막 수량",
    Aggregation.UNIQUE: "서로 다른 것의 수",
    Aggregation.WEIGHTED: "시간 평균: 수량은 늘고 준 만큼",
}


def _tidy(value: str | None) -> str:
    return " ".join((value or "").split())


class KeyForm(Form):
    """A key's name."""

    label = StringField(
        "어디에 쓰는 열쇠인가요",
        filters=[_tidy],
        validators=[
            DataRequired("열쇠를 나중에 알아볼 이름을 적어 주십시오."),
            Length(max=60, message="60자까지 적을 수 있습니다."),
        ],
    )


class HouseKeyForm(KeyForm):
    """A key of the house, for one scope."""

    scope = SelectField("범위", choices=[SelectChoice(key, word) for key, word in SCOPES.items()])


class MeterForm(Form):
    """A new meter."""

    key = StringField(
        "이름(프로그램용)",
        filters=[_tidy],
        validators=[
            DataRequired("이름을 적어 주십시오."),
            Regexp(
                r"^[a-z][a-z0-9_]{1,39}$", message="영문 소문자로 시작해 소문자, 숫자, 밑줄로 40자까지 적어 주십시오."
            ),
        ],
    )
    name = StringField(
        "이름(화면용)",
        filters=[_tidy],
        validators=[DataRequired("이름을 적어 주십시오."), Length(max=60, message="60자까지 적을 수 있습니다.")],
    )
    unit = StringField(
        "단위",
        filters=[_tidy],
        validators=[DataRequired("단위를 적어 주십시오."), Length(max=20, message="20자까지 적을 수 있습니다.")],
    )
    scale = IntegerField(
        "한 단위의 기본 수량",
        default=1,
        validators=[
            InputRequired("숫자로 적어 주십시오."),
            NumberRange(1, 10**12, message="1부터 1,000,000,000,000까지 적을 수 있습니다."),
        ],
    )
    aggregation = SelectField(
        "한 달치를 내는 법", choices=[SelectChoice(key, word) for key, word in AGGREGATIONS.items()]
    )
