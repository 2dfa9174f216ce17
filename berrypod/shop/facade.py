"""The shop as one object: what pages, the API, the command line and plugins' commands work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from berrypod.events import Event
from berrypod.shop.baskets import Baskets
from berrypod.shop.catalogue import Catalogue
from berrypod.shop.freshness import Freshness
from berrypod.shop.inventory import Inventory
from berrypod.shop.orders import Orders
from berrypod.shop.pictures import Pictures
from berrypod.shop.settings import ShopSettings
from berrypod.shop.subscribers import Subscribers
from berrypod.storage.database import Database

_ANSWERS_BYTES: Final = 16 * 1024 * 1024


def _nobody(_: Event) -> None:
    """For a shop that nobody observes."""


class Shop:
    """Made before the database is open, used while it is.

    `freshness` keeps ready answers (JSON, pages) while nothing changes in the file. Its keys are tuples that begin with
    the name of what they are for.
    """

    def __init__(self, database: Database, emit: Callable[[Event], None] = _nobody) -> None:
        self.freshness = Freshness(database.data_version, max_bytes=_ANSWERS_BYTES)
        self.settings = ShopSettings(database, self.freshness)
        self.catalogue = Catalogue(database)
        self.baskets = Baskets(database)
        self.inventory = Inventory(database, emit)
        self.pictures = Pictures(database)
        self.orders = Orders(database, self.settings, emit)
        self.subscribers = Subscribers(database, emit)
