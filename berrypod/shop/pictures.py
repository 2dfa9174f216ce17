"""Pictures. Their bytes are in the shop's file, each once, whatever they are used for."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec
from advanced_alchemy.filters import OrderBy
from cachetools import LRUCache
from sqlalchemy import select
from sqlcipher3 import dbapi2

from berrypod.errors import Conflict, NotFound
from berrypod.shop.catalogue_records import PictureRef
from berrypod.shop.checking import Checks
from berrypod.shop.freshness import Freshness
from berrypod.shop.paging import Page, PageRequest
from berrypod.shop.picture_check import prepare_picture
from berrypod.shop.picture_records import AddedPicture, Picture, PictureHead, PictureRecord, picture_url
from berrypod.shop.repositories import ImageRepository
from berrypod.storage.database import Database
from berrypod.storage.models import Image, Product, ProductImage

_REFERENCES: Final = """
    SELECT id, sha256, alt, width, height FROM images WHERE id IN (SELECT value FROM json_each(?))
"""

_CACHE_BYTES: Final = 32 * 1024 * 1024
_HEADS_BYTES: Final = 4 * 1024 * 1024
_HEAD_BYTES: Final = 300
# SQLite counts in 64 bits; asking for more would be an error of its own.
_NUMBERS_END: Final = 2**63


class Pictures:
    """Reads for customers are kept in memory, up to 32 MB; see `get`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heads = Freshness(database.data_version, max_bytes=_HEADS_BYTES)
        # By digest, and so never wrong: a commit makes us look up the digest again, not the bytes.
        self._bytes: LRUCache[str, bytes] = LRUCache(_CACHE_BYTES, getsizeof=len)
        # Decoding takes memory by the hundred megabytes: one at a time.
        self._decoding = asyncio.Semaphore(1)

    async def head(self, number: int) -> PictureHead:
        """Digest and kind of a picture.

        :raises NotFound: there is no picture of this number.
        """
        if not 0 < number < _NUMBERS_END:
            raise _no_picture()
        return await self._heads.get(number, lambda: self._read_head(number), lambda _: _HEAD_BYTES)

    async def get(self, number: int) -> Picture:
        """A picture with its bytes.

        :raises NotFound: there is no picture of this number.
        """
        head = await self.head(number)
        data = self._bytes.get(head.sha256)
        if data is None:
            data = await self._database.fetch(lambda connection: _read_data(connection, head))
            if len(data) <= _CACHE_BYTES // 4:
                self._bytes[head.sha256] = data
        return Picture(head, data)

    async def references(self, numbers: Iterable[int]) -> dict[int, PictureRef]:
        """Address, size and description of pictures, by number. Those that are not there are left out."""
        wanted = msgspec.json.encode(list(numbers)).decode()
        rows = await self._database.fetch(lambda connection: connection.execute(_REFERENCES, (wanted,)).fetchall())
        return {
            number: PictureRef(id=number, url=picture_url(number, sha256), alt=alt, width=width, height=height)
            for number, sha256, alt, width, height in rows
        }

    async def add(self, data: bytes, *, filename: str = "", alt: str = "") -> AddedPicture:
        """Put a picture into the shop, unless the same is there already. What it tells besides is not kept.

        :raises Invalid: it is none of JPEG, PNG, WebP and GIF, is broken, or too large; or the texts are.
        """
        checks = Checks()
        alt = checks.text("alt", alt, longest=500, required=False)
        name = PurePosixPath(filename.replace("\\", "/")).name
        name = checks.text("filename", name, longest=200, required=False)
        checks.done("The picture cannot be accepted as it is")
        async with self._decoding:
            checked, data = await asyncio.to_thread(prepare_picture, data)
            sha256 = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        async with self._database.write() as session:
            known = await session.scalar(select(Image).where(Image.sha256 == sha256))
            if known is not None:
                return AddedPicture(_record(known), existed=True)
            image = Image(
                sha256=sha256,
                media_type=checked.media_type,
                width=checked.width,
                height=checked.height,
                size_bytes=len(data),
                filename=name,
                alt=alt,
                data=data,
            )
            session.add(image)
            await session.flush()
            return AddedPicture(_record(image), existed=False)

    async def list(self, page: PageRequest | None = None) -> Page[PictureRecord]:
        """The pictures without their bytes, newest first."""
        page = page or PageRequest()
        async with self._database.read() as session:
            images, total = await ImageRepository(session).page(page, OrderBy("id", "desc"))
        return Page(items=[_record(image) for image in images], page=page.page, page_size=page.page_size, total=total)

    async def delete(self, number: int) -> None:
        """Remove a picture that no product shows.

        :raises NotFound: there is no picture of this number.
        :raises Conflict: products show it; `products` lists their slugs.
        """
        async with self._database.write() as session:
            image = await session.get(Image, number) if 0 < number < _NUMBERS_END else None
            if image is None:
                raise _no_picture()
            users = select(Product.slug).join(ProductImage).where(ProductImage.image_id == number).distinct()
            if slugs := list(await session.scalars(users.order_by(Product.slug))):
                raise Conflict(
                    f"Picture {number} is shown by: {', '.join(slugs)}",
                    hint="Take it out of these products' galleries first.",
                    products=slugs,
                )
            await session.delete(image)

    async def _read_head(self, number: int) -> PictureHead:
        row = await self._database.fetch(
            lambda connection: connection.execute(
                "SELECT id, sha256, media_type FROM images WHERE id = ?", (number,)
            ).fetchone()
        )
        if row is None:
            raise _no_picture()
        return PictureHead(*row)


def _read_data(connection: dbapi2.Connection, head: PictureHead) -> bytes:
    # By digest as well: between the two reads the picture may have gone, and another have got its number.
    row: tuple[Any, ...] | None = connection.execute(
        "SELECT data FROM images WHERE id = ? AND sha256 = ?", (head.id, head.sha256)
    ).fetchone()
    if row is None:
        raise _no_picture()
    return row[0]


def _no_picture() -> NotFound:
    return NotFound("There is no such picture")


def _record(image: Image) -> PictureRecord:
    return PictureRecord(
        id=image.id,
        url=picture_url(image.id, image.sha256),
        sha256=image.sha256,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        filename=image.filename,
        alt=image.alt,
        created_at=image.created_at,
    )
