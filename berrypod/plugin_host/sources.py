"""Where plugins come from: entry points of installed distributions, or objects that are handed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Self

from berrypod.hookspecs import ENTRY_POINT_GROUP
from berrypod.isolation import Failed, attempt


@dataclass(frozen=True, kw_only=True)
class PluginSource:
    """A plugin that is not loaded yet.

    `load` imports it and returns the module or object that has the hooks.
    """

    name: str
    load: Callable[[], object]
    distribution: str | None = None
    version: str | None = None

    @classmethod
    def of(cls, plugin: object, name: str | None = None) -> Self:
        """A plugin that is there already: a module or an object.

        Without a `name` it is named after itself: `plugin` for the module `orders.plugin`, `orders_csv` for an object
        of the class `OrdersCsv`.
        """
        own = str(getattr(plugin, "__name__", type(plugin).__name__)).rpartition(".")[2]
        return cls(name=_as_name(own) if name is None else name, load=lambda: plugin)


def _as_name(identifier: str) -> str:
    """A plugin's name made of a module's or a class's: those may have capitals and underscores anywhere."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier).lower()
    name = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    return name[:64].rstrip("_") if name[:1].isalpha() else f"plugin_{name}"[:64].rstrip("_")


def installed_sources() -> list[PluginSource]:
    """All entry points of the group, sorted by name.

    Where two distributions use the same name, the one called `berrypod-<name>` comes first: a plugin with its
    own name cannot be pushed aside by another that happens to sort before it.
    """
    found = [source for distribution in _distributions() for source in _entry_points(distribution)]
    return sorted(found, key=_rank)


def _rank(source: PluginSource) -> tuple[str, bool, str]:
    distribution = _normalized(source.distribution or "")
    return (source.name, distribution != f"berrypod-{_normalized(source.name)}", distribution)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _distributions() -> Iterator[metadata.Distribution]:
    """Each installed distribution once: the first one on the path shadows later ones, as in an import."""
    seen: set[str] = set()
    for distribution in metadata.distributions():
        text = attempt(lambda found=distribution: found.read_text("entry_points.txt"))
        # Distributions with broken metadata exist (a half-removed folder). They are none of ours.
        if isinstance(text, Failed) or not text.value or ENTRY_POINT_GROUP not in text.value:
            continue
        name = attempt(lambda found=distribution: _normalized(found.metadata["Name"]))
        if isinstance(name, Failed) or name.value in seen:
            continue
        seen.add(name.value)
        yield distribution


def _entry_points(distribution: metadata.Distribution) -> Iterator[PluginSource]:
    points = attempt(lambda: list(distribution.entry_points))
    if isinstance(points, Failed):
        return
    for point in points.value:
        if point.group == ENTRY_POINT_GROUP:
            yield PluginSource(
                name=point.name,
                load=point.load,
                distribution=distribution.metadata["Name"],
                version=distribution.version,
            )
