"""Events of the shop itself: its goods, its orders, its newsletter, its plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from berrypod.events.base import Event


@dataclass(frozen=True, kw_only=True)
class ShopStarted(Event):
    name: ClassVar[str] = "shop.started"

    version: str


@dataclass(frozen=True, kw_only=True)
class ShopStopping(Event):
    name: ClassVar[str] = "shop.stopping"


@dataclass(frozen=True, kw_only=True)
class ProductChanged(Event):
    name: ClassVar[str] = "product.changed"

    slug: str
    change: Literal["created", "changed", "archived", "deleted"]


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Event):
    """`total_minor` is in minor units of `currency` (cents); `item_count` counts pieces, not lines."""

    name: ClassVar[str] = "order.placed"

    number: str
    total_minor: int
    currency: str
    item_count: int


@dataclass(frozen=True, kw_only=True)
class OrderStatusChanged(Event):
    name: ClassVar[str] = "order.status_changed"

    number: str
    before: str
    status: str


@dataclass(frozen=True, kw_only=True)
class SubscriberJoined(Event):
    name: ClassVar[str] = "subscriber.joined"

    subscriber_id: int


@dataclass(frozen=True, kw_only=True)
class SubscriberLeft(Event):
    name: ClassVar[str] = "subscriber.left"

    subscriber_id: int


@dataclass(frozen=True, kw_only=True)
class PluginQuarantined(Event):
    name: ClassVar[str] = "plugin.quarantined"

    plugin: str
    error: str
