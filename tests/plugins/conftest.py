from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from berrypod.context import PluginContext
from berrypod.maintenance import Maintenance
from berrypod.plugins import Limits, Plugins, PluginSource
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from tests.plugins.making import QUICK


class Host(Protocol):
    def __call__(
        self,
        *sources: PluginSource,
        environ: Mapping[str, str] | None = None,
        disabled: tuple[str, ...] = (),
        key: Secret | None = None,
        declare: bool = True,
        limits: Limits = QUICK,
    ) -> Plugins: ...


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Host plugins, as an app does. No database is opened."""
    hosted: list[Plugins] = []

    def host_them(
        *sources: PluginSource,
        environ: Mapping[str, str] | None = None,
        disabled: tuple[str, ...] = (),
        key: Secret | None = None,
        declare: bool = True,
        limits: Limits = QUICK,
    ) -> Plugins:
        settings = Settings(
            environment="test",
            database_path=tmp_path / "shop.db",
            secret_key_db=key,
            disabled_plugins=frozenset(disabled),
            environment_values=environ or {},
        )
        plugins = Plugins.discover(settings, sources, installed=False, limits=limits)
        hosted.append(plugins)
        if declare:
            database = Database(settings)
            plugins.declare(
                lambda name: PluginContext(
                    plugin=name,
                    settings=settings,
                    database=database,
                    maintenance=Maintenance(database),
                    plugins=plugins,
                )
            )
        return plugins

    yield host_them
    for plugins in hosted:
        plugins.close(0)


@pytest.fixture
def hang() -> Iterator[Callable[..., None]]:
    """A function that does not return before the test has ended."""
    release = threading.Event()

    def hang_until_the_end(*_: object, **__: object) -> None:
        release.wait(30)

    yield hang_until_the_end
    release.set()
