"""Ordering by invoice: the form, the order, and the page that says thank you."""

from __future__ import annotations

import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from berrypod.errors import Conflict, Invalid, NotFound, OrdersClosed, OutOfStock, PriceChanged
from berrypod.shop.baskets import Basket
from berrypod.shop.order_numbers import normal_number
from berrypod.shop.order_records import OrderLine, OrderRequest
from berrypod.web.access import PUBLIC
from berrypod.web.storefront import session
from berrypod.web.storefront.forms import read_form, whole_number
from berrypod.web.storefront.session import AnyRequest
from berrypod.web.storefront.site import Site, SiteDependency, see

LABELS: Final = {
    "name": "Full name",
    "email": "E-mail address",
    "address_line1": "Street and number",
    "address_line2": "Addition",
    "postcode": "Postcode",
    "city": "Town or city",
    "country": "Country",
    "note": "A word to us",
}

_MAX_TOTAL: Final = 10**9 - 1


@get("/checkout", opt={"access": PUBLIC}, include_in_schema=False)
async def ask(request: AnyRequest, site: SiteDependency) -> Response[Any]:
    basket = await _basket(request, site)
    face = await site.face()
    if not basket.ready or not face.open:
        return see("/basket")
    values = {"country": face.countries[0]} if len(face.countries) == 1 else {}
    return await _form(request, site, basket, values)


@post("/checkout", opt={"access": PUBLIC}, include_in_schema=False)
async def place(request: AnyRequest, site: SiteDependency) -> Response[Any]:
    """The key in the form makes that pressing twice orders once, whichever of the two is answered first."""
    form = await read_form(request)
    key = form.get("key", "")
    if number := session.order_of_key(request, key):
        return see(f"/orders/{number}")
    basket = await _basket(request, site)
    if not basket.ready:
        return see("/basket")
    try:
        placed = await site.shop.orders.place(_request(form, basket), idempotency_key=key)
    except Invalid as error:
        return await _refused(request, site, basket, form, error)
    except (OutOfStock, PriceChanged, OrdersClosed) as error:
        session.flash(request, f"{error.message} Nothing was ordered.", "warn")
        return see("/basket")
    except Conflict:
        # The key was used with other words: sent, gone back, changed, sent again, with the cookie lost on the way.
        session.flash(request, "This form had been sent before. Please look it over and send it again.", "warn")
        return await _form(request, site, basket, form, status=409)
    session.set_basket(request, {})
    session.remember_order(request, placed.order.number, key)
    return see(f"/orders/{placed.order.number}")


@get("/orders/{number:str}", opt={"access": PUBLIC}, include_in_schema=False)
async def thanks(request: AnyRequest, site: SiteDependency, number: FromPath[str]) -> Response[Any]:
    """For whoever has placed it, known by the cookie. To all others there is no such page, order or no order."""
    number = normal_number(number)
    if not session.owns_order(request, number):
        raise NotFound("There is no such page", hint="An order can be looked at in the browser that placed it.")
    order = await site.shop.orders.get(number)
    return await site.answer(request, "storefront/confirmation.html", {"order": order})


async def _basket(request: AnyRequest, site: Site) -> Basket:
    return await site.shop.baskets.look_up(session.basket(request))


def _request(form: dict[str, str], basket: Basket) -> OrderRequest:
    return OrderRequest(
        **{name: form.get(name, "") for name in LABELS},
        lines=[OrderLine(sku=line.sku, quantity=line.quantity) for line in basket.lines],
        expected_total_minor=whole_number(form.get("total", ""), most=_MAX_TOTAL),
    )


async def _refused(
    request: AnyRequest, site: Site, basket: Basket, form: dict[str, str], error: Invalid
) -> Response[Any]:
    """The form with what is wrong beside each field. What is wrong with anything else is for the basket's page."""
    if not error.fields.keys() <= LABELS.keys() | {"idempotency_key"}:
        session.flash(request, f"{error.message}. Nothing was ordered.", "warn")
        return see("/basket")
    errors = {name: error.fields[name] for name in LABELS if name in error.fields}
    key = "" if "idempotency_key" in error.fields else form.get("key", "")
    return await _form(request, site, basket, form, errors=errors, key=key, status=422)


async def _form(
    request: AnyRequest,
    site: Site,
    basket: Basket,
    values: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    key: str = "",
    status: int = 200,
) -> Response[Any]:
    face = await site.face()
    countries = [(name, name) for name in face.countries]
    context = {
        "basket": basket,
        # Not the first country in place of the customer's own: an order must not go abroad by mistake.
        "countries": countries if len(countries) == 1 else [("", "Please choose"), *countries],
        "values": values,
        "errors": errors or {},
        "labels": LABELS,
        "key": key or secrets.token_urlsafe(18),
    }
    return await site.answer(request, "storefront/checkout.html", context, status=status)
