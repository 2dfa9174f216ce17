"""The demo shop: a believable catalogue with 156 pictures, drawn by code.

    data.py       the shop as data: what is sold, who ordered it, who reads the letter
    stock/        what data.py is put together from: goods by category, people, orders, settings
    pictures.py   the list of all pictures, and the drawing of one
    painting.py   the drawing of all, on as many processors as there are
    filling.py    data and pictures into a database
    shots/        what is on each picture: goods set up before a backdrop
    goods/        the things for sale, as drawings
    scenes/       backdrops, furniture, kitchens and hedges
    motifs/       berries, leaves, and what is printed on the goods
    drawing/      canvas, outlines, lettering, textures, the palette

Each folder knows only those below it (and ``stock/`` none of them). Everything is seeded: the same pictures, byte for
byte, with the same release of Pillow.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from berrypod.demo.counts import DemoCounts

if TYPE_CHECKING:
    from berrypod.storage.database import Database

__all__ = ["DemoCounts", "fill"]


async def fill(
    database: Database, *, now: datetime, progress: Callable[[float], object] = lambda _share: None
) -> DemoCounts:
    """Fill an empty shop with the demo, in one transaction; takes some ten seconds, nearly all of it for drawing.

    ``now`` (with a time zone) is the moment that orders and subscriptions look back from. ``progress`` is told the
    share that is done, 0.0 to 1.0.

    :raises Conflict: the shop has products already.
    :raises StorageError: it could not be written; then nothing was.
    """
    # Drawing loads Pillow and a hundred small modules: no business of the other commands that import this package.
    from berrypod.demo.filling import fill_shop  # noqa: PLC0415

    return await fill_shop(database, now=now, progress=progress)
