"""Data and pictures into a database."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from berrypod.demo.counts import DemoCounts
from berrypod.demo.data import DemoShop, demo_shop
from berrypod.demo.painting import paint
from berrypod.demo.pictures import ALL_SHOTS, PRODUCT_SHOTS, Picture
from berrypod.demo.shots.banners import BANNER_PLACES
from berrypod.demo.shots.covers import COVERS, LOGO
from berrypod.demo.shots.swatches import SWATCHES
from berrypod.demo.stock.records import Product as DemoProduct
from berrypod.errors import Conflict
from berrypod.storage.database import Database
from berrypod.storage.models import (
    Image,
    NewsletterSubscriber,
    Order,
    OrderItem,
    Product,
    ProductImage,
    ProductVariant,
    Setting,
)

_DRAWING_SHARE = 0.97
_TOKEN_BYTES = 24
_OPENED = timedelta(days=430)


async def fill_shop(
    database: Database, *, now: datetime, progress: Callable[[float], object], pixels: float = 1.0
) -> DemoCounts:
    """See `berrypod.demo.fill`. ``pixels`` per unit of the drawings: tests take small ones."""
    await _refuse_unless_empty(database)
    pictures: dict[str, Picture] = {}

    def told(picture: Picture) -> None:
        pictures[picture.name] = picture
        progress(_DRAWING_SHARE * len(pictures) / len(ALL_SHOTS))

    await paint(ALL_SHOTS, pixels=pixels, told=told)
    shop = demo_shop(now)
    async with database.write() as session:
        counts = await _Filling(session, shop, pictures, now).everything()
    progress(1.0)
    return counts


async def _refuse_unless_empty(database: Database) -> None:
    async with database.read() as session:
        products = await session.scalar(select(func.count()).select_from(Product))
    if products:
        raise Conflict(
            "The shop has products already, so the demo was not put into it",
            hint="Use an empty database: `berrypod demo` makes one in a folder of its own.",
        )


class _Filling:
    """One transaction's work; numbers of rows are known from flush to flush."""

    def __init__(self, session: AsyncSession, shop: DemoShop, pictures: Mapping[str, Picture], now: datetime) -> None:
        self._session = session
        self._shop = shop
        self._pictures = pictures
        self._now = now
        self._images: dict[str, Image] = {}
        self._products: dict[str, Product] = {}
        self._variants: dict[str, ProductVariant] = {}

    async def everything(self) -> DemoCounts:
        self._add_images()
        self._add_products()
        await self._session.flush()
        gallery = self._add_gallery()
        items = self._add_orders()
        settings = self._add_settings()
        self._add_subscribers()
        await self._session.flush()
        return DemoCounts(
            products=len(self._products),
            variants=len(self._variants),
            product_images=gallery,
            images=len(self._images),
            image_bytes=sum(image.size_bytes for image in self._images.values()),
            orders=len(self._shop.orders),
            order_items=items,
            settings=settings,
            subscribers=len(self._shop.subscribers),
        )

    def _add_images(self) -> None:
        for name in ALL_SHOTS:
            picture = self._pictures[name]
            self._images[name] = Image(
                sha256=hashlib.sha256(picture.data).hexdigest(),
                media_type=picture.media_type,
                width=picture.width,
                height=picture.height,
                size_bytes=len(picture.data),
                filename=picture.filename,
                alt=picture.alt,
                data=picture.data,
            )
        self._session.add_all(self._images.values())

    def _add_products(self) -> None:
        for position, goods in enumerate(self._shop.products):
            product = Product(
                slug=goods.slug,
                title=goods.title,
                summary=goods.summary,
                description=goods.description,
                category=goods.category,
                status="active",
                position=position,
                created_at=self._now - _OPENED + timedelta(days=3 * position),
            )
            product.variants = self._variants_of(goods)
            self._products[goods.slug] = product
        self._session.add_all(self._products.values())

    def _variants_of(self, goods: DemoProduct) -> list[ProductVariant]:
        rows: list[ProductVariant] = []
        for variant in goods.variants:
            row = ProductVariant(
                sku=variant.sku,
                title=variant.title,
                options=dict(variant.options),
                price_minor=variant.price_minor,
                stock=self._shop.stock[variant.sku],
                position=variant.position,
            )
            self._variants[variant.sku] = row
            rows.append(row)
        return rows

    def _add_gallery(self) -> int:
        rows: list[ProductImage] = []
        for goods in self._shop.products:
            for position, shot in enumerate(PRODUCT_SHOTS[goods.slug]):
                shown = next((v for v in goods.variants if shot.choice in v.options.values()), None)
                rows.append(
                    ProductImage(
                        product_id=self._products[goods.slug].id,
                        image_id=self._images[shot.name].id,
                        variant_id=self._variants[shown.sku].id if shown else None,
                        alt=shot.alt,
                        position=position,
                    )
                )
        self._session.add_all(rows)
        return len(rows)

    def _add_orders(self) -> int:
        items = 0
        for placed in self._shop.orders:
            customer = placed.customer
            order = Order(
                number=placed.number,
                status=placed.status,
                email=customer.email,
                name=customer.name,
                address_line1=customer.address_line1,
                address_line2=customer.address_line2,
                postcode=customer.postcode,
                city=customer.city,
                country=customer.country,
                note=placed.note,
                currency=self._shop.settings["shop.currency"],
                total_minor=placed.total_minor,
                placed_at=placed.placed_at,
                created_at=placed.placed_at,
            )
            order.items = [
                OrderItem(
                    product_id=self._products[line.product_slug].id,
                    variant_id=self._variants[line.variant.sku].id,
                    title=line.title,
                    variant_title=line.variant.title,
                    sku=line.variant.sku,
                    quantity=line.quantity,
                    unit_price_minor=line.variant.price_minor,
                )
                for line in placed.lines
            ]
            items += len(order.items)
            self._session.add(order)
        return items

    def _add_settings(self) -> int:
        values: dict[str, Any] = {**self._shop.settings, **self._picture_settings()}
        self._session.add_all(Setting(key=key, value=value, updated_at=self._now) for key, value in values.items())
        return len(values)

    def _picture_settings(self) -> dict[str, Any]:
        """Where the shop finds its pictures that belong to no product's gallery: their numbers."""
        swatches: dict[str, dict[str, int]] = {}
        for (slug, choice), shot in SWATCHES.items():
            swatches.setdefault(slug, {})[choice] = self._images[shot.name].id
        return {
            "storefront.banners": {place: self._images[name].id for place, name in BANNER_PLACES.items()},
            "storefront.covers": {slug: self._images[shot.name].id for slug, shot in COVERS.items()},
            "storefront.logo": self._images[LOGO.name].id,
            "storefront.swatches": swatches,
        }

    def _add_subscribers(self) -> None:
        self._session.add_all(
            NewsletterSubscriber(
                email=reader.email,
                status="unsubscribed" if reader.unsubscribed_at else "subscribed",
                # Never from the seed: whoever has this code could unsubscribe the readers of every demo.
                token=secrets.token_urlsafe(_TOKEN_BYTES),
                subscribed_at=reader.subscribed_at,
                unsubscribed_at=reader.unsubscribed_at,
            )
            for reader in self._shop.subscribers
        )
