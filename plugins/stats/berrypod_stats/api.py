"""`GET /api/stats`, and what the panel's script asks for."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import MediaType, Response, get
from litestar.datastructures import CacheControlHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ControllerRouterHandler

from berrypod.context import PluginContext
from berrypod.web.access import scope
from berrypod.web.problems import PROBLEM_JSON, Problem
from berrypod_stats.gather import groups
from berrypod_stats.panel import PANEL_PATH, STATIC, STATIC_PATH, Panel
from berrypod_stats.report import Stats, report
from berrypod_stats.service import Measurements

_REFUSALS = {401: "No token, or one that is unknown, revoked or expired", 403: "The token lacks the scope"}

# The addresses change with the content.
_FOR_GOOD = CacheControlHeader(private=True, max_age=31_536_000, immutable=True)


def handlers(context: PluginContext, measurements: Measurements) -> Sequence[ControllerRouterHandler]:
    """The routes of one app."""
    panel = Panel(context, measurements)

    @get(
        "/api/stats",
        opt={"access": scope("stats:read")},
        tags=["stats"],
        security=[{"token": []}],
        responses={
            status: ResponseSpec(Problem, description=words, media_type=PROBLEM_JSON, generate_examples=False)
            for status, words in _REFUSALS.items()
        },
        operation_id="getStats",
        summary="What is in the shop's file, and how big it is",
        description=(
            "Answers from memory at once, however big the file: the sizes are measured in the background and carry "
            "the time at which they were taken. A token with the scope `stats:read` is needed."
        ),
    )
    async def get_stats() -> Stats:
        return report(measurements.look(), await groups(context.plugins))

    @get(PANEL_PATH, media_type=MediaType.HTML, include_in_schema=False)
    async def get_panel() -> Response[str]:
        contents = await panel.render_contents()
        return Response(contents, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})

    @get(
        f"{STATIC_PATH}/stats.js",
        media_type="text/javascript",
        include_in_schema=False,
        cache_control=_FOR_GOOD,
        sync_to_thread=False,
    )
    def get_script() -> bytes:
        return (STATIC / "stats.js").read_bytes()

    @get(
        f"{STATIC_PATH}/stats.css",
        media_type=MediaType.CSS,
        include_in_schema=False,
        cache_control=_FOR_GOOD,
        sync_to_thread=False,
    )
    def get_sheet() -> bytes:
        return (STATIC / "stats.css").read_bytes()

    return [get_stats, get_panel, get_script, get_sheet]
