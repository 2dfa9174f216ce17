"""Rows of the catalogue as the records that the admin's side sees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.shop.catalogue_records import PictureRef
from berrypod.shop.inventory_records import ProductRecord, VariantRecord
from berrypod.shop.picture_records import picture_url
from berrypod.storage.models import Image, Product, ProductImage, ProductVariant


async def read_gallery(session: AsyncSession, products: Sequence[int]) -> dict[int, list[PictureRef]]:
    """The pictures of products, by the products' ids, in their order."""
    use = ProductImage
    query = (
        select(
            use.product_id, use.alt, Image.id, Image.sha256, Image.alt, Image.width, Image.height, ProductVariant.sku
        )
        .join(Image, Image.id == use.image_id)
        .outerjoin(ProductVariant, ProductVariant.id == use.variant_id)
        .where(use.product_id.in_(products))
        .order_by(use.position, use.id)
    )
    galleries: defaultdict[int, list[PictureRef]] = defaultdict(list)
    for product_id, own_alt, number, sha256, alt, width, height, sku in await session.execute(query):
        galleries[product_id].append(
            PictureRef(
                id=number,
                url=picture_url(number, sha256),
                alt=own_alt or alt,
                width=width,
                height=height,
                variant_sku=sku,
            )
        )
    return galleries


def product_record(product: Product, pictures: list[PictureRef]) -> ProductRecord:
    """`product` has its variants loaded."""
    return ProductRecord(
        slug=product.slug,
        title=product.title,
        summary=product.summary,
        description=product.description,
        category=product.category,
        status=product.status,  # pyright: ignore[reportArgumentType] - the table's own check holds it
        position=product.position,
        variants=[variant_record(variant) for variant in product.variants],
        pictures=pictures,
        created_at=product.created_at,
        updated_at=product.updated_at,
    )


def variant_record(variant: ProductVariant) -> VariantRecord:
    return VariantRecord(
        sku=variant.sku,
        title=variant.title,
        options={name: str(value) for name, value in variant.options.items()},
        price_minor=variant.price_minor,
        stock=variant.stock,
        position=variant.position,
    )
