"""The catalogue for programs that look after it: all products with exact stock, and every change to them."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody, QueryParameter

from berrypod.accounts.principals import TokenPrincipal
from berrypod.shop import Page, PageRequest, Shop
from berrypod.shop.inventory_records import (
    InventoryFilter,
    NewProduct,
    NewVariant,
    PictureUse,
    ProductChange,
    ProductRecord,
    ProductStatus,
    VariantChange,
    VariantRecord,
)
from berrypod.shop.paging import PAGE_SIZE
from berrypod.web.api.describing import (
    READING,
    WRITING,
    PageNumber,
    PageSize,
    Search,
    documented_header,
    problems,
)

TokenRequest = Request[TokenPrincipal, Any, Any]


class InventoryController(Controller):
    """Reading: products of every status."""

    path = "/inventory"
    tags = ("inventory",)
    opt = READING

    @get(
        operation_id="listInventory",
        summary="List products of every status with exact stock",
        responses=problems(),
    )
    async def list_inventory(
        self,
        shop: NamedDependency[Shop],
        status: Annotated[ProductStatus | None, QueryParameter(description="Only products of this status")] = None,
        q: Search = None,
        page: PageNumber = 1,
        page_size: PageSize = PAGE_SIZE,
    ) -> Page[ProductRecord]:
        return await shop.inventory.list(InventoryFilter(status=status, q=q), PageRequest(page, page_size))

    @get(
        "/{slug:str}",
        operation_id="getInventoryProduct",
        summary="Get a product of any status with exact stock",
        responses=problems(404),
    )
    async def get_product(self, shop: NamedDependency[Shop], slug: FromPath[str]) -> ProductRecord:
        return await shop.inventory.get(slug)


class ProductChangesController(Controller):
    tags = ("inventory",)
    opt = WRITING

    @post(
        "/products",
        operation_id="createProduct",
        summary="Create a product, with or without variants",
        description="It is a draft unless `status` says otherwise. Without a `slug` one is made of the title.",
        response_headers=[documented_header("Location", "Where the product is, for programs with a token")],
        responses=problems(409),
    )
    async def create_product(
        self, request: TokenRequest, shop: NamedDependency[Shop], data: JSONBody[NewProduct]
    ) -> Response[ProductRecord]:
        made = await shop.inventory.create(data, actor=request.user.actor)
        return Response(made, headers={"location": f"/api/inventory/{made.slug}"})

    @patch(
        "/products/{slug:str}",
        operation_id="changeProduct",
        summary="Change or archive a product",
        description='What is left out stays as it is. `{"status": "archived"}` takes the product out of the shop; '
        "its orders stay as they are.",
        responses=problems(404, 409),
    )
    async def change_product(
        self, request: TokenRequest, shop: NamedDependency[Shop], slug: FromPath[str], data: JSONBody[ProductChange]
    ) -> ProductRecord:
        return await shop.inventory.change(slug, data, actor=request.user.actor)

    @delete(
        "/products/{slug:str}",
        operation_id="deleteProduct",
        summary="Delete a product that was never ordered",
        responses=problems(404, 409),
    )
    async def delete_product(self, request: TokenRequest, shop: NamedDependency[Shop], slug: FromPath[str]) -> None:
        await shop.inventory.delete(slug, actor=request.user.actor)

    @put(
        "/products/{slug:str}/images",
        operation_id="setProductImages",
        summary="Set the pictures of a product, in their order",
        description="Replaces all of them; the first is the cover. Upload pictures with `POST /api/images` before.",
        responses=problems(404),
    )
    async def set_images(
        self,
        request: TokenRequest,
        shop: NamedDependency[Shop],
        slug: FromPath[str],
        data: Annotated[list[PictureUse], Body(title="Pictures", description="The whole gallery", max_items=50)],
    ) -> ProductRecord:
        return await shop.inventory.set_gallery(slug, data, actor=request.user.actor)

    @post(
        "/products/{slug:str}/variants",
        operation_id="addVariant",
        summary="Add a variant to a product",
        responses=problems(404, 409),
    )
    async def add_variant(
        self, request: TokenRequest, shop: NamedDependency[Shop], slug: FromPath[str], data: JSONBody[NewVariant]
    ) -> VariantRecord:
        return await shop.inventory.add_variant(slug, data, actor=request.user.actor)

    @patch(
        "/variants/{sku:str}",
        operation_id="changeVariant",
        summary="Change a variant, its price or its stock",
        description="`stock_change` adds to the stock whatever was sold meanwhile; `stock` sets it.",
        responses=problems(404, 409),
    )
    async def change_variant(
        self, request: TokenRequest, shop: NamedDependency[Shop], sku: FromPath[str], data: JSONBody[VariantChange]
    ) -> VariantRecord:
        return await shop.inventory.change_variant(sku, data, actor=request.user.actor)

    @delete(
        "/variants/{sku:str}",
        operation_id="deleteVariant",
        summary="Delete a variant",
        description="Orders keep their own copy of what was sold.",
        responses=problems(404),
    )
    async def delete_variant(self, request: TokenRequest, shop: NamedDependency[Shop], sku: FromPath[str]) -> None:
        await shop.inventory.delete_variant(sku, actor=request.user.actor)
