"""The plugin needs no other one, and the shop does not need it."""

from __future__ import annotations

from berrypod_backup import plugin
from litestar.testing import TestClient

from berrypod.app import create_app
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.testing_tools import CheckPlugin
from tests.backup.conftest import Site


def test_it_works_alone(check_plugin: CheckPlugin) -> None:
    checked = check_plugin(plugin, name="backup")
    assert [one.name for one in checked.backup_exporters] == ["download", "keep"]
    assert "Download backup" in checked.render("backup")
    assert checked.figures("backup")["last_backup"].text == "never"
    assert set(checked.commands) == {"backup"}


def test_the_page_is_there_with_no_other_plugin(site: Site) -> None:
    site.sign_in()
    assert "Download backup" in site.page()
    assert site.ended(site.start())["state"] == "ready"


def test_the_shop_runs_without_it(settings: Settings) -> None:
    with TestClient(create_app(settings, Plugins.discover(settings, installed=False))) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/api/backups").status_code == 404


def test_each_of_its_hooks_is_declared() -> None:
    marked = {name for name in dir(plugin) if name.startswith("berrypod_") and callable(getattr(plugin, name))}
    assert marked == {
        "berrypod_admin_panels",
        "berrypod_archive_sources",
        "berrypod_backup_exporters",
        "berrypod_doctor_checks",
        "berrypod_health_parts",
        "berrypod_lifespan",
        "berrypod_observe",
        "berrypod_register_commands",
        "berrypod_route_handlers",
        "berrypod_settings",
        "berrypod_stats_providers",
    }
