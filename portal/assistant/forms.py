"""What staff give the Assistant: a DDL, its dialect, and what to make of it."""

from __future__ import annotations

from wtforms import RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from portal.assistant.service import PACKAGE
from portal.core.forms import Form

DIALECTS = [("postgresql", "PostgreSQL"), ("mysql", "MySQL · MariaDB"), ("sqlite", "SQLite")]
TARGETS = [
    ("sqlalchemy", "SQLAlchemy 모델과 저장소"),
    ("java", "Java 도메인 클래스"),
    ("mybatis", "MyBatis 매퍼(인터페이스와 XML)"),
]
#: One megabyte: a page is answered while somebody waits; the command takes more.
MOST_BYTES = 1024 * 1024


class TargetsField(SelectMultipleField):  # type: ignore[misc]  # WTForms carries no types
    """Boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class DdlForm(Form):
    ddl = TextAreaField("붙여 넣기", validators=[Length(max=MOST_BYTES, message="1 MB까지 붙여 넣을 수 있습니다.")])
    dialect = RadioField("방언", choices=[SelectChoice(*one) for one in DIALECTS], default="postgresql")
    targets = TargetsField(
        "만들 것",
        choices=[SelectChoice(*one) for one in TARGETS],
        default=[name for name, _label in TARGETS],
        validators=[DataRequired(message="만들 것을 하나 이상 골라 주십시오.")],
    )
    package = StringField(
        "패키지 이름",
        default=PACKAGE,
        validators=[
            DataRequired(message="패키지 이름을 적어 주십시오. 예: com.example.model"),
            Length(max=120, message="120자까지 적을 수 있습니다."),
            Regexp(
                r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$",
                message="com.example.model 처럼 소문자와 점으로 적어 주십시오.",
            ),
        ],
    )
