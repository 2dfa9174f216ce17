"""Sections of admin pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from berrypod.plugin_host import checks

_LONGEST_TITLE: Final = 80


@dataclass(frozen=True, kw_only=True)
class PanelRequest:
    """What a panel may know of the request.

    `csrf_token` goes into each form as the hidden field `_csrf_token`.
    """

    csrf_token: str
    query: Mapping[str, str]
    admin_email: str
    path: str


RenderFunction: TypeAlias = Callable[[PanelRequest], Awaitable[str] | str]


@dataclass(frozen=True, kw_only=True)
class AdminPanel:
    """A section of the admin page `/admin/<page>`. Lower `order` comes first.

    `render` returns HTML, which is trusted: make it with `PluginContext.templates`, which escape.
    """

    name: str
    title: str
    render: RenderFunction
    page: str = "dashboard"
    order: int = 100
    timeout_seconds: float = 2.0

    def __post_init__(self) -> None:
        what = f"AdminPanel {self.name!r}"
        checks.require_name("AdminPanel: name", self.name)
        checks.require_name(f"{what}: page", self.page)
        checks.require_words(what, title=self.title)
        checks.require_length(what, _LONGEST_TITLE, title=self.title)
        checks.require_function(what, render=self.render)
        checks.require_seconds(what, self.timeout_seconds)
        checks.require_order(what, self.order)
