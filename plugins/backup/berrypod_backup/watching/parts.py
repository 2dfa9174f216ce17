"""What the plugin declares of its watching: a health part, and the page that Prometheus reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency

from berrypod.declarations import Condition, HealthPart
from berrypod.web.access import scope
from berrypod.web.maintenance import OPEN
from berrypod_backup.watching.conditions import conditions
from berrypod_backup.watching.looking import Looking
from berrypod_backup.watching.metrics import exposition

# Above what an archive is given for its answer: one that does not answer is a condition, and not an unknown part.
_SECONDS: Final = 10.0


def health_part(looking: Looking) -> HealthPart:
    async def ask() -> Sequence[Condition]:
        return conditions(await looking.look())

    return HealthPart(name="backup", title="Backups", conditions=ask, timeout_seconds=_SECONDS, order=10)


@get(
    "/metrics",
    opt={"access": scope("metrics:read"), "maintenance": OPEN},
    operation_id="getMetrics",
    tags=["backups"],
    summary="Figures of backups in Prometheus's format",
    description="Last success, age, size, duration, proof and failures by exporter; the schedule; free disks. In the "
    "text format, or in OpenMetrics for whoever accepts it. Any process of the shop answers the same.",
    media_type="text/plain",
)
async def metrics(request: Request[Any, Any, Any], backup_looking: NamedDependency[Looking]) -> Response[bytes]:
    seen = await backup_looking.look()
    content, content_type = exposition(seen, conditions(seen), request.headers.get("accept", ""))
    # Litestar adds the character set to what is text, once more.
    media_type = content_type.removesuffix("; charset=utf-8") if content_type.startswith("text/") else content_type
    return Response(content, media_type=media_type, headers={"cache-control": "no-store"})
