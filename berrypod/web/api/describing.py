"""What the handlers of the API have in common in their OpenAPI descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any, Final

from litestar.datastructures import ResponseHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from berrypod.shop.paging import MAX_PAGE, MAX_PAGE_SIZE
from berrypod.web.access import PUBLIC, scope
from berrypod.web.problems import PROBLEM_JSON, Problem

PageNumber = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Which page; the first is 1")]
PageSize = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_SIZE, description="Items on a page")]
Search = Annotated[str | None, QueryParameter(max_length=100, description="Words that must all occur, in any case")]

# Who may call; see `berrypod.web.access`, which enforces it.
FOR_ALL: Final[dict[str, Any]] = {"access": PUBLIC}
READING: Final[dict[str, Any]] = {"access": scope("shop:read")}
WRITING: Final[dict[str, Any]] = {"access": scope("shop:write")}

_WHEN: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "The body is not JSON, or the request is malformed",
        404: "There is no such thing",
        409: "It contradicts what is there; `code` says how",
        413: "The body is too large",
        415: "The body is not of a kind that is accepted",
        422: "Something in the input cannot be accepted; `fields` says what and where",
    }
)


def problems(*statuses: int, told: Any = None, ok: int = 200) -> dict[int, ResponseSpec]:
    """The answers of an operation besides the plain one: problem documents for `statuses`, and always for bad input.

    `told` is the type of the good answer (status `ok`) where the handler returns ready bytes.
    """
    wanted = {400, 422, *statuses}
    answers = {
        status: ResponseSpec(Problem, description=_WHEN[status], media_type=PROBLEM_JSON, generate_examples=False)
        for status in sorted(wanted)
    }
    if told is not None:
        answers[ok] = ResponseSpec(told, description=HTTPStatus(ok).description, generate_examples=False)
    return answers


def documented_header(name: str, description: str) -> ResponseHeader:
    """A header that the handler sets itself."""
    return ResponseHeader(name=name, description=description, documentation_only=True)
