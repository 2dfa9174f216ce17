"""The plugin needs no other one, and the shop does not need it."""

from __future__ import annotations

from berrypod_restore import plugin
from litestar.testing import TestClient

from berrypod.app import create_app
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.testing_tools import CheckPlugin
from tests.restore.making import shop_with


def test_it_works_alone(check_plugin: CheckPlugin) -> None:
    checked = check_plugin(plugin, name="restore")
    assert "data-restore-drop" in checked.render("restore")
    assert [guard.name for guard in checked.restore_guards] == [
        "restore.schema",
        "restore.foreign-objects",
        "restore.integrity",
        "restore.references",
        "restore.shrinkage",
    ]
    assert set(checked.commands) == {"restore"}


async def test_a_shop_with_no_other_plugin_is_restored(settings: Settings) -> None:
    async with shop_with(settings) as shop:
        await shop.order("A")
        backup = await shop.backup()
        await shop.order("B")
        assert (await shop.applied(await shop.ready(backup))).state == "applied"
        assert await shop.orders() == ["A"]
        assert await shop.restores.kept() == []


def test_the_shop_runs_without_it(settings: Settings) -> None:
    with TestClient(create_app(settings, Plugins.discover(settings, installed=False))) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/api/restores").status_code == 404


def test_each_of_its_hooks_is_declared() -> None:
    marked = {name for name in dir(plugin) if name.startswith("berrypod_") and callable(getattr(plugin, name))}
    assert marked == {
        "berrypod_admin_panels",
        "berrypod_backup_exporters",
        "berrypod_lifespan",
        "berrypod_register_commands",
        "berrypod_restore_guards",
        "berrypod_restore_rehearsals",
        "berrypod_route_handlers",
        "berrypod_settings",
    }
