"""Settings: read once, wrong values told in words, production refuses what protects nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from portal.core.settings import NAMES, Settings
from portal.core.supplier import NAMES as SUPPLIER

PRODUCTION = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": "k" * 40,
    "PUBLIC_URL": "https://portal.example.com",
    "DATABASE_URL": "postgresql+psycopg://x",
    "TENANT_DATABASE_URLS": "postgresql+psycopg://a postgresql+psycopg://b",
    "REDIS_URL": "redis://r",
    "BLOB_URL": "s3://k:s@h/b",
    "SMTP_URL": "smtps://u:p@mail",
    **dict.fromkeys(SUPPLIER, "값"),
    "SUPPLIER_BUSINESS_NUMBER": "116-81-99995",
}


def test_embedded_needs_nothing_and_keeps_everything_under_data_dir() -> None:
    settings = Settings.read({"DATA_DIR": "/somewhere/data"})
    assert settings.problems == ()
    assert settings.embedded
    for value in (settings.database_url, settings.redis_url, settings.blob_url, *settings.tenant_database_urls):
        assert "/somewhere/data" in value


def test_production_with_everything_set_is_accepted() -> None:
    settings = Settings.read(PRODUCTION)
    assert settings.problems == ()
    assert len(settings.tenant_database_urls) == 2
    assert settings.https


@pytest.mark.parametrize("secret", ["", "secret", "dev", "short-but-unknown", "x" * 31])
def test_production_refuses_a_secret_that_protects_nothing(secret: str) -> None:
    assert any("SECRET_KEY" in line for line in Settings.read(PRODUCTION | {"SECRET_KEY": secret}).problems)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "BLOB_URL", "SMTP_URL"])
def test_production_names_what_is_missing(name: str) -> None:
    assert any(name in line for line in Settings.read(PRODUCTION | {name: ""}).problems)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("SESSION_STORE", "disk"),
        ("PUBLIC_URL", "portal"),
        ("REDIS_SENTINELS", "a,b:1"),
    ],
)
def test_a_wrong_value_is_a_sentence_and_never_an_exception(name: str, value: str) -> None:
    problems = Settings.read({name: value}).problems
    assert len(problems) == 1
    assert name in problems[0]


def test_production_wants_to_know_who_sells_and_refuses_a_wrong_number() -> None:
    assert any("SUPPLIER_CEO" in line for line in Settings.read(PRODUCTION | {"SUPPLIER_CEO": ""}).problems)
    assert any("검증" in line for line in Settings.read({"SUPPLIER_BUSINESS_NUMBER": "123-45-67890"}).problems)
    assert Settings.read(PRODUCTION).supplier.business_number == "1168199995"


@pytest.mark.parametrize("group", ["TOSS", "POPBILL"])
def test_outside_services_are_set_up_whole_or_not_at_all(group: str) -> None:
    names = [name for name in NAMES if name.startswith(f"{group}_")]
    whole = dict.fromkeys(names, "test_sk_mine=") if group == "TOSS" else dict.fromkeys(names, "c2VjcmV0")
    none = Settings.read(PRODUCTION)
    assert (none.problems, none.cards_set_up, none.tax_invoices_set_up) == ((), False, False)
    assert not Settings.read(PRODUCTION | whole).problems
    half = Settings.read(PRODUCTION | whole | {names[0]: ""})
    assert len(half.problems) == 1
    assert names[0] in half.problems[0]
    embedded = Settings.read({})
    assert embedded.cards_set_up
    assert embedded.tax_invoices_set_up


@pytest.mark.parametrize(("name", "value"), [("TOSS_SECRET_KEY", "test_gsk_widget"), ("POPBILL_SECRET_KEY", "한글")])
def test_a_key_of_the_wrong_kind_is_told(name: str, value: str) -> None:
    assert any(name in line for line in Settings.read({name: value}).problems)
    assert value not in repr(Settings.read({name: value}))


def test_sentinels_are_pairs() -> None:
    assert Settings.read({"REDIS_SENTINELS": "a:1, b:2"}).redis_sentinels == (("a", 1), ("b", 2))


def test_secrets_do_not_show_in_a_log_line() -> None:
    assert "k" * 40 not in repr(Settings.read(PRODUCTION))


def test_every_setting_is_documented() -> None:
    text = Path("docs/settings.md").read_text(encoding="utf-8")
    missing = [name for name in NAMES if f"`{name}`" not in text]
    assert not missing
    source = Path("portal/core/settings.py").read_text(encoding="utf-8")
    assert all(f'"{name}"' in source for name in NAMES if name not in SUPPLIER)


def test_every_command_of_a_data_folder_reads_the_key_that_its_start_made(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("kept-by-the-start\n", encoding="ascii")
    assert Settings.read({"DATA_DIR": str(tmp_path)}).secret_key == "kept-by-the-start"
    assert Settings.read({"DATA_DIR": str(tmp_path), "SECRET_KEY": "given"}).secret_key == "given"
    production = PRODUCTION | {"DATA_DIR": str(tmp_path), "SECRET_KEY": ""}
    assert any("SECRET_KEY" in line for line in Settings.read(production).problems)


def test_a_data_folder_with_any_name_keeps_one_address_for_companies(tmp_path: Path) -> None:
    folder = tmp_path / "도면 자료?#1"
    settings = Settings.read({"DATA_DIR": str(folder)})
    assert make_url(settings.database_url).database == str(folder / "platform.db")
    assert [make_url(url).database for url in settings.tenant_database_urls] == [str(folder / "companies")]
