"""Renders the shop's pages: from the cache where all visitors see the same, filled with what is theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Final, TypeAlias

from jinja2 import Environment
from litestar import Response
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.response import Redirect
from markupsafe import Markup

from berrypod.shop import Shop
from berrypod.web.storefront import session
from berrypod.web.storefront.decoration import Decoration, picture_numbers
from berrypod.web.storefront.face import Face
from berrypod.web.storefront.session import AnyRequest
from berrypod.web.storefront.visitor import ANYBODY, KeptPage, Visitor, basket_mark, pieces_of, token_of

HTML: Final = "text/html"

# With the decoration of a middling shop.
_FACE_BYTES: Final = 40_000

Context = Mapping[str, Any]


class Site:
    """One per app."""

    def __init__(self, shop: Shop, environment: Environment) -> None:
        self.shop = shop
        self._environment = environment

    async def face(self) -> Face:
        return await self.shop.freshness.get(("face",), self._read_face, lambda _: _FACE_BYTES)

    async def kept(
        self, request: AnyRequest, key: Hashable, template: str, context: Callable[[], Awaitable[Context]]
    ) -> Response[bytes]:
        """A page that is the same for all visitors but for its holes.

        `key` must name all that `context` depends on besides the file.
        """

        async def build() -> KeptPage:
            return KeptPage.cut(await self.render(template, await context(), ANYBODY))

        page = await self.shop.freshness.get(("page", key), build, lambda page: page.size_bytes)
        return Response(page.fill(self.visitor(request)), media_type=HTML)

    async def answer(
        self, request: AnyRequest, template: str, context: Context, *, status: int = 200
    ) -> Response[bytes]:
        """A page for this visitor alone."""
        html = await self.render(template, context, self.visitor(request))
        return Response(html.encode(), media_type=HTML, status_code=status)

    async def render(self, template: str, context: Context, visitor: Visitor) -> str:
        values = {"here": "", **context, "face": await self.face(), "visitor": visitor}
        return self._environment.get_template(template).render(values)

    def visitor(self, request: AnyRequest) -> Visitor:
        """This visitor's values. The waiting messages are taken: they are told by this page."""
        waiting = session.take_flashes(request)
        return Visitor(
            csrf=token_of(request),
            basket=basket_mark(pieces_of(request)),
            flashes=self._flashes(waiting) if waiting else Markup(),
        )

    def _flashes(self, waiting: list[session.Flash]) -> Markup:
        module: Any = self._environment.get_template("shared/notices.html").module
        return module.flashes(waiting)

    async def _read_face(self) -> Face:
        values = await self.shop.settings.values()
        pictures = await self.shop.pictures.references(picture_numbers(values))
        return Face.of(values, await self.shop.catalogue.categories(), Decoration.of(values, pictures))


SiteDependency: TypeAlias = NamedDependency[Site]


def provide_site(state: State, shop: NamedDependency[Shop], request: AnyRequest) -> Site:
    site: Site | None = state.get("site")
    if site is None:
        app: Any = request.app
        site = state["site"] = Site(shop, app.template_engine.engine)
    return site


def see(path: str) -> Redirect:
    """POST, redirect, GET: what was done is done, and reloading the page does not do it again."""
    return Redirect(path, status_code=303)
