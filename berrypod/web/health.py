"""`/health`: is the process alive, and can it sell? For load balancers and monitoring, without a token."""

from __future__ import annotations

import logging

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from berrypod.errors import StorageError
from berrypod.storage.database import Database
from berrypod.web.access import PUBLIC

log = logging.getLogger("berrypod.web")


class Health(msgspec.Struct):
    """`ready` is false while the database cannot be read; the status is then 503."""

    alive: bool
    ready: bool
    maintenance: bool


@get("/health", opt={"access": PUBLIC}, operation_id="health", tags=["health"], summary="Alive, ready, in maintenance")
async def health(database: NamedDependency[Database]) -> Response[Health]:
    """Reads one row: a process whose file is gone or damaged is not ready."""
    ready = await _readable(database)
    return Response(Health(alive=True, ready=ready, maintenance=False), status_code=200 if ready else 503)


async def _readable(database: Database) -> bool:
    try:
        await database.fetch(lambda connection: connection.execute("SELECT 1 FROM products LIMIT 1").fetchone())
    except StorageError as error:
        log.error("not ready: %s", error.message)
        return False
    return True
