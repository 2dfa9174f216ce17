"""A declaration with its maker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Declared(Generic[T_co]):
    """A declaration, with the name of the plugin that made it."""

    plugin: str
    declaration: T_co
