"""`GET /api/stats`, and what the panel's script asks for."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import MediaType, Response, get
from litestar.datastructures import CacheControlHeader
from litestar.types import ControllerRouterHandler

from berrypod.context import PluginContext
from berrypod.web.access import scope
from berrypod_stats.gather import groups
from berrypod_stats.panel import PANEL_PATH, SCRIPT, SCRIPT_PATH, Panel
from berrypod_stats.report import Stats, report
from berrypod_stats.service import Measurements

_YEAR_SECONDS = 31_536_000


def handlers(context: PluginContext, measurements: Measurements) -> Sequence[ControllerRouterHandler]:
    """The routes of one app."""
    panel = Panel(context, measurements)

    @get(
        "/api/stats",
        opt={"access": scope("stats:read")},
        tags=["Stats"],
        operation_id="getStats",
        summary="What is in the shop's file, and how big it is",
        description=(
            "Answers from memory at once, however big the file: the sizes are measured in the background and carry "
            "the time at which they were taken. A token with the scope `stats:read` is needed."
        ),
        raises=[],
    )
    async def get_stats() -> Stats:
        return report(measurements.look(), await groups(context.plugins))

    @get(PANEL_PATH, media_type=MediaType.HTML, include_in_schema=False)
    async def get_panel() -> Response[str]:
        contents = await panel.render_contents()
        return Response(contents, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})

    @get(
        SCRIPT_PATH,
        media_type="text/javascript",
        include_in_schema=False,
        cache_control=CacheControlHeader(private=True, max_age=_YEAR_SECONDS, immutable=True),
        sync_to_thread=False,
    )
    def get_script() -> bytes:
        return SCRIPT.read_bytes()

    return [get_stats, get_panel, get_script]
