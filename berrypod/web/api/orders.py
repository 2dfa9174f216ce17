"""Orders: anybody may place one, programs with a token see and move them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from berrypod.accounts.principals import TokenPrincipal
from berrypod.shop import Page, PageRequest, Shop
from berrypod.shop.fields import described
from berrypod.shop.order_records import OrderFilter, OrderRecord, OrderRequest, OrderStatus, OrderSummary
from berrypod.shop.paging import PAGE_SIZE
from berrypod.web.api.describing import (
    FOR_ALL,
    READING,
    WRITING,
    PageNumber,
    PageSize,
    documented_header,
    problems,
)


class StatusChange(msgspec.Struct, forbid_unknown_fields=True):
    status: Annotated[OrderStatus, described("What the order becomes; `cancelled` gives its stock back", "shipped")]


class OrdersController(Controller):
    path = "/orders"
    tags = ("orders",)

    @post(
        opt=FOR_ALL,
        operation_id="placeOrder",
        summary="Place an order",
        description="All lines or none: the stock is checked and taken in one transaction. With an `Idempotency-Key`, "
        "the same order sent again is not placed again: the answer is the first one, with `Idempotent-Replayed: true`. "
        "Problems of status 409 have the codes `out_of_stock` (`lines` says what is left), `price_changed`, "
        "`orders_closed` and `conflict` (the key was used for another order).",
        responses=problems(409),
        response_headers=[
            documented_header("Location", "Where the order is, for programs with a token"),
            documented_header("Idempotent-Replayed", "`true` when it had been placed before"),
        ],
    )
    async def place_order(
        self,
        shop: NamedDependency[Shop],
        data: JSONBody[OrderRequest],
        idempotency_key: Annotated[
            str | None,
            HeaderParameter(
                name="Idempotency-Key",
                description="Your name for this order, 8 to 200 characters; a UUID is a good one",
            ),
        ] = None,
    ) -> Response[OrderRecord]:
        placement = await shop.orders.place(data, idempotency_key=idempotency_key)
        headers = {"location": f"/api/orders/{placement.order.number}"}
        if placement.repeated:
            headers["idempotent-replayed"] = "true"
        return Response(placement.order, headers=headers)

    @get(
        opt=READING,
        operation_id="listOrders",
        summary="List orders, newest first",
        responses=problems(),
    )
    async def list_orders(
        self,
        *,
        shop: NamedDependency[Shop],
        status: Annotated[OrderStatus | None, QueryParameter(description="Only orders of this status")] = None,
        email: Annotated[str | None, QueryParameter(max_length=254, description="Only orders of this address")] = None,
        placed_after: Annotated[
            datetime | None,
            QueryParameter(description="Only orders placed later (ISO 8601; UTC unless it says otherwise)"),
        ] = None,
        page: PageNumber = 1,
        page_size: PageSize = PAGE_SIZE,
    ) -> Page[OrderSummary]:
        wanted = OrderFilter(status=status, email=email, placed_after=placed_after)
        return await shop.orders.list(wanted, PageRequest(page, page_size))

    @get(
        "/{number:str}",
        opt=READING,
        operation_id="getOrder",
        summary="Get an order with its items",
        responses=problems(404),
    )
    async def get_order(self, shop: NamedDependency[Shop], number: FromPath[str]) -> OrderRecord:
        return await shop.orders.get(number)

    @patch(
        "/{number:str}",
        opt=WRITING,
        operation_id="changeOrderStatus",
        summary="Move an order to another status",
        description="The status that it has already changes nothing. A cancelled order stays cancelled; "
        "a shipped one cannot be cancelled.",
        responses=problems(404, 409),
    )
    async def change_status(
        self,
        request: Request[TokenPrincipal, Any, Any],
        shop: NamedDependency[Shop],
        number: FromPath[str],
        data: JSONBody[StatusChange],
    ) -> OrderRecord:
        return await shop.orders.set_status(number, data.status, actor=request.user.actor)
