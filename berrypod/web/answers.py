"""Ready answers: encoded once for as long as nothing changes, sent as they are, with an entity tag."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import msgspec
from litestar.types import Receive, Scope, Send

from berrypod.shop import Shop

# Shared caches may keep what everybody may read, but ask each time: a price must not be old.
ASK_AGAIN = "public, no-cache"
FOR_EVER = "public, max-age=31536000, immutable"


class ReadyAnswer:
    """An answer with its headers, as ASGI sends it.

    Litestar's `Response` is built, copied and encoded anew for each request: a quarter of what a hot page costs. This
    one is made once and sent many times.
    """

    __slots__ = ("_body", "_headers", "_not_modified", "etag", "size_bytes")

    def __init__(
        self, body: bytes, *, etag: str, media_type: str, cache_control: str, encoding: str | None = None
    ) -> None:
        """`etag` is the entity tag without its quotes."""
        self.etag = f'"{etag}"'
        self.size_bytes = len(body)
        self._body = body
        shared = [(b"etag", self.etag.encode()), (b"cache-control", cache_control.encode())]
        self._not_modified = shared
        self._headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            *shared,
            *([(b"content-encoding", encoding.encode())] if encoding else ()),
        ]

    # The headers are copied: middleware adds cookies to the list that it is given.
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if_none_match = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
        if if_none_match is not None and matches(if_none_match.decode("latin-1"), self.etag):
            await send({"type": "http.response.start", "status": 304, "headers": [*self._not_modified]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [*self._headers]})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


async def ready_json(shop: Shop, key: Hashable, build: Callable[[], Awaitable[Any]]) -> ReadyAnswer:
    """The kept answer of `key`, or what `build` returns, encoded."""

    async def encode() -> ReadyAnswer:
        body = msgspec.json.encode(await build())
        digest = hashlib.sha256(body).hexdigest()[:32]
        return ReadyAnswer(body, etag=digest, media_type="application/json", cache_control=ASK_AGAIN)

    return await shop.freshness.get(key, encode, lambda answer: answer.size_bytes)


def matches(if_none_match: str, etag: str) -> bool:
    """Whether the header (RFC 9110: a list of tags, or `*`) names `etag`. Weak comparison, as for GET."""
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in if_none_match.split(","))
