"""What the hooks of one plugin share within one app: one object of each name per shop, made when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from berrypod.context import PluginContext

T = TypeVar("T")


class PerApp:
    """One for each plugin, in its module of hooks.

    What hooks declare keeps these objects alive, and they keep the context and so the database: an entry lives as long
    as its app, and the database's identity, by which it is found, cannot be used again before.
    """

    def __init__(self) -> None:
        self._made: WeakValueDictionary[tuple[int, str], object] = WeakValueDictionary()

    def get(self, context: PluginContext, name: str, make: Callable[[], T]) -> T:
        """The object of this name in the app that `context` belongs to. What `make` raises passes."""
        key = (id(context.database), name)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = make()
        return cast("T", found)
