"""Putting into the basket, looking at it, changing it. The basket is the customer's cookie; see session.py."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from berrypod.shop.catalogue_records import ProductDetail, VariantOffer
from berrypod.shop.order_records import MAX_LINES
from berrypod.web.access import PUBLIC
from berrypod.web.storefront import session
from berrypod.web.storefront.choice import find_offer, missing_options
from berrypod.web.storefront.forms import read_form, whole_number
from berrypod.web.storefront.session import AnyRequest
from berrypod.web.storefront.shelf_pages import product_context
from berrypod.web.storefront.site import Site, SiteDependency, see

_QUANTITY: Final = "quantity-"


@post("/products/{slug:str}", opt={"access": PUBLIC}, include_in_schema=False)
async def put_in(request: AnyRequest, site: SiteDependency, slug: FromPath[str]) -> Response[Any]:
    """On success to the basket; otherwise the product's page again, with what was chosen and what is wrong."""
    form = await read_form(request)
    product = await site.shop.catalogue.product(slug)
    offer = find_offer(product, form)
    problem = _problem(product, offer, form) or (await _add(request, site, offer, form) if offer else "")
    if problem:
        context = await product_context(site, slug, form, problem)
        return await site.answer(request, "storefront/product.html", context, status=422)
    return see("/basket")


@get("/basket", opt={"access": PUBLIC}, include_in_schema=False)
async def show(request: AnyRequest, site: SiteDependency) -> Response[bytes]:
    basket = await site.shop.baskets.look_up(session.basket(request))
    return await site.answer(request, "storefront/basket.html", {"basket": basket})


@post("/basket", opt={"access": PUBLIC}, include_in_schema=False)
async def change(request: AnyRequest, site: SiteDependency) -> Response[Any]:
    """New quantities; `remove` takes a line out; `settle` keeps what can be had and drops the rest."""
    form = await read_form(request)
    wanted = session.basket(request)
    unread = False
    for sku in wanted:
        text = form.get(_QUANTITY + sku)
        number = whole_number(text) if text is not None else wanted[sku]
        unread = unread or number is None
        wanted[sku] = wanted[sku] if number is None else number
    wanted.pop(form.get("remove", ""), None)
    if "settle" in form:
        basket = await site.shop.baskets.look_up({sku: number for sku, number in wanted.items() if number})
        wanted = {line.sku: line.quantity for line in basket.lines}
    if unread:
        session.flash(request, "A quantity was not a whole number, and stayed as it was.", "warn")
    elif "remove" in form:
        session.flash(request, "Taken out of your basket.", "good")
    else:
        session.flash(request, "Your basket is up to date.", "good")
    session.set_basket(request, wanted)
    return see("/basket")


def _problem(product: ProductDetail, offer: VariantOffer | None, form: dict[str, str]) -> str:
    """What keeps this form from being carried out, as a sentence; empty if nothing does."""
    if not product.in_stock:
        return "This is sold out at the moment."
    if missing := missing_options(product, form):
        return f"Please choose: {', '.join(missing)}."
    if offer is None:
        return "This combination is not made. Please choose another one."
    if not offer.in_stock:
        return f"{offer.title or product.title} is sold out. Please choose another one."
    if not whole_number(form.get("quantity", "1")):
        return "How many shall it be? Please enter a whole number, 1 or more."
    return ""


async def _add(request: AnyRequest, site: Site, offer: VariantOffer, form: dict[str, str]) -> str:
    """Add to what is in the basket already, but no more than there is. Returns what keeps it from being done."""
    wanted = session.basket(request)
    before = wanted.get(offer.sku, 0)
    if not before and len(wanted) >= MAX_LINES:
        return f"A basket holds at most {MAX_LINES} different articles. Please order those first."
    wanted[offer.sku] = before + (whole_number(form.get("quantity", "1")) or 1)
    (line,) = (await site.shop.baskets.look_up({offer.sku: wanted[offer.sku]})).lines
    if not line.available:
        return "This was sold out just now. Please choose another one."
    if line.state == "fewer":
        wanted[offer.sku] = line.quantity
        session.flash(request, f"{line.name}: only {line.most} can be had, so there are {line.quantity} in it.", "warn")
    else:
        session.flash(request, f"{line.name} is in your basket.", "good")
    session.set_basket(request, wanted)
    return ""
