"""The two secrets, wherever they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypod.doctor.circumstances import subject_of
from berrypod.doctor.examining import make
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from tests.doctor.conftest import CHECKS, Shop
from tests.plugins.making import plugin

PUBLIC = Settings().secret_key_base.reveal()

CHECK_OF = {"SECRET_KEY_DB": "secret-key-db", "SECRET_KEY_BASE": "secret-key-base"}


@pytest.mark.parametrize("name", CHECK_OF)
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "is not set"),
        ("hunter2", "has 7 bytes"),
        (PUBLIC, "which is public"),
        ("abcabc" * 10, "few different characters"),
    ],
)
@pytest.mark.parametrize(("environment", "level"), [("prod", "fail"), ("dev", "warn")])
def test_one_that_protects_nothing(shop: Shop, name: str, value: str, words: str, environment: str, level: str) -> None:
    shop.environ |= {"BERRYPOD_ENV": environment, name: value}
    (finding,) = shop.look(CHECK_OF[name])
    assert finding.level == level
    assert words in finding.why
    assert "berrypod secret" in finding.what_to_do
    assert not value or value not in f"{finding.title} {finding.why} {finding.what_to_do}"


def test_both_the_same(shop: Shop) -> None:
    shop.environ["SECRET_KEY_BASE"] = shop.environ["SECRET_KEY_DB"]
    assert shop.level("secrets-differ") == "fail"


def test_a_plugin_that_should_give_the_key_and_fails(shop: Shop) -> None:
    def fail(settings: Settings) -> str:
        raise ConnectionError("the vault is sealed")

    plugins = Plugins.discover(shop.settings, [plugin("vault", berrypod_key_source=fail)], installed=False)
    with subject_of(shop.environ, plugins=plugins) as subject:
        (finding,) = make(CHECKS["secret-key-db"], subject, lambda _: None)
        (opens,) = make(CHECKS["opens"], subject, lambda _: None)
    assert finding.level == "fail"
    assert "the vault is sealed" in finding.why
    assert opens.level == "fail", "the environment's key might be another shop's"


def test_a_plugin_that_gives_the_key(shop: Shop) -> None:
    key = shop.environ.pop("SECRET_KEY_DB")
    given = plugin("vault", berrypod_key_source=lambda settings: key)
    plugins = Plugins.discover(Settings(), [given], installed=False)
    with subject_of(shop.environ, plugins=plugins) as subject:
        for name in ("secret-key-db", "opens"):
            assert [one.level for one in make(CHECKS[name], subject, lambda _: None)] == ["pass"]


@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, "pass"), (0o640, "pass"), (0o644, "fail"), (0o604, "fail"), (0o660, "fail")]
)
def test_the_file_with_the_secrets(shop: Shop, tmp_path: Path, mode: int, level: str) -> None:
    """A group may read it: systemd and the shop's user, often."""
    env_file = tmp_path / "shop.env"
    env_file.write_text("SECRET_KEY_DB=x\n")
    env_file.chmod(mode)
    assert shop.level("env-file", env_file=env_file) == level


def test_a_file_with_the_secrets_that_is_not_there(shop: Shop, tmp_path: Path) -> None:
    assert shop.level("env-file", env_file=tmp_path / "nowhere.env") == "fail"
    assert shop.look("env-file") == []
