"""`berrypod db encrypt` and `berrypod db decrypt`: what they ask, refuse and say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from berrypod.audit import AuditLog
from berrypod.commands import converting
from berrypod.settings import Secret, Settings
from berrypod.storage.converting import plain_formers
from berrypod.storage.keys import PLAIN_HEADER
from tests.commands.conftest import Run
from tests.conftest import KEY

BOTH = ("--yes", "--yes-i-want-plain-text")


@pytest.fixture
def with_key(settings: Settings) -> Settings:
    """A plain shop, and the key that it is to get."""
    return replace(settings, environment="dev", secret_key_db=KEY)


@pytest.fixture
def encrypted(encrypted_settings: Settings) -> Settings:
    return replace(encrypted_settings, environment="dev")


def is_plain(settings: Settings) -> bool:
    return settings.database_path.read_bytes().startswith(PLAIN_HEADER)


def test_encrypting_says_that_the_plain_file_is_still_there_and_how_to_remove_it(with_key: Settings, run: Run) -> None:
    done = run("db", "encrypt", settings=with_key)

    assert done.exit_code == 0, done.stderr
    assert "is encrypted with SECRET_KEY_DB" in done.stdout
    assert "IN CLEAR" in done.stderr
    assert "--remove-former" in done.stderr
    assert "no promise" in done.stderr
    assert KEY.reveal() not in done.output
    assert not is_plain(with_key)
    [entry] = AuditLog(with_key.database_path).read().entries
    assert (entry.event, entry.actor) == ("key.database_encrypted", "cli")

    removed = run("db", "encrypt", "--remove-former", settings=with_key)

    assert removed.exit_code == 0, removed.stderr
    assert "Overwritten and removed" in removed.stdout
    assert not plain_formers(with_key.database_path)


def test_with_remove_former_there_is_none_afterwards(with_key: Settings, run: Run) -> None:
    assert run("db", "encrypt", "--remove-former", settings=with_key).exit_code == 0
    assert not plain_formers(with_key.database_path)


def test_a_second_time_it_says_that_it_is_done(encrypted: Settings, run: Run) -> None:
    again = run("db", "encrypt", settings=encrypted)

    assert again.exit_code == 1
    assert "SECRET_KEY_DB opens it" in again.stderr


@pytest.mark.parametrize(
    ("key", "words"),
    [(None, "is not set"), (Secret("short"), "has 5 bytes"), (Settings().secret_key_base, "public")],
)
def test_a_key_that_protects_nothing_is_refused(with_key: Settings, run: Run, key: Secret | None, words: str) -> None:
    refused = run("db", "encrypt", settings=replace(with_key, secret_key_db=key))

    assert refused.exit_code == 1
    assert words in refused.stderr
    assert "berrypod secret" in refused.stderr
    assert is_plain(with_key)


class TestDecrypt:
    def test_it_asks_twice_and_each_answer_counts(
        self, encrypted: Settings, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(converting, "_somebody_is_there", lambda: True)
        name = encrypted.database_path.name
        for answers in ("\n", "yes\n", f"{name}\nyes\n", f"{name}\n{name}\n"):
            refused = run("db", "decrypt", settings=encrypted, input=answers)
            assert refused.exit_code == 1, answers
            assert "Nothing was changed" in refused.stderr
        assert not is_plain(encrypted)

        done = run("db", "decrypt", settings=encrypted, input=f"{name}\nstore it unencrypted\n")

        assert done.exit_code == 0, done.stderr
        assert "NOT encrypted any more" in done.stdout
        assert is_plain(encrypted)

    def test_a_script_must_say_both(self, encrypted: Settings, run: Run) -> None:
        for some in ((), BOTH[:1], BOTH[1:]):
            assert run("db", "decrypt", *some, settings=encrypted).exit_code == 2
        assert not is_plain(encrypted)

        done = run("db", "decrypt", *BOTH, settings=encrypted)

        assert done.exit_code == 0, done.stderr
        [entry] = AuditLog(encrypted.database_path).read().entries
        assert entry.event == "key.database_decrypted"

    def test_not_in_production(self, encrypted: Settings, run: Run) -> None:
        production = replace(encrypted, environment="prod", secret_key_base=Secret("b" * 40))
        refused = run("db", "decrypt", *BOTH, settings=production)

        assert refused.exit_code == 1
        assert "BERRYPOD_ENV=prod needs a key" in refused.stderr
        assert not is_plain(encrypted)

    def test_nor_without_the_key(self, encrypted: Settings, run: Run) -> None:
        refused = run("db", "decrypt", *BOTH, settings=replace(encrypted, secret_key_db=None))

        assert refused.exit_code == 1
        assert "SECRET_KEY_DB is not set" in refused.stderr
