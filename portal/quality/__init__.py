"""Test reports and customers' requests become work that somebody has, with the reason why."""

from portal.core.feature import Feature
from portal.quality.api import quality_api

feature = Feature("quality", blueprints=(quality_api,), subscriptions={"work.changed": ("quality.follow_inbox",)})
