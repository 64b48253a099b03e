"""Work items: the one inbox in which every process asks a person for something."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.work.service import open_count
from portal.work.staff import work_staff

feature = Feature(
    "work",
    blueprints=(work_staff,),
    sections=(Section("업무", "inbox", "work_staff.work", staff=True, group=1, count=open_count),),
)
