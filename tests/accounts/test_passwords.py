"""Password hashes: argon2id, brought up to date, and checked also where there is nobody."""

from __future__ import annotations

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypod.accounts.passwords import (
    MAXIMUM_CHARACTERS,
    MINIMUM_CHARACTERS,
    Passwords,
    default_hasher,
    require_good_password,
)
from berrypod.errors import Invalid
from tests.accounts.conftest import PASSWORD, cheap_hasher


async def test_a_password_fits_its_hash_and_no_other_password_does() -> None:
    passwords = Passwords(cheap_hasher())
    stored = await passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert (await passwords.verify(stored, PASSWORD)).correct
    assert not (await passwords.verify(stored, PASSWORD + "!")).correct


async def test_two_hashes_of_one_password_differ() -> None:
    passwords = Passwords(cheap_hasher())
    assert await passwords.hash(PASSWORD) != await passwords.hash(PASSWORD)


async def test_a_hash_with_other_parameters_is_renewed_when_the_password_is_right_and_only_then() -> None:
    stored = await Passwords(cheap_hasher()).hash(PASSWORD)
    stronger = Passwords(argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert (await stronger.verify(stored, "something else!")).rehashed is None
    renewed = (await stronger.verify(stored, PASSWORD)).rehashed
    assert renewed is not None
    assert "m=16,t=2" in renewed
    assert (await stronger.verify(renewed, PASSWORD)) == (await stronger.verify(renewed, PASSWORD))
    assert (await stronger.verify(renewed, PASSWORD)).rehashed is None


async def test_a_damaged_hash_fits_nothing_and_raises_nothing() -> None:
    assert not (await Passwords(cheap_hasher()).verify("$argon2id$nonsense", PASSWORD)).correct


def test_the_parameters_are_above_the_minimum_that_owasp_recommends() -> None:
    hasher = default_hasher()
    assert hasher.type is argon2.Type.ID
    assert hasher.memory_cost >= 19 * 1024
    assert hasher.time_cost >= 2


@pytest.mark.parametrize(
    "password",
    ["", "short", "x" * (MINIMUM_CHARACTERS - 1), "abababababababab", "ana@example.com", "a1b2c3d4e5f6" * 50],
)
def test_a_password_that_is_short_or_no_secret_is_refused_with_the_reason(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        require_good_password(password, email="ana@example.com")
    assert caught.value.fields["password"]


@settings(max_examples=25)
@given(st.text(min_size=MINIMUM_CHARACTERS, max_size=MAXIMUM_CHARACTERS))
async def test_any_text_that_is_accepted_can_be_used_to_sign_in(password: str) -> None:
    try:
        require_good_password(password, email="ana@example.com")
    except Invalid:
        return
    passwords = Passwords(cheap_hasher())
    assert (await passwords.verify(await passwords.hash(password), password)).correct


async def test_an_accent_counts_the_same_however_the_keyboard_sends_it() -> None:
    passwords = Passwords(cheap_hasher())
    stored = await passwords.hash("cr\u00e8me de framboise")
    assert (await passwords.verify(stored, "cre\u0300me de framboise")).correct
