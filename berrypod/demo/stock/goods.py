"""All sixteen goods, in the order of the catalogue."""

from berrypod.demo.stock.clothes import HOODIE, PIN, PIP, SOCKS, TEE, TOTE
from berrypod.demo.stock.house import CANDLE, CUSHION
from berrypod.demo.stock.kitchen import APRON, JAM, MUG, TOWEL
from berrypod.demo.stock.paper import GIFT, NOTEBOOK, PRINT, STICKERS
from berrypod.demo.stock.records import Product, Variant

GOODS: tuple[Product, ...] = (
    TEE,
    JAM,
    MUG,
    PRINT,
    HOODIE,
    TOTE,
    CANDLE,
    NOTEBOOK,
    CUSHION,
    SOCKS,
    TOWEL,
    PIP,
    PIN,
    APRON,
    STICKERS,
    GIFT,
)
BY_SKU: dict[str, tuple[Product, Variant]] = {
    variant.sku: (product, variant) for product in GOODS for variant in product.variants
}
