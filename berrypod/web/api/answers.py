"""Ready answers: JSON that is encoded once for as long as nothing changes, with an entity tag."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import msgspec
from litestar import MediaType, Request, Response

from berrypod.shop import Shop

# Shared caches may keep what everybody may read, but ask each time: a price must not be old.
_PUBLIC = "public, no-cache"


class Answer(msgspec.Struct, frozen=True):
    """An encoded body and its strong entity tag, quotes included."""

    body: bytes
    etag: str


async def ready_json(
    request: Request[Any, Any, Any], shop: Shop, key: Hashable, build: Callable[[], Awaitable[Any]]
) -> Response[bytes]:
    """The kept answer of `key`, or what `build` returns, encoded; 304 when the client has it already."""
    answer = await ready(shop, key, build)
    return respond(request, answer.body, answer.etag, MediaType.JSON, _PUBLIC)


async def ready(shop: Shop, key: Hashable, build: Callable[[], Awaitable[Any]]) -> Answer:
    async def encode() -> Answer:
        body = msgspec.json.encode(await build())
        return Answer(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    return await shop.freshness.get(key, encode, lambda answer: len(answer.body))


def respond(
    request: Request[Any, Any, Any], body: bytes, etag: str, media_type: str, cache_control: str
) -> Response[bytes]:
    """`body` with its entity tag; 304 without it when the client has it already."""
    headers = {"etag": etag, "cache-control": cache_control}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the header (RFC 9110: a list of tags, or `*`) names `etag`. Weak comparison, as for GET."""
    if if_none_match is None:
        return False
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in if_none_match.split(","))
