"""Jobs of test items and change requests."""

from portal.quality import changes, items


def follow_inbox(_event_id: str, work_item_id: int) -> None:
    """A person assigned, finished or reopened a line of the inbox: what it stands for follows."""
    items.follow_inbox(work_item_id)
    changes.follow_inbox(work_item_id)
