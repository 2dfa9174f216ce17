"""The settings: what is missing, short or malformed stops the start with the line to type."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from berrypod.env_file import load_env_file, read_env_file
from berrypod.errors import SettingsError
from berrypod.settings import Secret, Settings

GOOD = "s" * 32


def production(**values: str) -> dict[str, str]:
    return {"BERRYPOD_ENV": "prod", "SECRET_KEY_BASE": GOOD, "SECRET_KEY_DB": GOOD, **values}


def started(values: dict[str, str]) -> Settings:
    """The settings as the app has them when it starts: no plugin knows the database key."""
    settings = Settings.from_env(values)
    return settings.with_database_key(settings.secret_key_db)


def test_development_needs_no_settings_at_all() -> None:
    settings = Settings.from_env({})
    assert settings.environment == "dev"
    assert settings.database_path == Path("berrypod.db").absolute()
    assert settings.secret_key_db is None
    assert settings.base_key_is_public


@pytest.mark.parametrize("missing", ["SECRET_KEY_BASE", "SECRET_KEY_DB"])
def test_production_without_a_secret_says_the_line_to_type(missing: str) -> None:
    values = production()
    del values[missing]
    with pytest.raises(SettingsError, match=f"{missing} is not set") as refused:
        started(values)
    assert f"export {missing}=$(berrypod secret)" in refused.value.hint


@pytest.mark.parametrize("name", ["SECRET_KEY_BASE", "SECRET_KEY_DB"])
@pytest.mark.parametrize("short", ["hunter2hunter2", "q" * 31, "é" * 15])
def test_production_refuses_a_short_secret_and_does_not_print_it(name: str, short: str) -> None:
    with pytest.raises(SettingsError, match="at least 32 are needed") as refused:
        started(production(**{name: short}))
    assert short not in refused.value.message + refused.value.hint
    assert f"export {name}=" in refused.value.hint


def test_production_counts_bytes_not_characters() -> None:
    assert started(production(SECRET_KEY_DB="é" * 16)).secret_key_db


def test_production_refuses_the_public_key_of_development() -> None:
    public = Settings().secret_key_base.reveal()
    with pytest.raises(SettingsError, match="public key of development"):
        Settings.from_env(production(SECRET_KEY_BASE=public))


@pytest.mark.parametrize("key", [GOOD + "\n", " " + GOOD, GOOD + "\t"])
def test_a_secret_with_a_stray_newline_is_refused(key: str) -> None:
    """It would become part of the key, and the file would open on this machine alone."""
    with pytest.raises(SettingsError, match="white space"):
        Settings.from_env({"SECRET_KEY_DB": key})


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(SettingsError, match="'production'"):
        Settings.from_env({"BERRYPOD_ENV": "production"})


def test_a_folder_as_the_database_is_refused_with_a_better_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a folder") as refused:
        Settings.from_env({"DATABASE_PATH": str(tmp_path)})
    assert str(tmp_path / "berrypod.db") in refused.value.hint


def test_disabled_plugins_are_split_at_commas() -> None:
    assert Settings.from_env({"BERRYPOD_DISABLED_PLUGINS": " stats, ,s3 "}).disabled_plugins == {"stats", "s3"}


def test_no_secret_is_in_a_repr_a_string_or_a_pickle() -> None:
    settings = Settings.from_env(production(SECRET_KEY_DB="very-secret-" * 4))
    assert "very-secret" not in f"{settings!r} {settings} {settings.secret_key_db} {settings.secret_key_db!r}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("x"))


def test_an_env_file_is_read_without_expanding_what_is_in_it(tmp_path: Path) -> None:
    """A key may contain a dollar sign."""
    path = tmp_path / "shop.env"
    path.write_text("# keys\nSECRET_KEY_DB='a$HOME${X}b'\nexport DATABASE_PATH=/srv/shop.db\n")
    assert read_env_file(path) == {"SECRET_KEY_DB": "a$HOME${X}b", "DATABASE_PATH": "/srv/shop.db"}


def test_the_environment_wins_over_an_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.env"
    path.write_text("BERRYPOD_TEST_A=file\nBERRYPOD_TEST_B=file\n")
    monkeypatch.setenv("BERRYPOD_TEST_A", "environment")
    monkeypatch.delenv("BERRYPOD_TEST_B", raising=False)
    load_env_file(path)
    assert (os.environ["BERRYPOD_TEST_A"], os.environ.pop("BERRYPOD_TEST_B")) == ("environment", "file")


@pytest.mark.parametrize(
    ("content", "words"), [(None, r"There is no file .*shop\.env"), (b"\xff\xfe\x00", r"shop\.env is no text")]
)
def test_an_env_file_that_cannot_be_read_is_an_error_with_its_name(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "shop.env"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        read_env_file(path)
