"""`berrypod_route_handlers`: a handler that does not fit costs its plugin, not the start."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from litestar import Controller, Litestar, Request, Response, Router, get, post
from litestar.testing import TestClient

from berrypod.errors import BerrypodError
from berrypod.isolation import Failed
from berrypod.plugins import Plugins, PluginSource
from tests.plugins.conftest import Host
from tests.plugins.making import assert_healthy, error_of, healthy, plugin


@get("/")
async def home() -> str:
    return "the shop"


def build(routers: Sequence[Router]) -> Litestar:
    return Litestar(route_handlers=[home, *routers])


def routes(name: str, *handlers: object) -> PluginSource:
    return plugin(name, berrypod_route_handlers=lambda context: handlers)


def handler(path: str, text: str):
    @get(path)
    async def answer() -> str:
        return text

    return answer


def answer(app: Litestar, path: str) -> tuple[int, str]:
    with TestClient(app) as client:
        response = client.get(path)
        return response.status_code, response.text


def test_handlers_routers_and_controllers_are_served(host: Host) -> None:
    class Counter(Controller):
        path = "/counter"

        @get("/one")
        async def one(self) -> int:
            return 1

    plugins = host(routes("p", handler("/a", "A"), Router("/r", route_handlers=[handler("/b", "B")]), Counter))
    app = plugins.build_with_routes(build)

    assert [answer(app, path)[1] for path in ("/", "/a", "/r/b", "/counter/one")] == ["the shop", "A", "B", "1"]


def test_a_handler_keeps_its_own_options_and_knows_its_plugin(host: Host) -> None:
    seen: dict[str, object] = {}

    @get("/a", opt={"access": "public"})
    async def open_to_all(request: Request) -> None:
        seen.update(request.route_handler.opt)

    app = host(routes("p", open_to_all)).build_with_routes(build)
    assert answer(app, "/a")[0] == 200
    assert (seen["access"], seen["plugin"]) == ("public", "p")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: handler("/", "mine"), "already registered"),
        (lambda: handler("/x/{a:int}/{a:int}", ""), ""),
    ],
)
async def test_a_plugin_whose_routes_do_not_fit_is_quarantined_and_the_others_are_served(
    host: Host, broken, words: str
) -> None:
    plugins = host(
        routes("a", handler("/a", "A")), routes("broken", broken()), routes("c", handler("/c", "C")), healthy()
    )
    app = plugins.build_with_routes(build)

    assert words in error_of(plugins, "broken").lower()
    assert answer(app, "/") == (200, "the shop")
    assert answer(app, "/a") == (200, "A")
    assert answer(app, "/c") == (200, "C")
    await assert_healthy(plugins)


def test_an_annotation_that_does_not_resolve_is_the_plugins_error(host: Host) -> None:
    @get("/broken")
    async def broken(thing: "NoSuchType") -> None:  # type: ignore[name-defined]  # noqa: F821, UP037
        ...

    plugins = host(routes("broken", broken), routes("c", handler("/c", "C")))
    app = plugins.build_with_routes(build)

    assert "NoSuchType" in error_of(plugins, "broken")
    assert answer(app, "/c") == (200, "C")


def test_of_two_plugins_that_want_one_address_the_first_gets_it(host: Host) -> None:
    plugins = host(routes("a", handler("/same", "A")), routes("b", handler("/same", "B")))
    app = plugins.build_with_routes(build)

    assert answer(app, "/same") == (200, "A")
    assert error_of(plugins, "b").startswith("berrypod_route_handlers: ")


def test_an_error_that_no_plugin_causes_passes(host: Host) -> None:
    def broken(routers: Sequence[Router]) -> Litestar:
        raise LookupError("the shop's own")

    plugins = host(routes("a", handler("/a", "A")))
    with pytest.raises(LookupError, match="the shop's own"):
        plugins.build_with_routes(broken)
    assert plugins.is_active("a")


def test_the_app_is_built_once_when_everything_fits(host: Host) -> None:
    built: list[int] = []

    def count(routers: Sequence[Router]) -> Litestar:
        built.append(len(routers))
        return build(routers)

    host(routes("a", handler("/a", "A")), routes("b", handler("/b", "B"))).build_with_routes(count)
    assert built == [2]


def test_the_routes_of_a_plugin_that_is_quarantined_later_say_that_it_is_not_running(host: Host) -> None:
    plugins = host(routes("a", handler("/a", "A")))
    problems: list[Exception] = []

    def note(_: object, error: Exception) -> Response[str]:
        problems.append(error)
        return Response("", status_code=getattr(error, "status", 500))

    app = plugins.build_with_routes(
        lambda routers: Litestar(route_handlers=list(routers), exception_handlers={Exception: note})
    )
    assert answer(app, "/a") == (200, "A")
    quarantine(plugins, "a")

    assert answer(app, "/a") == (503, "")
    assert isinstance(problems[0], BerrypodError)
    assert problems[0].message == "The plugin a is not running"


def quarantine(plugins: Plugins, name: str) -> None:
    plugins._host.quarantine(name, "test", Failed(error="on purpose"))


def test_a_handler_that_raises_costs_its_own_request(host: Host) -> None:
    @post("/raise")
    async def raises() -> None:
        raise SystemError("broken")

    app = host(routes("a", raises, handler("/a", "A"))).build_with_routes(build)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post("/raise").status_code == 500
        assert client.get("/a").text == "A"
