"""Who may import whom: the core knows no plugin, and no plugin knows another."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


@cache
def imported(folder: Path) -> list[tuple[Path, str, str]]:
    """What the files below a folder import, at whatever place: the module, and of it the name, if it is a name's."""
    found: list[tuple[Path, str, str]] = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found += [(path, alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found += [(path, node.module, alias.name) for alias in node.names]
    return found


def test_the_core_imports_no_plugin() -> None:
    assert [found for found in imported(ROOT / "berrypod") if found[1].startswith("berrypod_")] == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_no_other_plugin(plugin: str) -> None:
    own = f"berrypod_{plugin}"
    found = [one for one in imported(ROOT / "plugins" / plugin) if one[1].startswith("berrypod_")]

    assert found
    assert [one for one in found if one[1].partition(".")[0] != own] == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_nothing_of_what_hosts_it(plugin: str) -> None:
    """It is the inside of `berrypod.plugins`, and may change at any time."""
    found = [one for one in imported(ROOT / "plugins" / plugin) if one[1].startswith("berrypod.plugin_host")]

    assert found == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_nothing_private(plugin: str) -> None:
    found = [one for one in imported(ROOT / "plugins" / plugin) if one[1].startswith("berrypod")]

    assert [
        one
        for one in found
        if any(part.startswith("_") for part in (*one[1].split("."), one[2])) and one[2] != "__version__"
    ] == []
