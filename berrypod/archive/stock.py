"""What all work on one archive shares: its place, and what is known of its content."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from berrypod.archive.ends import Ends
from berrypod.archive.manifest import Manifest
from berrypod.archive.manifests import Manifests
from berrypod.archive.maps import Maps
from berrypod.archive.objects import ObjectStorage
from berrypod.archive.place import Place

# Says which shop asks: None if it has never noted a name in a backup.
Shop = Callable[[], Awaitable[str | None]]


class Stock:
    """See the module."""

    def __init__(self, storage: ObjectStorage, work_folder: Callable[[], Path], shop: Shop | None = None) -> None:
        self._shop = shop
        self.place = Place(storage, work_folder)
        self.manifests = Manifests(self.place)
        self.maps = Maps(self.place)
        self.ends = Ends(self.place)

    async def of_others(self, manifests: Iterable[Manifest]) -> set[str]:
        """The ids of those that are another shop's. One from before shops had names is ours."""
        noted = {one.id: one.shop for one in manifests if one.shop is not None}
        if self._shop is None or not noted:
            return set()
        ours = await self._shop()
        return {backup_id for backup_id, shop in noted.items() if shop != ours}

    @property
    def storage(self) -> ObjectStorage:
        return self.place.storage
