"""Files that come over HTTP, piece by piece: as the body of a request, or within a form of a browser without scripts.

Litestar reads a form as a whole, and keeps its files in a temporary folder: twice the disk, and outside of the folder
that belongs to the shop. Here no piece is kept longer than it takes to hand it on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from berrypod.errors import Forbidden, Invalid
from berrypod.web.pages import is_form_token
from berrypod_restore.faults import UploadIncomplete

TOKEN_FIELD: Final = "_csrf_token"  # noqa: S105 - the name of a field
FILE_FIELD: Final = "file"

_LONGEST_TOKEN_BYTES: Final = 1000
_MOST_PARTS: Final = 3


@dataclass(frozen=True, kw_only=True)
class FormFile:
    """A file within a form. `chunks` is read once, while the form is still coming."""

    filename: str
    chunks: AsyncIterator[bytes]


async def body_of(request: Request[Any, Any, Any]) -> AsyncGenerator[bytes]:
    """The body of a request, in the pieces in which it comes.

    :raises UploadIncomplete: the client went before the end.
    """
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException as error:  # Litestar has no kind of its own for this
        raise UploadIncomplete from error


async def file_of_form(request: Request[Any, Any, Any]) -> FormFile:
    """The file of a form that has the field `_csrf_token` first and the file next. Nothing else is taken from it.

    The token is checked before the first byte of the file is read.

    :raises Forbidden: the form was not made by this shop for this visitor.
    :raises Invalid: it is no such form, or no file was chosen.
    """
    kind, options = request.content_type
    boundary = options.get("boundary", "")
    if kind != RequestEncodingType.MULTI_PART or not boundary:
        raise Invalid("This address takes the form of the backup page", hint="Load the page again, and try once more.")
    events = _events(request, boundary)
    token = await _text(events, TOKEN_FIELD)
    if not is_form_token(request, token):
        raise Forbidden(
            "The form is no longer valid",
            hint="Go back, reload that page and send the form again. Cookies must be allowed for this.",
        )
    segment = await _segment(events, FILE_FIELD)
    if not segment.filename:
        raise Invalid("No file was chosen", hint="Go back, choose the backup, and send the form again.")
    return FormFile(filename=segment.filename, chunks=_chunks(events))


async def _events(request: Request[Any, Any, Any], boundary: str) -> AsyncGenerator[MultipartSegment | bytes | None]:
    """The start of each part, its bytes, and None for its end."""
    try:
        with PushMultipartParser(boundary, max_segment_count=_MOST_PARTS, strict=True) as parser:
            async for chunk in body_of(request):
                for event in parser.parse(chunk):
                    yield event
    except MultipartError as error:
        raise Invalid("The form cannot be read", hint="Load the page again, and send it once more.") from error


async def _segment(events: AsyncGenerator[MultipartSegment | bytes | None], name: str) -> MultipartSegment:
    segment = await anext(events, None)
    if not isinstance(segment, MultipartSegment) or segment.name != name:
        raise Invalid(f"The form lacks the field {name!r}", hint="Load the page again, and send it once more.")
    return segment


async def _text(events: AsyncGenerator[MultipartSegment | bytes | None], name: str) -> str:
    await _segment(events, name)
    text = b""
    async for piece in _chunks(events):
        text += piece
        if len(text) > _LONGEST_TOKEN_BYTES:
            raise Invalid(f"The field {name!r} is too long", hint="Load the page again, and send it once more.")
    return text.decode("latin-1")


async def _chunks(events: AsyncGenerator[MultipartSegment | bytes | None]) -> AsyncGenerator[bytes]:
    """The bytes of the part that has begun, up to its end."""
    async for event in events:
        if event is None:
            return
        if not isinstance(event, MultipartSegment):
            yield event
    raise UploadIncomplete
