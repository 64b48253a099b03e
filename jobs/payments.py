"""Jobs of payments: each loads its row, looks at its state, and may run twice."""

from portal.payments import cards, charges, dunning, refunds


def register_card(_event_id: str, card_id: int) -> None:
    cards.register(card_id)


def delete_card(_event_id: str, card_id: int) -> None:
    cards.delete(card_id)


def charge(_event_id: str, charge_id: int) -> None:
    charges.perform(charge_id)


def refund(_event_id: str, refund_id: int) -> None:
    refunds.perform(refund_id)


def open_dunning(event_id: str, invoice_id: int) -> None:
    dunning.open_for(event_id, invoice_id)


def close_dunning(event_id: str, invoice_id: int) -> None:
    dunning.settled(event_id, invoice_id)


def invoice_voided(event_id: str, invoice_id: int, _credit_note_id: int) -> None:
    dunning.voided(event_id, invoice_id)
