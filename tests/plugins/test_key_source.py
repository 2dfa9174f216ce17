"""`berrypod_key_source`: whoever gives the key must give it, or the shop does not start."""

from __future__ import annotations

import pytest

from berrypod.declarations import SettingDeclaration
from berrypod.errors import PluginError
from berrypod.settings import Secret, Settings
from tests.plugins.conftest import Host
from tests.plugins.making import impatient, plugin

ENVIRONMENT = Secret("the key of the environment")


def revealed(key: Secret | None) -> str | None:
    return key.reveal() if key else None


@pytest.mark.parametrize("key", ["from a vault", Secret("from a vault")])
def test_the_first_answer_wins_over_later_plugins_and_the_environment(host: Host, key: str | Secret) -> None:
    plugins = host(
        plugin("a", berrypod_key_source=lambda: None),
        plugin("b", berrypod_key_source=lambda settings: key),
        plugin("c", berrypod_key_source=lambda: "too late"),
        key=ENVIRONMENT,
    )

    assert revealed(plugins.database_key()) == "from a vault"


def test_without_an_answer_the_environment_is_the_last_resort(host: Host) -> None:
    assert host(plugin("a", berrypod_key_source=lambda: None), key=ENVIRONMENT).database_key() is ENVIRONMENT


def test_a_source_sees_the_settings(host: Host) -> None:
    def source(settings: Settings) -> str:
        return f"key of {settings.environment_values['VAULT']}"

    assert revealed(host(plugin("a", berrypod_key_source=source), environ={"VAULT": "x"}).database_key()) == "key of x"


def test_a_source_that_raises_stops_the_start(host: Host) -> None:
    """Falling back to another key, or to none, could open or make another shop."""

    def source() -> str:
        raise ConnectionError("the vault is sealed")

    plugins = host(plugin("vault", berrypod_key_source=source), key=ENVIRONMENT)
    with pytest.raises(PluginError) as stopped:
        plugins.database_key()

    assert "The plugin vault, which gives the database key, failed" in stopped.value.message
    assert "ConnectionError: the vault is sealed" in stopped.value.message
    assert "BERRYPOD_DISABLED_PLUGINS=vault" in stopped.value.hint


def test_a_source_that_hangs_stops_the_start(host: Host, hang) -> None:
    with pytest.raises(PluginError, match="no answer within"):
        host(plugin("vault", berrypod_key_source=hang), limits=impatient("key")).database_key()


@pytest.mark.parametrize("answer", ["", " key", "key\n", 42, b"key", Secret("")])
def test_nonsense_for_a_key_stops_the_start_and_is_not_quoted(host: Host, answer: object) -> None:
    with pytest.raises(PluginError) as stopped:
        host(plugin("vault", berrypod_key_source=lambda: answer)).database_key()

    assert "42" not in stopped.value.message
    assert "key\n" not in stopped.value.message


def test_a_source_that_was_quarantined_before_it_was_asked_stops_the_start(host: Host) -> None:
    required = SettingDeclaration(name="VAULT_TOKEN", help="of the vault", required=True)
    plugins = host(plugin("vault", berrypod_settings=lambda: [required], berrypod_key_source=lambda: "k"))

    with pytest.raises(PluginError, match="VAULT_TOKEN is not set"):
        plugins.database_key()


def test_the_key_of_a_plugin_is_taken_out_of_errors_too(host: Host) -> None:
    def providers(context):
        raise RuntimeError("opened with from-a-vault")

    plugins = host(
        plugin("vault", berrypod_key_source=lambda: "from-a-vault", berrypod_stats_providers=providers), declare=False
    )
    plugins.database_key()
    plugins.declare(lambda name: None)  # type: ignore[arg-type, return-value]

    assert plugins.report()[0].error == "berrypod_stats_providers: RuntimeError: opened with ***"
