"""The public catalogue: `/api/products` and `/api/categories`. What customers' requests wait for."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from berrypod.shop import Page, PageRequest, Shop
from berrypod.shop.catalogue_records import CategoryCount, ProductDetail, ProductFilter, ProductSummary
from berrypod.shop.paging import PAGE_SIZE
from berrypod.web.answers import ReadyAnswer, ready_json
from berrypod.web.api.describing import FOR_ALL, PageNumber, PageSize, Search, problems


class ProductsController(Controller):
    tags = ("catalogue",)
    opt = FOR_ALL

    @get(
        "/products",
        operation_id="listProducts",
        summary="List the products for sale",
        description="A page of the catalogue in the shop's order. Sends an entity tag; ask again with `If-None-Match`.",
        responses=problems(told=Page[ProductSummary]),
    )
    async def list_products(
        self,
        *,
        shop: NamedDependency[Shop],
        category: Annotated[
            str | None, QueryParameter(max_length=100, description="Only this category, exactly")
        ] = None,
        q: Search = None,
        in_stock: Annotated[bool, QueryParameter(description="Only what can be ordered now")] = False,
        page: PageNumber = 1,
        page_size: PageSize = PAGE_SIZE,
    ) -> ReadyAnswer:
        wanted = ProductFilter(category=category, q=q, in_stock=in_stock)
        return await ready_json(
            shop,
            ("api.products", wanted, page, page_size),
            lambda: shop.catalogue.products(wanted, PageRequest(page, page_size)),
        )

    @get(
        "/products/{slug:str}",
        operation_id="getProduct",
        summary="Get a product with its variants and pictures",
        description="An active product. Sends an entity tag; ask again with `If-None-Match`.",
        responses=problems(404, told=ProductDetail),
    )
    async def get_product(self, shop: NamedDependency[Shop], slug: FromPath[str]) -> ReadyAnswer:
        return await ready_json(shop, ("api.product", slug), lambda: shop.catalogue.product(slug))

    @get(
        "/categories",
        operation_id="listCategories",
        summary="List the categories that have products for sale",
        responses=problems(told=list[CategoryCount]),
    )
    async def list_categories(self, shop: NamedDependency[Shop]) -> ReadyAnswer:
        return await ready_json(shop, "api.categories", shop.catalogue.categories)
