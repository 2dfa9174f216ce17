"""What all work on one archive shares: its place, and what is known of its content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from berrypod.archive.ends import Ends
from berrypod.archive.manifests import Manifests
from berrypod.archive.maps import Maps
from berrypod.archive.objects import ObjectStorage
from berrypod.archive.place import Place


class Stock:
    """See the module."""

    def __init__(self, storage: ObjectStorage, work_folder: Callable[[], Path]) -> None:
        self.place = Place(storage, work_folder)
        self.manifests = Manifests(self.place)
        self.maps = Maps(self.place)
        self.ends = Ends(self.place)

    @property
    def storage(self) -> ObjectStorage:
        return self.place.storage
