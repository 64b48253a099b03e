"""Jobs of mail."""

from portal.core import mail


def deliver(_event_id: str, mail_id: int) -> None:
    mail.deliver(mail_id)
