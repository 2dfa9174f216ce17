"""What handlers are given by the names of their parameters: parts of the shop, and of plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from litestar.di import Provide

T = TypeVar("T")


def provided(parts: Mapping[str, object]) -> dict[str, Provide]:
    """For the `dependencies` of an app or a router: each part under its name.

    A handler has it by a parameter of that name, annotated with `litestar.di.NamedDependency[...]`.
    """
    return {name: Provide(_always(part), sync_to_thread=False) for name, part in parts.items()}


def _always(part: T) -> Callable[[], T]:
    def provide() -> T:
        return part

    # Litestar resolves dependencies by annotation, which is only known here.
    provide.__annotations__["return"] = type(part)
    return provide
