"""The plugins that were found: for the admin at `/admin/plugins`, for programs at `GET /api/plugins`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from berrypod.plugin_report import PluginReport
from berrypod.plugins import Plugins
from berrypod.shop.fields import described
from berrypod.web.access import scope
from berrypod.web.admin.pages import page
from berrypod.web.admin.state import AnyRequest


class PluginFailureItem(msgspec.Struct):
    """A failure that cost one call, and not the plugin."""

    at: datetime
    what: Annotated[str, described("Which call failed", "stats provider weather")]
    error: Annotated[str, described("What happened, for people", "no answer within 2 seconds")]
    hint: Annotated[str | None, described("What to do about it")]
    timed_out: bool
    times: Annotated[int, described("How often in a row", 1)]


class PluginSettingItem(msgspec.Struct):
    """An environment variable that a plugin reads. Its value is never told."""

    name: Annotated[str, described("The variable", "COURIER_URL")]
    help: Annotated[str, described("What it is for", "where new orders are posted")]
    required: Annotated[bool, described("Without it the plugin is quarantined")]
    secret: bool
    default: Annotated[str | None, described("What holds while it is not set; of a secret it is never told")]
    is_set: bool


class PluginItem(msgspec.Struct):
    """A plugin that was found, whether it runs or not."""

    name: Annotated[str, described("Its name, as BERRYPOD_DISABLED_PLUGINS takes it", "backup")]
    version: Annotated[str | None, described("Of its distribution", "0.1.0")]
    distribution: Annotated[str | None, described("The package that brought it", "berrypod-backup")]
    hooks: Annotated[list[str], described("The hooks that it implements", ["berrypod_backup_exporters"])]
    state: Annotated[
        Literal["active", "quarantined", "disabled"],
        described("`quarantined`: it failed at start and is not called; `disabled`: by the environment", "active"),
    ]
    error: Annotated[str | None, described("Why it is in quarantine")]
    hint: Annotated[str | None, described("What to do about it")]
    failures: Annotated[list[PluginFailureItem], described("The recent ones, the newest first")]
    settings: Annotated[list[PluginSettingItem], described("The environment variables that it declared")]

    @classmethod
    def of(cls, report: PluginReport) -> PluginItem:
        return msgspec.convert(report, cls, from_attributes=True)


class PluginList(msgspec.Struct):
    """All plugins that were found, in the order of discovery."""

    items: list[PluginItem]


@get("/admin/plugins", include_in_schema=False)
async def plugins_page(request: AnyRequest, plugins: NamedDependency[Plugins]) -> Template:
    return await page(request, "plugins", reports=plugins.report())


@get(
    "/api/plugins",
    opt={"access": scope("stats:read")},
    operation_id="listPlugins",
    tags=["plugins"],
    summary="List the plugins: version, hooks, state, errors",
)
async def plugins_api(plugins: NamedDependency[Plugins]) -> PluginList:
    """For monitoring, hence the scope `stats:read`: a plugin in quarantine is a figure that should be 0."""
    return PluginList([PluginItem.of(report) for report in plugins.report()])
