"""Settings, driver and plugins."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod.declarations import SettingDeclaration
from berrypod.doctor.circumstances import subject_of
from berrypod.doctor.examining import make
from berrypod.plugins import Plugins, PluginSource
from berrypod.storage import connection
from tests.doctor.conftest import CHECKS, Shop
from tests.plugins.making import plugin, provider


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("BERRYPOD_ENV", "production", "'production'"),
            ("BERRYPOD_MAINTENANCE_WAIT", "soon", "no number of seconds"),
            ("SECRET_KEY_DB", " begins with a blank and is long enough", "white space"),
            ("DATABASE_PATH", "/", "DATABASE_PATH is a folder"),
            ("BERRYPOD_TRUSTED_PROXIES", "*", "which is everybody"),
        ],
    )
    def test_what_is_malformed_is_told_by_its_name(self, shop: Shop, name: str, value: str, words: str) -> None:
        shop.environ[name] = value
        (finding,) = shop.look("settings")
        assert finding.level == "fail"
        assert words in finding.why
        assert finding.what_to_do

    def test_each_of_several_is_told_and_the_rest_is_understood(self, shop: Shop) -> None:
        shop.environ |= {"BERRYPOD_ENV": "production", "BERRYPOD_MAINTENANCE_WAIT": "-1"}
        assert [finding.level for finding in shop.look("settings")] == ["fail", "fail"]
        assert shop.level("opens") == "pass"

    def test_a_shop_that_is_run_for_development_is_warned_of(self, shop: Shop) -> None:
        shop.environ["BERRYPOD_ENV"] = "dev"
        assert shop.level("settings") == "warn"


class TestDriver:
    def test_sqlite_without_sqlcipher(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        """Python's own module is one."""
        monkeypatch.setattr(connection, "dbapi2", sqlite3)
        (finding,) = shop.look("sqlcipher")
        assert (finding.level, finding.title) == ("fail", "SQLCipher is not linked")
        assert "sqlcipher3>=" in finding.what_to_do

    def test_a_sqlcipher_that_is_too_old(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("berrypod.doctor.program.library_versions", lambda: ("3.4.1", "3.15.2"))
        assert shop.level("sqlcipher") == "fail"

    def test_two_distributions_of_the_driver(self, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, version in (("sqlcipher3", "0.6.4"), ("sqlcipher3_binary", "0.6.0")):
            folder = tmp_path / "site" / f"{name}-{version}.dist-info"
            folder.mkdir(parents=True)
            (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        (finding,) = shop.look("driver")
        assert finding.level == "fail"
        assert "sqlcipher3-binary 0.6.0" in finding.why

    def test_a_sqlite_that_is_known_to_lose_commits(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dbapi2, "sqlite_version_info", (3, 51, 1))
        lost, froze = shop.look("sqlite-defects")
        assert (lost.level, froze.level) == ("fail", "fail")
        assert "committed orders" in lost.why
        assert "https://sqlite.org" in lost.why


class TestPlugins:
    @staticmethod
    def _look(shop: Shop, *sources: PluginSource) -> list[str]:
        plugins = Plugins.discover(shop.settings, sources, installed=False)
        subject = subject_of(shop.environ, plugins=plugins)
        return [f"{one.level} {one.title} {one.why}" for one in make(CHECKS["plugins"], subject, lambda _: None)]

    def test_one_that_cannot_be_imported(self, shop: Shop) -> None:
        def load() -> object:
            raise ImportError("no module named rope")

        (told,) = self._look(shop, PluginSource(name="ladder", load=load, distribution="ladder", version="1"))
        assert told.startswith("fail The plugin ladder is in quarantine")
        assert "no module named rope" in told

    def test_one_that_fails_when_it_is_asked_what_it_has(self, shop: Shop) -> None:
        (told,) = self._look(shop, plugin("ladder", berrypod_admin_panels=lambda context: [7]))
        assert told.startswith("fail The plugin ladder is in quarantine")

    def test_one_whose_routes_cannot_be_served(self, shop: Shop) -> None:
        (told,) = self._look(shop, plugin("ladder", berrypod_route_handlers=lambda context: [lambda: None]))
        assert told.startswith("fail The plugin ladder is in quarantine")

    def test_one_of_which_a_part_was_left_out(self, shop: Shop) -> None:
        twice = [provider("rungs"), provider("rungs")]
        (told,) = self._look(shop, plugin("ladder", berrypod_stats_providers=lambda context: twice))
        assert told.startswith("warn Something of the plugin ladder does not work stats provider rungs")

    def test_two_that_want_the_same_setting(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        """The shop does not start then, and the doctor does."""

        def wants(name: str) -> PluginSource:
            wanted = [SettingDeclaration(name="RUNGS", help="how many")]
            return plugin(name, berrypod_settings=lambda: wanted)

        monkeypatch.setattr("berrypod.plugins.installed_sources", lambda: [wants("ladder"), wants("stairs")])
        subject = subject_of(shop.environ)
        (finding,) = make(CHECKS["plugins"], subject, lambda _: None)
        assert finding.level == "fail"
        assert "RUNGS" in finding.why

    def test_one_that_was_switched_off_is_no_fault(self, shop: Shop) -> None:
        shop.environ["BERRYPOD_DISABLED_PLUGINS"] = "ladder"
        (told,) = self._look(shop, plugin("ladder", berrypod_stats_providers=lambda context: []))
        assert told == "pass No plugin is in quarantine ladder (disabled)"
