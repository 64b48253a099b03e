"""What staff send in about a company."""

from __future__ import annotations

from wtforms import Form, TextAreaField
from wtforms.validators import DataRequired, Length


class ReasonForm(Form):  # type: ignore[misc]  # WTForms carries no types
    """Why a company is limited; shown to its people as it is written."""

    reason = TextAreaField(
        "까닭",
        filters=[lambda text: (text or "").strip()],
        validators=[
            DataRequired("까닭을 적어 주십시오. 그 회사 사람들에게 그대로 보입니다."),
            Length(max=200, message="200자까지 적을 수 있습니다."),
        ],
    )
