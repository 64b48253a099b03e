"""What each error code of Toss Payments means for us, as data. By code, never by HTTP status: PROVIDER_ERROR comes as 400 and
may be tried again, REFUND_REJECTED comes as 400 and is final. Source: the error tables of the payment company's documentation.
"""

from __future__ import annotations

from enum import StrEnum


class Meaning(StrEnum):
    """What is to be done about an error."""

    TRANSIENT = (
        "transient"  #: something broke over there: whether it was done is found out by asking, then a new attempt
    )
    IN_PROGRESS = "in_progress"  #: the same call is still at work: the same idempotency key again, a little later
    FUNDS_OR_LIMIT = "funds_or_limit"  #: no money or a limit: try on a later day, tell the customer
    ISSUER_DECLINE = "issuer_decline"  #: the issuer says no without saying why: at most one later try
    CARD_DEAD = "card_dead"  #: only another card helps
    MERCHANT_BUG = "merchant_bug"  #: we asked wrongly: never repeated, staff are told, the customer is not
    MERCHANT_CONFIG = "merchant_config"  #: our contract or keys are wrong: everything stops, staff are told
    QUERY_STATE = "query_state"  #: no failure: look it up and go on from there
    CANCEL_FINAL = "cancel_final"  #: it cannot be cancelled this way: a person decides
    USER_ABORT = "user_abort"  #: the person closed the card window


#: A code that is in no table is taken as TRANSIENT: ask before anything else.
MEANINGS: dict[Meaning, tuple[str, ...]] = {
    Meaning.TRANSIENT: (
        "PROVIDER_ERROR",
        "CARD_PROCESSING_ERROR",
        "FAILED_CARD_COMPANY_RESPONSE",
        "FAILED_INTERNAL_SYSTEM_PROCESSING",
        "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
        "UNKNOWN_PAYMENT_ERROR",
        "COMMON_ERROR",
        "UNKNOWN_ERROR",
        "FAILED_METHOD_HANDLING",
        "MAINTAINED_METHOD",
        "NOT_AVAILABLE_PAYMENT",
        "FAILED_BILL_KEY_AUTH_CREATION",
        "FAILED_BILLING_AUTO_CANCEL",
        "FAILED_REFUND_PROCESS",
        "FAILED_PARTIAL_REFUND",
        "FAILED_METHOD_HANDLING_CANCEL",
    ),
    Meaning.IN_PROGRESS: (
        "IDEMPOTENT_REQUEST_PROCESSING",
        "FORBIDDEN_CONSECUTIVE_REQUEST",
    ),
    Meaning.FUNDS_OR_LIMIT: (
        "REJECT_CARD_PAYMENT",
        "REJECT_ACCOUNT_PAYMENT",
        "EXCEED_MAX_AMOUNT",
        "EXCEED_MAX_PAYMENT_AMOUNT",
        "EXCEED_MAX_DAILY_PAYMENT_COUNT",
        "EXCEED_MAX_ONE_DAY_AMOUNT",
        "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT",
        "EXCEED_UNKNOWN_CASE",
    ),
    Meaning.ISSUER_DECLINE: (
        "REJECT_CARD_COMPANY",
        "INVALID_REJECT_CARD",
        "FDS_ERROR",
        "EXCEED_MAX_AUTH_COUNT",
    ),
    Meaning.CARD_DEAD: (
        "INVALID_CARD_EXPIRATION",
        "INVALID_STOPPED_CARD",
        "INVALID_CARD_LOST_OR_STOLEN",
        "INVALID_BILL_KEY_REQUEST",
        "ALREADY_REMOVED_BILLING_KEY",
        "NOT_FOUND_BILLING",
        "NOT_SUPPORTED_CARD_TYPE",
        "INVALID_CARD_NUMBER",
        "INVALID_CARD_PASSWORD",
        "INVALID_CARD_IDENTITY",
        "INVALID_BIRTH_DAY_FORMAT",
        "NOT_REGISTERED_CARD_COMPANY",
        "INVALID_BILLING_AUTH",
    ),
    Meaning.MERCHANT_BUG: (
        "INVALID_REQUEST",
        "NOT_MATCHES_CUSTOMER_KEY",
        "INVALID_CUSTOMER_KEY",
        "INVALID_ORDER_ID",
        "INVALID_ORDER_NAME",
        "INVALID_REQUIRED_PARAM",
        "BELOW_MINIMUM_AMOUNT",
        "INVALID_EMAIL",
        "INVALID_IDEMPOTENCY_KEY",
        "INVALID_CARD_INSTALLMENT_PLAN",
        "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT",
        "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN",
        "FAILED_DB_PROCESSING",
        "INVALID_TEST_CODE",
        "NOT_FOUND_HTTP_METHOD",
    ),
    Meaning.MERCHANT_CONFIG: (
        "UNAUTHORIZED_KEY",
        "INVALID_API_KEY",
        "INVALID_CLIENT_KEY",
        "INCORRECT_BASIC_AUTH_FORMAT",
        "FORBIDDEN_REQUEST",
        "NOT_SUPPORTED_METHOD",
        "NOT_FOUND_TERMINAL_ID",
        "NOT_FOUND_MERCHANT",
        "NOT_REGISTERED_BUSINESS",
        "INVALID_UNREGISTERED_SUBMALL",
    ),
    Meaning.QUERY_STATE: (
        "ALREADY_PROCESSED_PAYMENT",
        "DUPLICATED_ORDER_ID",
        "NOT_FOUND_PAYMENT",
        "NOT_FOUND_PAYMENT_SESSION",
        "ALREADY_CANCELED_PAYMENT",
        "ALREADY_REFUND_PAYMENT",
    ),
    Meaning.CANCEL_FINAL: (
        "NOT_CANCELABLE_AMOUNT",
        "NOT_CANCELABLE_PAYMENT",
        "EXCEED_MAX_REFUND_DUE",
        "NOT_ALLOWED_PARTIAL_REFUND",
        "REFUND_REJECTED",
        "NOT_MATCHES_REFUNDABLE_AMOUNT",
        "EXCEED_CANCEL_LIMIT",
        "EXCEED_MAX_REFUND_AMOUNT",
        "NOT_SUPPORTED_REFUND",
    ),
    Meaning.USER_ABORT: (
        "PAY_PROCESS_CANCELED",
        "PAY_PROCESS_ABORTED",
    ),
}
_BY_CODE = {code: meaning for meaning, codes in MEANINGS.items() for code in codes}


def meaning(code: str) -> Meaning:
    return _BY_CODE.get(code, Meaning.TRANSIENT)
