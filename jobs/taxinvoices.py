"""Jobs of tax invoices: each loads its row, looks at its state, and may run twice."""

from portal.taxinvoices import service


def invoice_finalised(event_id: str, invoice_id: int) -> None:
    service.heard_finalised(event_id, invoice_id)


def invoice_voided(event_id: str, invoice_id: int, _credit_note_id: int) -> None:
    service.heard_voided(event_id, invoice_id)


def move_on(_event_id: str, paper_id: int) -> None:
    service.move_on(paper_id)
