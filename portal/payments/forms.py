"""What staff fill in at the till; every problem is a Korean sentence."""

from __future__ import annotations

from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.core.forms import Form
from portal.core.ids import LARGEST_ID
from portal.tenants.forms import one_line

MOST_WON = 10**12


class WonField(IntegerField):  # type: ignore[misc]  # WTForms carries no types
    """Won in whole numbers, with or without commas."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        self.data = None
        self.data = self.whole(valuelist[0])

    @staticmethod
    def whole(text: str) -> int:
        """'-13,200원' -> -13200; ValueError with the Korean sentence when it is no amount."""
        written = text.replace(",", "").replace("원", "").strip()
        digits = written.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MOST_WON))):
            raise ValueError("금액을 원 단위 숫자로 적어 주십시오. 예: 13,200")
        return int(written)


class RefundForm(Form):
    won = WonField(
        "돌려줄 금액",
        validators=[
            InputRequired("돌려줄 금액을 적어 주십시오."),
            NumberRange(1, MOST_WON, message="1원부터 돌려줄 수 있습니다."),
        ],
    )
    reason = StringField(
        "사유",
        filters=[one_line],
        validators=[
            InputRequired("사유를 적어 주십시오. 결제사와 고객에게도 보입니다."),
            Length(max=200, message="사유는 200자까지 쓸 수 있습니다."),
        ],
    )


class AllocateForm(Form):
    invoice = IntegerField(
        "청구서",
        validators=[InputRequired("청구서를 골라 주십시오."), NumberRange(1, LARGEST_ID, "청구서를 골라 주십시오.")],
    )
    won = WonField("금액", validators=[Optional(), NumberRange(1, MOST_WON, message="1원부터 쓸 수 있습니다.")])
