"""Pages made of plugins' panels: `/admin/backup`, and whatever other page a plugin has a panel for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import MappingProxyType

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from litestar.template.base import csrf_token
from markupsafe import Markup

from berrypod.accounts.principals import AdminPrincipal
from berrypod.declarations import PanelRequest
from berrypod.errors import NotFound
from berrypod.isolation import Failed
from berrypod.plugins import Plugins
from berrypod.web.admin.pages import BACKUP, extra_pages, page, parts_of, title_of
from berrypod.web.admin.state import AnyRequest


@dataclass(frozen=True, kw_only=True)
class RenderedPanel:
    """A panel's HTML, or why it is missing."""

    name: str
    title: str
    plugin: str
    html: Markup | None
    failure: Failed | None


async def rendered_panels(request: AnyRequest, plugins: Plugins, page_name: str) -> list[RenderedPanel]:
    """All panels of a page, in order. One that fails or hangs is there as its error."""
    admin: AdminPrincipal = request.user
    asked = PanelRequest(
        csrf_token=csrf_token({"request": request}),
        query=MappingProxyType({name: request.query_params[name] for name in request.query_params}),
        admin_email=admin.email,
        path=request.url.path,
    )
    panels = [panel for panel in plugins.admin_panels if panel.declaration.page == page_name]
    outcomes = await asyncio.gather(*(plugins.render(panel, asked) for panel in panels))
    return [
        RenderedPanel(
            name=panel.declaration.name,
            title=panel.declaration.title,
            plugin=panel.plugin,
            html=None if isinstance(outcome, Failed) else outcome.value,
            failure=outcome if isinstance(outcome, Failed) else None,
        )
        for panel, outcome in zip(panels, outcomes, strict=True)
    ]


@get("/admin/backup", include_in_schema=False)
async def backup(request: AnyRequest, plugins: NamedDependency[Plugins]) -> Template:
    panels = await rendered_panels(request, plugins, BACKUP)
    return await page(
        request, "panels", title="Backup", panels=panels, is_backup=True, key=await parts_of(request).key.state()
    )


@get("/admin/{page_name:str}", include_in_schema=False)
async def of_plugins(request: AnyRequest, plugins: NamedDependency[Plugins], page_name: FromPath[str]) -> Template:
    """:raises NotFound: no plugin has a panel for a page of this name."""
    if page_name not in extra_pages(plugins):
        raise NotFound("There is no such page")
    panels = await rendered_panels(request, plugins, page_name)
    return await page(request, "panels", title=title_of(page_name), panels=panels, is_backup=False)
