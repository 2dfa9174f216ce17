"""The catalogue, and the page of a product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from berrypod.errors import Invalid, NotFound
from berrypod.shop.catalogue_records import ProductDetail, ProductFilter, ProductSummary
from berrypod.shop.paging import PageRequest
from berrypod.web.access import PUBLIC
from berrypod.web.storefront.choice import choice_of
from berrypod.web.storefront.forms import whole_number
from berrypod.web.storefront.session import AnyRequest
from berrypod.web.storefront.site import Context, Site, SiteDependency

_SIBLINGS: Final = 4
_LAST_PAGE: Final = 10_000


class Wanted(msgspec.Struct, frozen=True):
    """What a visitor asks of the catalogue. Empty text and no text are one."""

    category: str | None
    q: str | None
    page: int


@get("/", opt={"access": PUBLIC}, include_in_schema=False)
async def shelf(request: AnyRequest, site: SiteDependency) -> Response[bytes]:
    wanted = _wanted(request)
    # A search is kept for nobody: whoever makes up words must not push out the pages that all others look at.
    if wanted.q is None and (wanted.category is None or wanted.category in (await site.face()).categories):
        return await site.kept(request, ("shelf", wanted), "storefront/catalogue.html", lambda: _shelf(site, wanted))
    return await site.answer(request, "storefront/catalogue.html", await _shelf(site, wanted))


@get("/products/{slug:str}", opt={"access": PUBLIC}, include_in_schema=False)
async def product(request: AnyRequest, site: SiteDependency, slug: FromPath[str]) -> Response[bytes]:
    """`?sku=...` shows a variant as chosen."""
    sku = request.query_params.get("sku")
    if sku is None:
        return await site.kept(
            request, ("product", slug), "storefront/product.html", lambda: product_context(site, slug)
        )
    return await site.answer(request, "storefront/product.html", await product_context(site, slug, {"sku": sku}))


async def product_context(site: Site, slug: str, form: dict[str, str] | None = None, problem: str = "") -> Context:
    """What the page of a product shows; `form` and `problem` if its form was sent and came back.

    :raises NotFound: no active product has this slug.
    """
    found = await site.shop.catalogue.product(slug)
    choice = choice_of(found, form)
    return {
        "product": found,
        "pictures": [*found.pictures[choice.picture :], *found.pictures[: choice.picture]],
        "choice": choice,
        "problem": problem,
        "siblings": await _siblings(site, found),
        "description": found.summary,
        "shelf_link": shelf_link,
    }


def shelf_link(*, category: str | None = None, q: str | None = None, page: int = 1) -> str:
    """The address of a part of the catalogue."""
    values = {"category": category, "q": q, "page": str(page) if page > 1 else None}
    query = urlencode({name: value for name, value in values.items() if value})
    return f"/?{query}" if query else "/"


def _wanted(request: AnyRequest) -> Wanted:
    """:raises NotFound: the page is none."""
    if not request.scope["query_string"]:
        return Wanted(None, None, 1)
    query = request.query_params
    page = whole_number(query.get("page", "1"), most=_LAST_PAGE)
    if not page:
        raise NotFound("There is no such page")
    return Wanted(query.get("category", "").strip() or None, query.get("q", "").strip() or None, page)


async def _shelf(site: Site, wanted: Wanted) -> Context:
    """:raises NotFound: there are fewer pages."""
    face = await site.face()
    page = PageRequest(wanted.page, face.products_per_page)
    problem = ""
    try:
        listing = await site.shop.catalogue.products(ProductFilter(category=wanted.category, q=wanted.q), page)
    except Invalid as error:
        problem = error.fields.get("q", error.message)
        listing = await site.shop.catalogue.products(ProductFilter(category=wanted.category), PageRequest(1, 1))
        listing = msgspec.structs.replace(listing, items=[], total=0)
    if wanted.page > listing.pages:
        raise NotFound("There is no such page", hint="The catalogue is shorter than that.")
    return {
        "here": "/",
        "wanted": wanted,
        "listing": listing,
        "problem": problem,
        "categories": face.categories.values(),
        "banner": face.decoration.category(wanted.category) if wanted.page == 1 and wanted.q is None else None,
        "description": face.search_description or face.tagline,
        "shelf_link": shelf_link,
        "shelf_page": _page_link(wanted),
    }


def _page_link(wanted: Wanted) -> Callable[[int], str]:
    return lambda page: shelf_link(category=wanted.category, q=wanted.q, page=page)


async def _siblings(site: Site, product: ProductDetail) -> list[ProductSummary]:
    """What else to look at: of the same category first, then of all."""
    found: dict[str, ProductSummary] = {}
    for category in (product.category, None):
        if category != "" and len(found) < _SIBLINGS:
            page = PageRequest(1, 2 * _SIBLINGS)
            listing = await site.shop.catalogue.products(ProductFilter(category=category), page)
            found |= {other.slug: other for other in listing.items if other.slug not in (product.slug, *found)}
    return list(found.values())[:_SIBLINGS]
