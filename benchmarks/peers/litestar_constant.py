"""The limit: Litestar without a database, a constant of a kilobyte."""

from __future__ import annotations

from litestar import Litestar, get

_ANSWER = {"items": ["x" * 1000]}


@get("/")
async def constant() -> dict[str, list[str]]:
    return _ANSWER


app = Litestar([constant], openapi_config=None)
