"""The shop over HTTP, once for all tests of a module: each begins with nothing set and nothing told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from berrypod_notify import plugin as notify_plugin

from berrypod.plugins import PluginSource
from berrypod.settings import Secret, Settings
from berrypod.storage.connection import open_connection
from tests.notify.conftest import Neighbour, Person
from tests.web.admin.conftest import Shop, admin_settings, cheap_passwords, running, shop_file_with_admin

# What a module of tests imports to have it.
__all__ = ["admin_settings", "cheap_passwords", "neighbour", "served", "shop", "shop_file_with_admin", "site"]


@dataclass
class Site:
    """A shop that goes on from test to test, and the plugin beside `notify`."""

    shop: Shop
    neighbour: Neighbour

    def cleared(self) -> None:
        path = self.shop.settings.database_path
        with closing(open_connection(path, None)) as connection:
            connection.execute("DELETE FROM settings WHERE key LIKE 'notify.%'")
            connection.commit()
        (path.with_name(f"{path.name}-work") / "notify" / "told.json").unlink(missing_ok=True)
        self.shop.told().clear()
        self.neighbour.conditions = []
        self.neighbour.people[0].told, self.neighbour.people[0].failure = [], ""
        self.neighbour.people[0].set_up = False


def served(
    settings: Settings, neighbour: Neighbour, environ: dict[str, str] | None = None
) -> AbstractContextManager[Shop]:
    settings = replace(settings, environment_values=environ or {})
    return running(settings, PluginSource.of(notify_plugin, "notify"), PluginSource.of(neighbour, "neighbour"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, shop_file_with_admin: Path) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("served") / "shop.db"
    shutil.copyfile(shop_file_with_admin, path)
    settings = Settings(environment="test", database_path=path, secret_key_base=Secret("a key base of the tests, long"))
    neighbour = Neighbour([Person("ana")])
    with served(settings, neighbour) as shop:
        yield Site(shop, neighbour)


@pytest.fixture
def shop(site: Site) -> Shop:
    site.cleared()
    return site.shop


@pytest.fixture
def neighbour(site: Site) -> Neighbour:
    return site.neighbour
