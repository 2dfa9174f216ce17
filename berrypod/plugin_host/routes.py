"""Route handlers of plugins, so that a bad one costs its plugin and not the start.

Litestar checks handlers when the app is built, and raises for the app as a whole: two handlers for one address, an
annotation that does not resolve, a path that is none. So the app is built with all plugins; only when that fails,
plugin after plugin is added to find the one that does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from litestar import Router
from litestar.connection import ASGIConnection
from litestar.controller import Controller
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from berrypod.errors import PluginError
from berrypod.isolation import Failed, Ok, attempt
from berrypod.plugin_host.answers import items, kind_of

T = TypeVar("T")


class PluginNotRunning(PluginError):
    """A route of a plugin that was quarantined after its routes were registered."""

    status = 503
    title = "This part of the shop is not running"


def handlers(answer: object, most: int) -> list[ControllerRouterHandler]:
    """The answer of `berrypod_route_handlers`."""
    found = items(answer, "Litestar route handlers", most)
    for item in found:
        is_controller = isinstance(item, type) and issubclass(item, Controller)
        if not is_controller and not isinstance(item, BaseRouteHandler | Router):
            raise PluginError(
                f"its answer contains {kind_of(item)}",
                hint="Return functions decorated with @get, @post ... of litestar, Controllers or Routers.",
            )
    return found


def router(plugin: str, found: Sequence[ControllerRouterHandler], is_active: Callable[[str], bool]) -> Router:
    """One plugin's handlers. Its name is in `opt["plugin"]`, for whoever reports errors."""

    def refuse_unless_active(_: ASGIConnection[Any, Any, Any, Any], __: BaseRouteHandler) -> None:
        if not is_active(plugin):
            raise PluginNotRunning(f"The plugin {plugin} is not running")

    return Router("/", route_handlers=list(found), guards=[refuse_unless_active], opt={"plugin": plugin})


def build_with(
    routers: Mapping[str, Callable[[], Router]],
    build: Callable[[Sequence[Router]], T],
    quarantine: Callable[[str, Failed], None],
) -> T:
    """Call `build` with the routers of all plugins that fit.

    Routers are made anew for each try: Litestar changes what it has registered. An error without any plugin is the
    caller's own, and passes.
    """
    built = attempt(lambda: build([make() for make in routers.values()]))
    if isinstance(built, Ok):
        return built.value
    fitting: dict[str, Callable[[], Router]] = {}
    result = build([])
    for plugin, make in routers.items():
        tried = {**fitting, plugin: make}
        outcome = attempt(lambda tried=tried: build([make() for make in tried.values()]))
        if isinstance(outcome, Failed):
            quarantine(plugin, outcome)
        else:
            fitting, result = tried, outcome.value
    return result
