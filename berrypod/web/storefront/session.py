"""What a customer's encrypted cookie holds: the basket, messages for the next page, and which orders are theirs.

    {"basket": {"JAM-RASP-250": 2}, "flashes": [["Saved", "good"]], "orders": [["K7QM-3XWD", "<key of the form>"]]}

Whoever has the cookie may see the orders that it names: it is authenticated encryption, nobody can write a number
into it.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast

from litestar import Request

from berrypod.shop.order_records import MAX_LINES, MAX_QUANTITY

AnyRequest: TypeAlias = Request[Any, Any, Any]
Kind = Literal["info", "good", "warn", "bad"]

# A cookie is 4 kB, and browsers keep few of them.
_KEPT_ORDERS: Final = 5
_KEPT_FLASHES: Final = 5


class Flash(NamedTuple):
    text: str
    kind: Kind = "info"


def _of(request: AnyRequest) -> dict[str, Any]:
    return request.session


def basket(request: AnyRequest) -> dict[str, int]:
    """Quantities by article number, in the order in which they were put in."""
    found: Any = _of(request).get("basket")
    if not isinstance(found, dict):
        return {}
    return {
        sku: quantity
        for sku, quantity in cast("dict[str, Any]", found).items()
        if type(quantity) is int and 1 <= quantity <= MAX_QUANTITY
    }


def set_basket(request: AnyRequest, quantities: dict[str, int]) -> None:
    """Keep the basket; quantities of 0 take a line out. At most 50 lines are kept: an order has no more."""
    kept = {sku: min(quantity, MAX_QUANTITY) for sku, quantity in quantities.items() if quantity > 0}
    if kept:
        _of(request)["basket"] = dict(list(kept.items())[:MAX_LINES])
    else:
        _of(request).pop("basket", None)


def flash(request: AnyRequest, text: str, kind: Kind = "info") -> None:
    """A message for the next page that this visitor sees."""
    waiting: list[Any] = _of(request).setdefault("flashes", [])
    waiting.append([text, kind])
    del waiting[:-_KEPT_FLASHES]


def take_flashes(request: AnyRequest) -> list[Flash]:
    """The waiting messages; they are gone then."""
    waiting: Any = _of(request).pop("flashes", None)
    return [Flash(*item) for item in waiting] if waiting else []


def remember_order(request: AnyRequest, number: str, key: str) -> None:
    """This visitor placed the order, with the form of that key."""
    orders: list[Any] = _of(request).setdefault("orders", [])
    orders.append([number, key])
    del orders[:-_KEPT_ORDERS]


def order_of_key(request: AnyRequest, key: str) -> str | None:
    """The number of the order that this visitor placed with the form of that key."""
    return next((number for number, used in _of(request).get("orders", ()) if used == key), None)


def owns_order(request: AnyRequest, number: str) -> bool:
    return any(number == own for own, _ in _of(request).get("orders", ()))
