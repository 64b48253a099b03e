"""Jobs of billing: the trial of a new company, and one company's close of one month."""

from datetime import date

from portal.billing import service


def open_trial(event_id: str, tenant_id: int) -> None:
    service.open_trial(event_id, tenant_id)


def close_company(_event_id: str, first_day: str, tenant_id: int) -> None:
    service.close_company(service.month(date.fromisoformat(first_day)), tenant_id)
