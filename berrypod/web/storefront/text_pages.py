"""Pages of plain words that the admin writes in the settings: about, shipping, terms, privacy, imprint."""

from __future__ import annotations

from typing import Final

from litestar import Response, get

from berrypod.errors import NotFound
from berrypod.web.access import PUBLIC
from berrypod.web.storefront.face import TEXT_PATHS
from berrypod.web.storefront.session import AnyRequest
from berrypod.web.storefront.site import Context, SiteDependency

_BANNERS: Final = {"/shipping": "parcels"}


@get(TEXT_PATHS, opt={"access": PUBLIC}, include_in_schema=False)
async def text(request: AnyRequest, site: SiteDependency) -> Response[bytes]:
    """:raises NotFound: the setting is empty."""
    path = request.url.path.rstrip("/")
    face = await site.face()
    page = face.page(path)
    if page is None:
        raise NotFound("There is no such page")

    async def context() -> Context:
        return {"page": page, "here": path, "banner": face.decoration.banners.get(_BANNERS.get(path, ""))}

    return await site.kept(request, ("text", path), "storefront/text.html", context)
