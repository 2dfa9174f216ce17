"""`/health`: is the process alive, and can it sell? For load balancers and monitoring, without a token."""

from __future__ import annotations

import logging

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from berrypod.errors import StorageError
from berrypod.maintenance import Maintenance, State
from berrypod.storage.database import Database
from berrypod.web.access import PUBLIC
from berrypod.web.maintenance import OPEN

log = logging.getLogger("berrypod.web")


class Health(msgspec.Struct):
    """`ready` is false while the database cannot be read; the status is then 503, but 200 in maintenance.

    `maintenance`: requests wait, because the shop's file is being replaced; `operation` says what for, and `stage` how
    far it is: `open`, `closing`, `closed`, or `unavailable` (it could not be opened again).
    """

    alive: bool
    ready: bool
    maintenance: bool
    stage: State
    operation: str | None = None


@get(
    "/health",
    opt={"access": PUBLIC, "maintenance": OPEN},
    operation_id="health",
    tags=["health"],
    summary="Alive, ready, in maintenance",
)
async def health(database: NamedDependency[Database], maintenance: NamedDependency[Maintenance]) -> Response[Health]:
    """Reads one row: a process whose file is gone or damaged is not ready."""
    stage = maintenance.stage
    closed = stage.state in ("closing", "closed")
    ready = stage.state == "open" and await _readable(database)
    answer = Health(
        alive=True,
        ready=ready,
        maintenance=closed,
        stage=stage.state,
        operation=stage.announcement.operation if stage.announcement else None,
    )
    # In maintenance the shop will be there in a moment: a load balancer must not take it away meanwhile.
    return Response(answer, status_code=200 if ready or closed else 503)


async def _readable(database: Database) -> bool:
    try:
        await database.fetch(lambda connection: connection.execute("SELECT 1 FROM products LIMIT 1").fetchone())
    except StorageError as error:
        log.error("not ready: %s", error.message)
        return False
    return True
