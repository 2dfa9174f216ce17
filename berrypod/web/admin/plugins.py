"""The plugins that were found: for the admin at `/admin/plugins`, for programs at `GET /api/plugins`."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import get
from litestar.response import Template

from berrypod.plugin_report import PluginReport
from berrypod.plugins import Plugins
from berrypod.web.access import scope
from berrypod.web.admin.pages import page
from berrypod.web.admin.state import AnyRequest


class PluginFailureItem(msgspec.Struct):
    """A failure that cost one call; `times` says how often it came in a row."""

    at: datetime
    what: str
    error: str
    hint: str | None
    timed_out: bool
    times: int


class PluginItem(msgspec.Struct):
    """`state`: `active`, `quarantined` (it failed at start; `error` says why) or `disabled` (by the environment)."""

    name: str
    version: str | None
    distribution: str | None
    hooks: list[str]
    state: str
    error: str | None
    hint: str | None
    failures: list[PluginFailureItem]

    @classmethod
    def of(cls, report: PluginReport) -> PluginItem:
        return msgspec.convert(report, cls, from_attributes=True)


class PluginList(msgspec.Struct):
    """All plugins that were found, in the order of discovery."""

    items: list[PluginItem]


@get("/admin/plugins", include_in_schema=False)
async def plugins_page(request: AnyRequest, plugins: Plugins) -> Template:
    return await page(request, "plugins", reports=plugins.report())


@get(
    "/api/plugins",
    opt={"access": scope("stats:read")},
    operation_id="listPlugins",
    tags=["plugins"],
    summary="List the plugins: version, hooks, state, errors",
)
async def plugins_api(plugins: Plugins) -> PluginList:
    """For monitoring, hence the scope `stats:read`: a plugin in quarantine is a figure that should be 0."""
    return PluginList([PluginItem.of(report) for report in plugins.report()])
