"""Fixtures for authors of plugins. pytest finds them wherever Berrypod is installed; docs/hooks.md shows their use.

berrypod_context             a PluginContext over a small unencrypted shop in a temporary folder
berrypod_snapshot            a Snapshot of that shop, as an exporter gets it
berrypod_encrypted_snapshot  a Snapshot of an encrypted shop with the same content
berrypod_candidate           makes a RestoreCandidate of that shop, as a guard gets it, with changes if need be
check_plugin                 registers a plugin alone, as the shop would, and hands back what it declared
"""

# pytest imports this in every run in this environment, so nothing of Berrypod is imported before it is needed.
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from berrypod.context import PluginContext
    from berrypod.declarations import Snapshot
    from berrypod.testing_tools import CheckPlugin, MakeCandidate, SampleShop

# ruff: noqa: PLC0415

_KEY = "the key of a shop that only tests open"


def pytest_configure(config: pytest.Config) -> None:
    """Warnings of a library of Berrypod's at its import, of which authors can do nothing: where `filterwarnings` has
    `error`, they were the end of each test."""
    config.addinivalue_line("filterwarnings", "ignore:The declarative_mixin decorator was used only by")


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


@pytest.fixture
def berrypod_candidate(_berrypod_shop: SampleShop) -> MakeCandidate:
    """`berrypod_candidate("DELETE FROM orders")`: a file to be restored, which differs from the shop in that."""
    from berrypod.testing_tools import MakeCandidate

    return MakeCandidate(_berrypod_shop.path)


@pytest.fixture(scope="session")
def _berrypod_encrypted_shop_file(  # pyright: ignore[reportUnusedFunction]
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    from berrypod.settings import Secret
    from berrypod.testing_shop import create_sample_shop

    path = tmp_path_factory.mktemp("berrypod-encrypted") / "shop.db"
    create_sample_shop(path, Secret(_KEY))
    return path


@pytest.fixture
def berrypod_encrypted_snapshot(_berrypod_encrypted_shop_file: Path, tmp_path: Path) -> Snapshot:
    from berrypod.settings import Secret
    from berrypod.testing_tools import SampleShop

    path = tmp_path / "berrypod-encrypted-shop" / "shop.db"
    return SampleShop.copied(_berrypod_encrypted_shop_file, path, Secret(_KEY)).snapshot()
