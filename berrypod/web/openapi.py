"""`/schema`: the OpenAPI document, and a page to read it and try it that needs no other host.

The page is Swagger UI from the package `swagger-ui-py` (of those on PyPI the one that reads OpenAPI 3.1), started by a
script file of ours: the Content-Security-Policy allows neither inline scripts nor files from elsewhere.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from litestar import Litestar, Request, Router, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.params import FromPath
from litestar.routes import HTTPRoute

from berrypod import __version__
from berrypod.errors import NotFound
from berrypod.web.access import PUBLIC, Access, Scope, rule_of
from berrypod.web.answers import FOR_EVER, ReadyAnswer
from berrypod.web.assets import asset
from berrypod.web.problems import PROBLEM_JSON

_UI_FILES: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}

_DESCRIPTION: Final = """\
The shop as data. Anybody may read the catalogue, place an order, join the newsletter and leave it; everything else
takes an API token, sent as `Authorization: Bearer ...`. Tokens are made on `/admin/tokens`, or by the command
`berrypod token create`.

Amounts of money are integers in minor units (cents) with a currency beside them. Times are in UTC. Errors are problem
details (RFC 9457): `code` is for programs and stays the same, `detail` and `hint` are for people, `fields` names what
is wrong with the input.
"""

_TAGS: Final = {
    "catalogue": "What is for sale, as customers see it",
    "orders": "Placing orders, and what becomes of them",
    "pictures": "Pictures of products",
    "newsletter": "Its readers",
    "inventory": "Products of every status with exact stock, and changes to them",
    "settings": "What the admin may set",
    "health": "For load balancers and monitoring",
}

# Litestar names a generic record by modules; people who generate a client get to see the name.
_LONG_NAME: Final = re.compile(rb"Page_[\w.]*\.(\w+)_|Page\[(\w+)\]")

_PARAMETER_TYPE: Final = re.compile(r":\w+}")

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of the shop</title>
<link rel="icon" href="{icon}">
<link rel="stylesheet" href="/schema/ui/swagger-ui.css?v={css}">
<link rel="stylesheet" href="{own_css}">
<script src="/schema/ui/swagger-ui-bundle.js?v={bundle}" defer></script>
<script src="{own_js}" defer></script>
</head>
<body>
<noscript>
<p>This page needs JavaScript. The document itself: <a href="/schema/openapi.json">/schema/openapi.json</a></p>
</noscript>
<main id="api" data-document="/schema/openapi.json"></main>
</body>
</html>
"""


def config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Berrypod",
        version=__version__,
        description=_DESCRIPTION,
        use_handler_docstrings=True,
        tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", description="An API token, as it was shown once")
            }
        ),
        openapi_router=Router("/schema", route_handlers=[], opt={"access": PUBLIC}, include_in_schema=False),
        render_plugins=[_Page(path="/"), _Document()],
    )


class _Page(OpenAPIRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        page = _PAGE.format(
            icon=asset("berry.svg"),
            own_css=asset("css/schema.css"),
            own_js=asset("js/schema.js"),
            css=_version("swagger-ui.css"),
            bundle=_version("swagger-ui-bundle.js"),
        )
        return page.encode()


class _Document(JsonRenderPlugin):
    """Encoded once: routes do not change while the app runs."""

    def __init__(self) -> None:
        super().__init__()
        self._encoded: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._encoded is None:
            _complete(openapi_schema, request.app)
            encoded: bytes = JsonRenderPlugin.render(self, request, openapi_schema)  # pyright: ignore[reportUnknownMemberType]
            self._encoded = _LONG_NAME.sub(lambda found: b"PageOf" + (found[1] or found[2]), encoded)
        return self._encoded


def _complete(document: dict[str, Any], app: Litestar) -> None:
    """What Litestar cannot know of a route, a plugin's too: who may call it, and how errors are told."""
    document["paths"] = dict(sorted(document["paths"].items()))
    operations = {
        (path, method): operation for path, item in document["paths"].items() for method, operation in item.items()
    }
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                operation = operations.get((_PARAMETER_TYPE.sub("}", route.path), method.lower()))
                if operation is not None:
                    _describe_access(operation, rule_of(handler))
                    _describe_bad_input(operation)


def _describe_access(operation: dict[str, Any], rule: Access | Scope) -> None:
    if not isinstance(rule, Scope):
        operation["security"] = [{}]
        return
    operation["security"] = [{"token": []}]
    words = f"Needs a token with the scope `{rule.name}`."
    operation["description"] = f"{operation['description']}\n\n{words}" if operation.get("description") else words
    operation["responses"] |= {
        "401": _problem("No token, or one that is unknown, revoked or expired"),
        "403": _problem("The token lacks the scope"),
    }


def _describe_bad_input(operation: dict[str, Any]) -> None:
    """Litestar describes it as it would answer itself; we answer with problem documents."""
    answer: dict[str, Any] = operation["responses"].get("400", {})
    if "application/json" in answer.get("content", {}):
        operation["responses"]["400"] = _problem("The request is malformed")
        operation["responses"].setdefault("422", _problem("Something in the input cannot be accepted"))


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM_JSON: {"schema": _PROBLEM}}}


@cache
def _ui_file(name: str) -> ReadyAnswer:
    """A file of Swagger UI, compressed once: the script has 1.5 MB, compressed a third of that."""
    # Found without importing the package, which would bring its adapters for eight other frameworks.
    spec = find_spec("swagger_ui")
    assert spec is not None
    assert spec.origin is not None
    data = (Path(spec.origin).parent / "static" / name).read_bytes()
    return ReadyAnswer(
        # Every browser that runs the script can unpack it.
        gzip.compress(data, mtime=0),
        encoding="gzip",
        etag=hashlib.sha256(data).hexdigest()[:8],
        media_type=_UI_FILES[name],
        cache_control=FOR_EVER,
    )


def _version(name: str) -> str:
    return _ui_file(name).etag.strip('"')


@get("/schema/ui/{name:str}", opt={"access": PUBLIC}, include_in_schema=False, sync_to_thread=True)
def ui_file(name: FromPath[str]) -> ReadyAnswer:
    if name not in _UI_FILES:
        raise NotFound("There is no such file")
    return _ui_file(name)


handlers = [ui_file]
