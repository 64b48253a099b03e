"""What comes in with drawings' forms, with Korean messages."""

from __future__ import annotations

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from portal.core.forms import Form
from portal.drawings.models import NAME_LENGTH


class NameForm(Form):
    """A drawing's number, title and folder."""

    number = StringField("도면번호", [Length(max=80, message="도면번호는 80자까지 적을 수 있습니다.")])
    title = StringField("도면명", [Length(max=NAME_LENGTH, message=f"도면명은 {NAME_LENGTH}자까지 적을 수 있습니다.")])
    folder = SelectField("폴더", coerce=int)


class FolderForm(Form):
    """A folder's name."""

    name = StringField(
        "폴더 이름",
        [
            InputRequired("폴더 이름을 적어 주십시오."),
            Length(max=120, message="폴더 이름은 120자까지 적을 수 있습니다."),
        ],
    )
