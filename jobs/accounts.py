"""Jobs of people."""

from portal.accounts import tickets


def send_reset(_event_id: str, ticket_id: int) -> None:
    tickets.send_reset(ticket_id)
