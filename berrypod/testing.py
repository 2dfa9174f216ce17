"""Fixtures for authors of plugins. pytest finds them wherever Berrypod is installed; docs/hooks.md shows their use.

berrypod_context    a PluginContext over a small unencrypted shop in a temporary folder
berrypod_snapshot   a Snapshot of that shop, as an exporter gets it
check_plugin        registers a plugin alone, as the shop would, and hands back what it declared
"""

# pytest imports this in every run in this environment, so nothing of Berrypod is imported before it is needed.
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from berrypod.context import PluginContext
    from berrypod.declarations import Snapshot
    from berrypod.testing_tools import CheckPlugin, SampleShop

# ruff: noqa: PLC0415


@pytest.fixture(scope="session")
def _berrypod_shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:  # pyright: ignore[reportUnusedFunction]
    from berrypod.testing_shop import create_sample_shop

    path = tmp_path_factory.mktemp("berrypod") / "shop.db"
    create_sample_shop(path)
    return path


@pytest.fixture
def _berrypod_shop(  # pyright: ignore[reportUnusedFunction]
    _berrypod_shop_file: Path, tmp_path: Path
) -> SampleShop:
    from berrypod.testing_tools import SampleShop

    return SampleShop.copied(_berrypod_shop_file, tmp_path / "berrypod-shop" / "shop.db")


@pytest.fixture
def check_plugin(_berrypod_shop: SampleShop) -> CheckPlugin:
    """`check_plugin(module, environ={})`: fails unless the plugin is active; returns what it declared."""
    from berrypod.testing_tools import CheckPlugin

    return CheckPlugin(_berrypod_shop)


@pytest.fixture
def berrypod_context(_berrypod_shop: SampleShop) -> PluginContext:
    """A context of a plugin named `plugin_under_test`. Its database is closed, as it is when hooks are called."""
    return _berrypod_shop.context()


@pytest.fixture
def berrypod_snapshot(_berrypod_shop: SampleShop) -> Snapshot:
    return _berrypod_shop.snapshot()
