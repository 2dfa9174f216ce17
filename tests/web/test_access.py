"""Admins alone by default: what is open to anybody is on a list, and everything else answers nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from berrypod.app import create_app
from berrypod.settings import Settings
from berrypod.web.access import ADMIN, Access, Scope, rule_of, scope

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# Everything that anybody may call. A new line here is a decision.
PUBLIC = {
    "GET /",
    "GET /about",
    "GET /admin/login",
    "GET /admin/login/code",
    "GET /admin/setup",
    "GET /api/categories",
    "GET /api/images/{image_id:int}",
    "GET /api/products",
    "GET /api/products/{slug:str}",
    "GET /basket",
    "GET /checkout",
    "GET /health",
    "GET /imprint",
    "GET /newsletter",
    "GET /newsletter/thanks",
    "GET /newsletter/unsubscribe/{token:str}",
    "GET /orders/{number:str}",
    "GET /privacy",
    "GET /products/{slug:str}",
    "GET /schema",
    "GET /schema/openapi.json",
    "GET /schema/ui/{name:str}",
    "GET /schema/{path:str}",
    "GET /shipping",
    "GET /static/{file_path:path}",
    "GET /terms",
    "HEAD /static/{file_path:path}",
    "POST /admin/login",
    "POST /admin/login/code",
    "POST /admin/setup",
    "POST /api/orders",
    "POST /api/subscribers",
    "POST /api/subscribers/unsubscribe",
    "POST /basket",
    "POST /checkout",
    "POST /newsletter",
    "POST /newsletter/unsubscribe/{token:str}",
    "POST /products/{slug:str}",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, empty_shop_file: Any) -> Litestar:
    path = tmp_path_factory.mktemp("access") / "shop.db"
    path.write_bytes(empty_shop_file.read_bytes())
    return create_app(Settings(environment="test", database_path=path))


@pytest.fixture(scope="module")
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def handlers(app: Litestar) -> Iterator[tuple[str, str, Any]]:
    """Method, path (with parameters as they are declared) and handler of every route."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    yield str(method), route.path, handler
        else:
            yield "GET", route.path, route.route_handler


def filled(path: str) -> str:
    """The path with a value for each parameter."""
    return "/".join(
        "1" if part.startswith("{") and part.endswith(":int}") else "x" if part.startswith("{") else part
        for part in path.split("/")
    )


def test_the_public_list_is_exactly_what_the_app_declares_public(app: Litestar) -> None:
    declared = {f"{method} {path}" for method, path, handler in handlers(app) if rule_of(handler) is Access.PUBLIC}
    assert {line for line in declared if not line.startswith("OPTIONS ")} == PUBLIC


def test_without_credentials_nothing_but_the_public_list_answers(app: Litestar, client: TestClient[Litestar]) -> None:
    """Every path with every method: a sign-in is asked for, or there is no such method."""
    paths = sorted({path for _, path, _ in handlers(app)})
    for path in paths:
        for method in METHODS:
            if f"{method} {path}" in PUBLIC or (method == "HEAD" and f"GET {path}" in PUBLIC):
                continue
            answer = client.request(method, filled(path), follow_redirects=False)
            refused = answer.status_code in (401, 403, 404, 405) or (
                answer.status_code == 303 and answer.headers["location"].startswith("/admin/login")
            )
            # OPTIONS of a public path tells its methods, and nothing else.
            told_methods = method == "OPTIONS" and answer.status_code == 204 and not answer.content
            assert refused or told_methods, f"{method} {path}: {answer.status_code}"


def test_a_token_without_the_scope_is_refused_by_every_route_with_a_scope(
    app: Litestar, client: TestClient[Litestar]
) -> None:
    """A made-up token is nobody's."""
    for method, path, handler in handlers(app):
        if isinstance(rule_of(handler), Scope):
            answer = client.request(method, filled(path), headers={"Authorization": "Bearer bp_none_none"})
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
            assert answer.json()["code"] == "unauthenticated"


def test_a_handler_that_says_nothing_or_nonsense_is_for_admins() -> None:
    @get("/a", sync_to_thread=False)
    def silent() -> None: ...

    @get("/b", opt={"access": "everybody"}, sync_to_thread=False)
    def nonsense() -> None: ...

    assert rule_of(silent) is ADMIN
    assert rule_of(nonsense) is ADMIN


def test_a_scope_that_does_not_exist_is_refused_when_the_handler_is_written() -> None:
    with pytest.raises(ValueError, match="none of the scopes"):
        scope("shop:everything")


def test_every_answer_bears_the_security_headers(client: TestClient[Litestar]) -> None:
    for path in ("/", "/health", "/nowhere", "/admin", "/api/nowhere", "/static/nowhere.css"):
        headers = client.get(path, follow_redirects=False).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe-inline" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["referrer-policy"] == "same-origin", path
