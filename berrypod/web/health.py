"""`/health`: is the process alive, and can it sell? For load balancers and monitoring, without a token."""

from __future__ import annotations

import logging
from typing import Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from berrypod.errors import StorageError
from berrypod.health import PartState
from berrypod.maintenance import Maintenance, State
from berrypod.plugins import Plugins
from berrypod.storage.database import Database
from berrypod.web.access import PUBLIC
from berrypod.web.maintenance import OPEN

log = logging.getLogger("berrypod.web")

# Load balancers give up after a second or two, and a part may take its time.
_GLANCE_SECONDS: Final = 0.5


class Health(msgspec.Struct):
    """`ready` is false while the database cannot be read; the status is then 503, but 200 in maintenance.

    `maintenance`: requests wait, because the shop's file is being replaced; `operation` says what for, and `stage` how
    far it is: `open`, `closing`, `closed`, or `unavailable` (it could not be opened again).

    `degraded`: somebody should look, though the shop sells: `parts` says at what. What it is, in words, is for those
    who may know: on /admin and in `GET /api/health/conditions`. The status stays 200: no load balancer must take a shop
    away because a backup is late.
    """

    alive: bool
    ready: bool
    maintenance: bool
    stage: State
    operation: str | None = None
    degraded: bool = False
    parts: dict[str, PartState] = {}


@get(
    "/health",
    opt={"access": PUBLIC, "maintenance": OPEN},
    operation_id="health",
    tags=["health"],
    summary="Alive, ready, in maintenance",
)
async def health(
    database: NamedDependency[Database], maintenance: NamedDependency[Maintenance], plugins: NamedDependency[Plugins]
) -> Response[Health]:
    """Reads one row: a process whose file is gone or damaged is not ready."""
    stage = maintenance.stage
    closed = stage.state in ("closing", "closed")
    ready = stage.state == "open" and await _readable(database)
    # While the file is replaced, parts that read it would wait for it.
    report = await plugins.health.glance(wait_seconds=_GLANCE_SECONDS) if ready else plugins.health.known()
    answer = Health(
        alive=True,
        ready=ready,
        maintenance=closed,
        stage=stage.state,
        operation=stage.announcement.operation if stage.announcement else None,
        degraded=report.degraded,
        parts={part.name: part.state for part in report.parts},
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
