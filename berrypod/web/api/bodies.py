"""Bodies that are files: read up to a limit, and described for the OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

from berrypod.errors import ShopError


class UnsupportedKind(ShopError):
    code = "unsupported_media_type"
    status = 415
    title = "The body is not of a kind that is accepted"
    default_hint = "Send the file itself as the body, with its kind as the Content-Type, for example image/webp."


class BodyTooLarge(ShopError):
    code = "body_too_large"
    status = 413
    title = "The body is too large"
    default_hint = "Send a smaller file."


@dataclass
class RawPicture(Operation):
    """An operation whose body is a picture.

    Litestar knows of a body only by a handler's `data`, which it would read whole, whatever its size.
    """

    def __post_init__(self) -> None:
        picture = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, content_media_type="image/*"))
        self.request_body = RequestBody(content={"image/*": picture}, description="The file", required=True)


async def read_limited(request: Request[Any, Any, Any], limit: int) -> bytes:
    """The whole body, of which never more than `limit` bytes are held.

    :raises BodyTooLarge: it is longer.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"At most {limit // 1024 // 1024} MB are accepted", limit_bytes=limit)
