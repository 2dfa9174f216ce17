"""How much there is in the demo shop."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DemoCounts:
    """Rows that were written, by table, and the size of all pictures in bytes."""

    products: int
    variants: int
    product_images: int
    images: int
    image_bytes: int
    orders: int
    order_items: int
    settings: int
    subscribers: int
