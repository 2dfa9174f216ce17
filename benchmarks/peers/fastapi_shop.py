"""The catalogue in FastAPI with SQLAlchemy's ORM over aiosqlite, on a plain file: as their tutorials build it.

The queries, answers and the template's content are ours; eager loading is used where it helps, so that the peer
is not slower than it need be. DATABASE_PATH names the file.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel
from sqlalchemy import ForeignKey, LargeBinary, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    pass


class Variant(Base):
    __tablename__ = "product_variants"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    title: Mapped[str]
    sku: Mapped[str]
    price_minor: Mapped[int]
    stock: Mapped[int]
    position: Mapped[int]


class Image(Base):
    __tablename__ = "images"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    media_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class ProductImage(Base):
    __tablename__ = "product_images"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"))
    alt: Mapped[str]
    position: Mapped[int]
    image: Mapped[Image] = relationship()


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    description: Mapped[str]
    category: Mapped[str]
    status: Mapped[str]
    position: Mapped[int]
    variants: Mapped[list[Variant]] = relationship(order_by=Variant.position)
    images: Mapped[list[ProductImage]] = relationship(order_by=ProductImage.position)


class ProductOut(BaseModel):
    id: int
    slug: str
    title: str
    summary: str
    category: str
    price_from_minor: int
    price_to_minor: int
    in_stock: bool
    cover_image_id: int | None
    cover_alt: str | None


class Page(BaseModel):
    items: list[ProductOut]
    page: int
    page_size: int
    total: int


engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['DATABASE_PATH']}")
sessions = async_sessionmaker(engine, expire_on_commit=False)
templates = Jinja2Templates(Path(__file__).with_name("templates"))
app = FastAPI()


async def get_session() -> AsyncGenerator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


@app.get("/api/products")
async def products(session: Session, page: int = 1, page_size: int = 20) -> Page:
    active = select(Product).where(Product.status == "active")
    total = await session.scalar(select(func.count()).select_from(active.subquery()))
    found = await session.scalars(
        active.options(selectinload(Product.variants), selectinload(Product.images))
        .order_by(Product.position, Product.id)
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return Page(items=[_out(product) for product in found], page=page, page_size=page_size, total=total or 0)


@app.get("/products/{slug}", response_class=HTMLResponse)
async def product(request: Request, session: Session, slug: str) -> HTMLResponse:
    found = await session.scalar(
        select(Product)
        .where(Product.slug == slug, Product.status == "active")
        .options(selectinload(Product.variants), selectinload(Product.images).selectinload(ProductImage.image))
    )
    if found is None:
        raise HTTPException(404)
    return templates.TemplateResponse(request, "product.html", {"product": found})


@app.get("/api/images/{image_id}")
async def image(session: Session, image_id: int) -> Response:
    row = (
        await session.execute(select(Image.data, Image.media_type, Image.sha256).where(Image.id == image_id))
    ).first()
    if row is None:
        raise HTTPException(404)
    return Response(row.data, media_type=row.media_type, headers={"etag": f'"{row.sha256}"'})


def _out(product: Product) -> ProductOut:
    prices = [variant.price_minor for variant in product.variants]
    cover = product.images[0] if product.images else None
    return ProductOut(
        id=product.id,
        slug=product.slug,
        title=product.title,
        summary=product.summary,
        category=product.category,
        price_from_minor=min(prices, default=0),
        price_to_minor=max(prices, default=0),
        in_stock=any(variant.stock > 0 for variant in product.variants),
        cover_image_id=cover.image_id if cover else None,
        cover_alt=cover.alt if cover else None,
    )
