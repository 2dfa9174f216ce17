"""Amounts for people, and what people may enter."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypod.errors import Invalid
from berrypod.shop import format_money
from berrypod.shop.checking import SLUG, Checks, slugify


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (2400, "EUR", "€24.00"),
        (5, "EUR", "€0.05"),
        (0, "USD", "$0.00"),
        (-125_000, "GBP", "-£1,250.00"),
        (500, "JPY", "¥500"),
        (1_234_567, "KWD", "KWD\u00a01,234.567"),
        (2400, "CHF", "CHF\u00a024.00"),
        (2400, "XYZ", "XYZ\u00a024.00"),
        (10**18, "EUR", "€10,000,000,000,000,000.00"),
    ],
)
def test_amounts_are_written_as_people_write_them(amount: int, currency: str, text: str) -> None:
    assert format_money(amount, currency) == text


@settings(max_examples=60)
@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD", "CHF"]))
def test_no_cent_is_lost_in_writing(amount: int, currency: str) -> None:
    digits = re.sub(r"[^0-9-]", "", format_money(amount, currency))
    assert int(digits) == amount


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_any_title_makes_a_slug_or_none(title: str) -> None:
    slug = slugify(title)
    assert slug == "" or (SLUG.fullmatch(slug) and len(slug) <= 80)


@settings(max_examples=60)
@given(st.text(st.characters(codec=None), max_size=60), st.booleans())
def test_any_text_is_cleaned_or_refused_by_name(text: str, lines: bool) -> None:
    """What is accepted can be stored, is not blank, and cleaning it again changes nothing."""
    checks = Checks()
    cleaned = checks.text("field", text, longest=40, lines=lines)
    if checks.fields:
        with pytest.raises(Invalid) as caught:
            checks.done()
        assert set(caught.value.fields) == {"field"}
    else:
        assert cleaned.encode()
        assert 0 < len(cleaned) <= 40
        assert cleaned.strip() == cleaned
        assert Checks().text("field", cleaned, longest=40, lines=lines) == cleaned


@settings(max_examples=60)
@given(st.text(st.characters(codec=None), max_size=80) | st.emails())
def test_any_text_is_an_address_in_its_normal_form_or_refused(text: str) -> None:
    checks = Checks()
    address = checks.email("email", text)
    assert bool(address) != bool(checks.fields)
    if address:
        again = Checks()
        assert again.email("email", address) == address
        assert not again.fields
