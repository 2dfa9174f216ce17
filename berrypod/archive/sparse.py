"""Chunks of which the newest backup needs little: the next one stores what it needs of them anew.

A chunk goes when none of its pages is needed. Without this, one with a few pages that never change would keep all its
others for ever, and each backup would depend on ever more chunks. So they go with the old backups that need more of
them, and no chunk or map that is there has to be changed for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from berrypod.archive.entries import Listed, listed
from berrypod.archive.manifest import Manifest
from berrypod.archive.objects import StoredObject
from berrypod.archive.stock import Stock
from berrypod.errors import NotFound
from berrypod.storage.chunks import ENTRY_BYTES
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.page_map import MapDamaged

# A quarter: a page is moved for three that were replaced, so that a third more is written than has changed, at most.
_LEAST_SHARE: Final = 0.25


async def sparse_chunks(stock: Stock) -> set[str]:
    """The digests of such chunks, by the newest backup of pages that there is; also of those that it does not need.

    What no backup needs is not among them: it was stored by one that was interrupted, and is as good as new.
    """
    objects = await stock.storage.list()
    found, manifests = listed(objects), await stock.manifests.all(objects)
    of_pages = [one for one in manifests.values() if isinstance(one, Manifest) and one.storage == "pages"]
    if not of_pages:
        return set()
    try:
        newest = await stock.maps.of(max(of_pages, key=lambda one: (one.created_at, one.id)))
    except MapDamaged:
        return set()
    needed = dict(zip(newest.chunks, newest.pages_of_chunks(), strict=True))
    return {
        digest
        for digest in await _needed_by_any(stock, found, of_pages)
        if (chunk := found.chunks.get(digest)) and needed.get(digest, 0) < _LEAST_SHARE * _pages_in(chunk)
    }


async def _needed_by_any(stock: Stock, found: Listed, manifests: Iterable[Manifest]) -> set[str]:
    needed, maps = set[str](), found.of_kind("map")
    for manifest in manifests:
        if manifest.id in maps:
            with suppress(MapDamaged, NotFound):  # that is for a listing to tell
                needed.update(await stock.maps.chunks(maps[manifest.id], manifest))
    return needed


def _pages_in(chunk: StoredObject) -> int:
    """By its size: what comes after the pages and the index is shorter than a page."""
    return chunk.size_bytes // (PAGE_BYTES + ENTRY_BYTES)
