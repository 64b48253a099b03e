"""What staff send in about a company."""

from __future__ import annotations

from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from portal.core.forms import Form


def _reason(id_on_page: str) -> TextAreaField:
    return TextAreaField(
        "까닭",
        id=id_on_page,
        filters=[lambda text: (text or "").strip()],
        validators=[
            DataRequired("까닭을 적어 주십시오. 그 회사 사람들에게 그대로 보입니다."),
            Length(max=200, message="200자까지 적을 수 있습니다."),
        ],
    )


class ReasonForm(Form):
    """Why a company is limited; shown to its people as it is written."""

    reason = _reason("reason")


class ModeForm(Form):
    """Why a company may only look for a while. Its field has an id of its own: both forms stand on one page."""

    reason = _reason("mode-reason")
