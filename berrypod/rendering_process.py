"""The process that renders a few pages of a shop: `python -m berrypod.rendering_process`.

An order comes on the first line of standard input (`rendering_wire`), the answer goes to standard output. When standard
input closes, whoever asked has gone, and the process ends at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from markupsafe import escape

from berrypod import rendering_wire as wire
from berrypod.app import app_of
from berrypod.errors import BerrypodError, StorageError
from berrypod.parts import Parts, put_together
from berrypod.plugins import Plugins
from berrypod.settings import Secret, Settings
from berrypod.shop import PageRequest, Shop
from berrypod.shop.catalogue_records import ProductSummary
from berrypod.storage.gate import Gate

STATUS_NOT_WANTED = 3
_NICENESS = 10

_BROKEN_HINT = (
    "Pages cannot be made of what is in this file. Restore another backup, and keep this one to be looked at."
)


class _NotAsItShould(StorageError):
    code = "page_not_rendered"
    title = "A page of the shop does not come out of it"
    default_hint = _BROKEN_HINT


def main() -> int:
    """Carry out one order. Returns the exit status, which is 0 whenever there is an answer."""
    try:
        order = msgspec.json.decode(sys.stdin.buffer.readline(wire.LONGEST_LINE), type=wire.Order)
    except msgspec.MsgspecError:
        # Without the decoder's words: they could quote what was sent, and a key may be part of that.
        sys.stderr.write("standard input is no order\n")
        return 2
    threading.Thread(target=_end_when_unwanted, daemon=True).start()
    with suppress(OSError):
        os.nice(_NICENESS)  # customers come first
    sys.stdout.buffer.write(msgspec.json.encode(_answer(order)) + b"\n")
    sys.stdout.buffer.flush()
    return 0


def _answer(order: wire.Order) -> wire.Said:
    try:
        return wire.Rendered(pages=tuple(asyncio.run(_render(order))))
    except BerrypodError as error:
        return wire.Refused(code=error.code, message=error.message, hint=error.hint or _BROKEN_HINT)


async def _render(order: wire.Order) -> list[str]:
    settings = Settings(
        environment="test",
        database_path=Path(order.path),
        secret_key_db=Secret(order.passphrase) if order.passphrase else None,
    )
    # Not `create_parts`: nobody is to hear of this shop, neither plugins nor the audit log.
    plugins = Plugins(settings, ())
    parts = put_together(settings, plugins)
    plugins.declare(parts.context)
    try:
        async with _client(parts) as client:
            return await _pages(client, parts.shop)
    finally:
        gate = Gate(parts.database.path)  # Nobody else has the file: its locks can go, elsewhere they never do.
        for lock in (gate.path, gate.announcement_path):
            lock.unlink(missing_ok=True)


@asynccontextmanager
async def _client(parts: Parts) -> AsyncGenerator[httpx.AsyncClient]:
    """:raises StorageError: the file cannot be opened."""
    transport = httpx.ASGITransport(app=_app_of(parts), raise_app_exceptions=False)
    # Not the app's own lifespan, which does no more: it would bring an error in a group of errors.
    async with parts.opened(), httpx.AsyncClient(transport=transport, base_url="http://berrypod.test") as client:
        yield client


def _app_of(parts: Parts) -> Any:
    # Litestar has its own types for what ASGI says, which are not httpx's.
    return app_of(parts)


async def _pages(client: httpx.AsyncClient, shop: Shop) -> list[str]:
    listing = await shop.catalogue.products(page=PageRequest(1, 1))
    if not listing.items:
        await _page(client, "/")
        return ["the front page (there are no products)"]
    first = listing.items[0]
    await _page(client, "/", shows=first.title)
    done = ["the front page"]
    if first.category:
        await _page(client, f"/?{urlencode({'category': first.category})}", shows=first.title)
        done.append(f"the category “{first.category}”")
    await _page(client, f"/products/{first.slug}", shows=first.title)
    done.append(f"the product “{first.title}”")
    pictured = first if first.cover else await _with_picture(shop)
    if pictured is not None and pictured.cover:
        await _picture(client, pictured.cover.url)
        done.append("a picture")
    return done


async def _with_picture(shop: Shop) -> ProductSummary | None:
    listing = await shop.catalogue.products(page=PageRequest(1, 100))
    return next((product for product in listing.items if product.cover), None)


async def _page(client: httpx.AsyncClient, address: str, *, shows: str | None = None) -> None:
    """:raises _NotAsItShould: it is no page, or `shows` is not on it."""
    response = await client.get(address, headers={"accept": "text/html"})
    if response.status_code != 200 or not response.headers.get("content-type", "").startswith("text/html"):
        raise _NotAsItShould(f"The page {address} answers {response.status_code}")
    if shows is not None and str(escape(shows)) not in response.text:
        raise _NotAsItShould(f"The page {address} does not show the product “{shows}”")


async def _picture(client: httpx.AsyncClient, address: str) -> None:
    """:raises _NotAsItShould: it is no picture, or not the one that was uploaded."""
    response = await client.get(address)
    if response.status_code != 200 or not response.content:
        raise _NotAsItShould(f"The picture {address} answers {response.status_code}")
    # Its entity tag is the digest that was noted when it was uploaded.
    if response.headers.get("etag", "").strip('"') != hashlib.sha256(response.content).hexdigest():
        raise _NotAsItShould(f"The picture {address} is not the one that was uploaded")


def _end_when_unwanted() -> None:
    # The descriptor, not sys.stdin: a thread that waits inside its buffer makes the interpreter abort.
    while os.read(0, 4096):
        pass
    os._exit(STATUS_NOT_WANTED)


if __name__ == "__main__":
    sys.exit(main())
