"""`berrypod_settings`: the environment variables that plugins read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berrypod.context import PluginContext
from berrypod.declarations import SettingDeclaration
from berrypod.errors import PluginError, SettingsError
from berrypod.plugins import PluginSource
from tests.plugins.conftest import Host
from tests.plugins.making import assert_healthy, error_of, healthy, plugin


def declaring(name: str, *settings: SettingDeclaration) -> PluginSource:
    return plugin(name, berrypod_settings=lambda: settings)


FOLDER = SettingDeclaration(name="CSV_FOLDER", help="Where the files go", default="/tmp/csv")


def test_a_setting_comes_from_the_environment_or_is_its_default(host: Host) -> None:
    assert host(declaring("p", FOLDER), environ={"CSV_FOLDER": "/srv"}).setting("p", "CSV_FOLDER") == "/srv"
    assert host(declaring("p", FOLDER)).setting("p", "CSV_FOLDER") == "/tmp/csv"
    assert host(declaring("p", FOLDER), environ={"CSV_FOLDER": ""}).setting("p", "CSV_FOLDER") == "/tmp/csv"


def test_a_plugin_reads_its_settings_from_its_context(host: Host) -> None:
    seen: list[str | None] = []

    def providers(context: PluginContext) -> None:
        seen.append(context.setting("CSV_FOLDER"))

    host(plugin("p", berrypod_settings=lambda: [FOLDER], berrypod_stats_providers=providers))
    assert seen == ["/tmp/csv"]


def test_a_setting_that_was_not_declared_cannot_be_read(host: Host) -> None:
    plugins = host(declaring("p", FOLDER), declaring("q"), environ={"PATH": "/bin", "CSV_FOLDER": "/srv"})

    for reader, name in (("p", "PATH"), ("q", "CSV_FOLDER")):
        with pytest.raises(PluginError, match="does not declare it"):
            plugins.setting(reader, name)


def test_a_name_that_two_plugins_declare_refuses_the_start_and_names_both(host: Host) -> None:
    with pytest.raises(SettingsError) as refused:
        host(declaring("one", FOLDER), declaring("two", FOLDER))

    assert refused.value.message == "The plugins one and two both declare the setting CSV_FOLDER"
    assert "BERRYPOD_DISABLED_PLUGINS=two (or one)" in refused.value.hint


def test_disabling_one_of_the_two_lets_the_shop_start(host: Host) -> None:
    assert host(declaring("one", FOLDER), declaring("two", FOLDER), disabled=("two",)).is_active("one")


async def test_a_required_setting_that_is_missing_quarantines_its_plugin_and_says_what_to_set(host: Host) -> None:
    required = SettingDeclaration(name="S3_BUCKET", help="the bucket for copies", required=True)
    plugins = host(declaring("s3", required), healthy())

    assert error_of(plugins, "s3") == "berrypod_settings: S3_BUCKET is not set: the bucket for copies"
    assert plugins.report()[0].hint == "Set S3_BUCKET and restart."
    await assert_healthy(plugins)


def test_a_plugin_cannot_take_a_setting_of_the_shop_itself(host: Host) -> None:
    plugins = host(declaring("thief", SettingDeclaration(name="SECRET_KEY_DB", help="the key")))

    assert "is a setting of Berrypod itself" in error_of(plugins, "thief")


def test_a_name_declared_twice_by_one_plugin_quarantines_it(host: Host) -> None:
    assert "declares CSV_FOLDER twice" in error_of(host(declaring("p", FOLDER, FOLDER)), "p")


@pytest.mark.parametrize("answer", [lambda: 3, lambda: ["CSV_FOLDER"], lambda: 1 / 0])
async def test_a_plugin_that_fails_to_name_its_settings_is_quarantined(
    host: Host, answer: Callable[[], object]
) -> None:
    plugins = host(plugin("broken", berrypod_settings=answer), healthy())

    assert error_of(plugins, "broken").startswith("berrypod_settings: ")
    await assert_healthy(plugins)


def test_a_quarantined_plugin_keeps_no_claim_on_its_settings(host: Host) -> None:
    required = SettingDeclaration(name="TOKEN", help="a token", required=True)
    plugins = host(declaring("first", FOLDER, required), declaring("second", FOLDER))

    assert not plugins.is_active("first")
    assert [one.plugin for one in plugins.settings] == ["second"]


def test_what_plugins_declare_is_in_their_report_without_the_values(host: Host) -> None:
    token = SettingDeclaration(name="CSV_TOKEN", help="a token", default="the default token", secret=True)
    plugins = host(declaring("p", FOLDER, token), declaring("q"), environ={"CSV_TOKEN": "letmein-please"})
    first, second = plugins.report()

    assert [(one.name, one.help, one.default, one.is_set) for one in first.settings] == [
        ("CSV_FOLDER", "Where the files go", "/tmp/csv", False),
        ("CSV_TOKEN", "a token", None, True),
    ]
    assert "letmein" not in repr(first)
    assert second.settings == ()


def test_the_settings_of_a_plugin_that_lacks_one_are_told_too(host: Host) -> None:
    required = SettingDeclaration(name="S3_BUCKET", help="the bucket for copies", required=True)
    (report,) = host(declaring("s3", FOLDER, required)).report()

    assert report.state == "quarantined"
    assert [(one.name, one.required, one.is_set) for one in report.settings] == [
        ("CSV_FOLDER", False, False),
        ("S3_BUCKET", True, False),
    ]
