"""Folders, drawings, revisions, and the viewer."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.core.queue import RENDER
from portal.drawings import rules
from portal.drawings.cli import render
from portal.drawings.files import files
from portal.drawings.revision_pages import pages

feature = Feature(
    "drawings",
    blueprints=(pages, files),
    subscriptions={
        "revision.failed": ("drawings.report_failure",),
        "drawing.changed": ("drawings.refresh",),
        "picture.received": ("drawings.refresh_picture",),
    },
    queues={"drawings.render": RENDER},
    commands=(render,),
    sections=(Section("도면", "drawing", "drawings.drawings", roles=rules.LOOKS),),
)
