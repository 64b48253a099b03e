"""Test reports and customers' requests become work that somebody has, with the reason why."""

from portal.core.feature import Feature
from portal.core.page import Section
from portal.quality.api import quality_api
from portal.quality.board import asking_count
from portal.quality.pages import change_requests
from portal.quality.staff import QUALITY, quality_staff
from portal.quality.staff_requests import requests_staff

feature = Feature(
    "quality",
    blueprints=(quality_api, quality_staff, requests_staff, change_requests),
    subscriptions={"work.changed": ("quality.follow_inbox",)},
    sections=(
        Section("수정요청", "request", "change_requests.requests", group=8),
        Section("품질", "quality", "quality_staff.quality", staff=True, roles=QUALITY, group=3, count=asking_count),
    ),
)
