"""The panel on /admin/backup: the figures of all providers, and the table of tables."""

from __future__ import annotations

import hashlib
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from jinja2 import Environment

from berrypod.context import PluginContext
from berrypod.declarations import PanelRequest
from berrypod_stats.gather import groups
from berrypod_stats.report import report
from berrypod_stats.service import Measurements

PANEL_PATH: Final = "/admin/stats/panel"
STATIC_PATH: Final = "/admin/stats"
STATIC: Final = Path(__file__).with_name("static")


class Panel:
    """Renders from memory: it never waits for a measurement."""

    def __init__(self, context: PluginContext, measurements: Measurements) -> None:
        self._context = context
        self._measurements = measurements

    async def render(self, _: PanelRequest) -> str:
        """The whole panel, with the script that renews it."""
        return await self._render("panel")

    async def render_contents(self) -> str:
        """What the script puts in place of the old."""
        return await self._render("contents")

    @cached_property
    def _templates(self) -> Environment:
        # Kept: compiling the templates takes a tenth of a second.
        return self._context.templates("berrypod_stats")

    async def _render(self, name: str) -> str:
        stats = report(self._measurements.look(), await groups(self._context.plugins))
        template = self._templates.get_template(f"stats/{name}.html")
        return template.render(stats=stats, address=PANEL_PATH, script=_asset("stats.js"), sheet=_asset("stats.css"))


@cache
def _asset(name: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"{STATIC_PATH}/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"
