"""Whether somebody has shown that the key is kept elsewhere."""

from __future__ import annotations

import pytest

from berrypod.keys.kept import KEPT_SETTING
from berrypod.settings import Settings
from berrypod.storage.keys import passphrase_fingerprint
from tests.conftest import KEY
from tests.doctor.conftest import Shop


def note(shop: Shop, text: str) -> None:
    shop.run(
        f"INSERT OR REPLACE INTO settings (key, value, updated_at) VALUES ('{KEPT_SETTING}', '{text}', '2026-01-01')"
    )


def test_nobody_has(shop: Shop) -> None:
    shop.run(f"DELETE FROM settings WHERE key = '{KEPT_SETTING}'")
    (finding,) = shop.look("key-kept")

    assert finding.level == "warn"
    assert "berrypod key kit" in finding.what_to_do
    assert passphrase_fingerprint(KEY) in finding.why


def test_somebody_has(shop: Shop) -> None:
    note(shop, f'{{"fingerprint":"{passphrase_fingerprint(KEY)}","at":"2026-01-01T00:00:00Z","by":"cli"}}')

    assert shop.level("key-kept") == "pass"


@pytest.mark.parametrize(
    "text", ['{"fingerprint":"00000000","at":"2026-01-01T00:00:00Z","by":"cli"}', '"yes"', "true", "not JSON"]
)
def test_of_another_key_or_in_words_of_somebody_else(shop: Shop, text: str) -> None:
    note(shop, text)

    assert shop.level("key-kept") == "warn"


def test_of_a_plain_shop_there_is_nothing_to_say(settings: Settings) -> None:
    plain = Shop(settings.database_path, {"DATABASE_PATH": str(settings.database_path)})

    assert plain.look("key-kept") == []


class TestAChangeOfTheBaseKey:
    """What is under SECRET_KEY_BASE: here, the authenticator of one admin."""

    NEW = "a new base of the tests, as long as production wants it"

    def test_that_is_not_complete(self, shop: Shop) -> None:
        former = shop.environ["SECRET_KEY_BASE"]
        shop.environ |= {"SECRET_KEY_BASE": self.NEW, "SECRET_KEY_BASE_FORMER": former}
        (finding,) = shop.look("encrypted-fields")

        assert finding.level == "warn"
        assert "berrypod key rotate-base" in finding.what_to_do
        assert former not in f"{finding.why}{finding.what_to_do}"

    def test_that_is_complete_and_still_names_the_former_one(self, shop: Shop) -> None:
        shop.environ |= {"SECRET_KEY_BASE_FORMER": self.NEW}
        (finding,) = shop.look("encrypted-fields")

        assert finding.level == "warn"
        assert "Take SECRET_KEY_BASE_FORMER out" in finding.what_to_do

    def test_that_names_the_wrong_one(self, shop: Shop) -> None:
        shop.environ |= {"SECRET_KEY_BASE": self.NEW, "SECRET_KEY_BASE_FORMER": "none-that-this-shop-ever-had"}
        (finding,) = shop.look("encrypted-fields")

        assert finding.level == "fail"
        assert "SECRET_KEY_BASE_FORMER" in finding.what_to_do
