"""Random names are long enough, and fit where they are used."""

import re

import pytest

from portal.core.ids import LARGEST_ID, company_key, digest, token, whole


def test_a_token_has_256_bits_and_fits_in_an_address() -> None:
    made = {token() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", one) for one in made)


def test_a_digest_is_sha256_and_tells_nothing_of_the_token() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_company_key_is_the_same_to_every_file_system_database_and_ear() -> None:
    made = {company_key() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[a-z][a-z0-9]{11}", one) for one in made)
    assert not set("".join(made)) & set("aeiou01l")


@pytest.mark.parametrize(
    ("words", "number"),
    [("15", 15), (str(LARGEST_ID), LARGEST_ID), (str(LARGEST_ID + 1), None), ("0", None), ("-1", None), ("", None),
     (None, None), ("000000000015", None), ("0" * 12 + "9" * 5000, None), ("²", None), ("١", None)],
)  # fmt: skip
def test_an_id_that_somebody_wrote_is_one_that_a_row_can_have(words: str | None, number: int | None) -> None:
    assert whole(words) == number
