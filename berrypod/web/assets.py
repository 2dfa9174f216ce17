"""Static files, under names that change with their content: browsers keep them and never show an old one."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]

from berrypod.web.access import PUBLIC
from berrypod.web.maintenance import OPEN

STATIC = Path(__file__).with_name("static")
PREFIX = "/static"

_YEAR_SECONDS = 31_536_000


@cache
def asset(name: str) -> str:
    """The address of a file of ours, e.g. `css/base.css`, with its digest as the version.

    :raises FileNotFoundError: there is no such file; a page that names one is wrong.
    """
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
    return f"{PREFIX}/{name}?v={digest}"


def router() -> Router:
    return create_static_files_router(
        path=PREFIX,
        directories=[STATIC],
        cache_control=CacheControlHeader(public=True, max_age=_YEAR_SECONDS, immutable=True),
        opt={"access": PUBLIC, "maintenance": OPEN},
    )
