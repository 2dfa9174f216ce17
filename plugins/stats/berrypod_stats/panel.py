"""The panel on /admin/backup: the figures of all providers, and the table of tables."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from berrypod.context import PluginContext
from berrypod.declarations import PanelRequest
from berrypod_stats.gather import groups
from berrypod_stats.report import report
from berrypod_stats.service import Measurements

SCRIPT = Path(__file__).with_name("static") / "stats.js"
SCRIPT_PATH = "/admin/stats/stats.js"
PANEL_PATH = "/admin/stats/panel"


class Panel:
    """Renders from memory: it never waits for a measurement."""

    def __init__(self, context: PluginContext, measurements: Measurements) -> None:
        self._context = context
        self._measurements = measurements

    async def render(self, request: PanelRequest) -> str:
        """The whole panel, with the script that renews it."""
        return await self._render("stats/panel.html")

    async def render_contents(self) -> str:
        """What the script puts in place of the old."""
        return await self._render("stats/contents.html")

    async def _render(self, name: str) -> str:
        stats = report(self._measurements.look(), await groups(self._context.plugins))
        template = self._context.templates("berrypod_stats").get_template(name)
        return template.render(stats=stats, script=f"{SCRIPT_PATH}?v={script_version()}", address=PANEL_PATH)


@cache
def script_version() -> str:
    return hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:8]
