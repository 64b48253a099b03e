"""From a database schema to code: SQLAlchemy models and repositories, Java classes, MyBatis mappers."""

from portal.assistant.cli import assistant
from portal.assistant.staff import DEVELOPERS, assistant_staff
from portal.core.feature import Feature
from portal.core.page import Section

feature = Feature(
    "assistant",
    blueprints=(assistant_staff,),
    sections=(Section("도우미", "build", "assistant_staff.assistant", staff=True, roles=DEVELOPERS, group=3),),
    commands=(assistant,),
)
