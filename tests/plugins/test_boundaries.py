"""Who may import whom: the core knows no plugin, and no plugin knows another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


def imported(folder: Path) -> Iterator[tuple[Path, str]]:
    """The modules that the files below a folder import, at whatever place."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module


def test_the_core_imports_no_plugin() -> None:
    assert [found for found in imported(ROOT / "berrypod") if found[1].startswith("berrypod_")] == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_no_other_plugin(plugin: str) -> None:
    own = f"berrypod_{plugin}"
    found = [(path, module) for path, module in imported(ROOT / "plugins" / plugin) if module.startswith("berrypod_")]

    assert found
    assert [pair for pair in found if pair[1].partition(".")[0] != own] == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_nothing_of_what_hosts_it(plugin: str) -> None:
    """It is the inside of `berrypod.plugins`, and may change at any time."""
    found = [module for _, module in imported(ROOT / "plugins" / plugin) if module.startswith("berrypod.plugin_host")]

    assert found == []
