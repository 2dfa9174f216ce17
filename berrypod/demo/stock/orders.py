"""Twenty-three orders of the past seven weeks."""

import random
from datetime import datetime, timedelta

from berrypod.demo.stock.goods import BY_SKU
from berrypod.demo.stock.people import CUSTOMERS
from berrypod.demo.stock.records import Order, OrderLine, OrderStatus
from berrypod.shop.order_numbers import ALPHABET

_Lines = dict[str, int]

# Days ago, who, how far it is, what (article number: how many), and what they wrote.
_ORDERS: tuple[tuple[float, str, OrderStatus, _Lines, str], ...] = (
    (48.3, "clementine", "shipped", {"TEE-CRM-M": 1, "JAM-RSP-340": 2}, ""),
    (46.9, "barnaby", "shipped", {"APRON-PLM-AD": 1, "APRON-PLM-CH": 1}, "The small one is for Saturday, if you can."),
    (44.1, "ottilie", "shipped", {"MUG-GOO-400": 2, "CANDLE-BRA-180": 1}, ""),
    (41.6, "cornelius", "shipped", {"PRINT-CRM-A2-OAK": 1}, "There is no bell. Please knock, then wait."),
    (39.2, "tansy", "cancelled", {"HOOD-PLM-M": 1}, ""),
    (37.8, "ambrose", "shipped", {"JAM-RSP-220": 3, "JAM-BLK-220": 3, "JAM-GOO-220": 3, "JAM-BLU-220": 3}, ""),
    (34.5, "persephone", "shipped", {"HOOD-PLM-M": 2, "PIN-RSP": 2}, ""),
    (31.2, "basil", "shipped", {"APRON-LIN-AD": 2, "TOWEL-CUR-2": 1}, ""),
    (29.7, "linnea", "shipped", {"NOTE-MOS-DT": 2, "STICK-MAT": 1, "PIN-BLU": 1}, ""),
    (27.4, "casimir", "shipped", {"CUSH-CRM-50-FIL": 1, "CUSH-MNT-40-COV": 1}, "Thank you for the note last time!"),
    (
        24.8,
        "myrtle",
        "shipped",
        {"PIP-HNY-3": 2, "PIP-MNT-5": 1, "SOCK-BLS-35": 1},
        "Twins. Please not the same colour.",
    ),
    (21.9, "florian", "shipped", {"TEE-MST-S": 2, "TOTE-NAT-LH": 1}, ""),
    (19.3, "rowan", "cancelled", {"GIFT-100": 1}, "Ordered twice by mistake, sorry."),
    (19.2, "rowan", "shipped", {"GIFT-100": 1}, "To the address above, but in the name of Odile, please."),
    (15.6, "juniper", "shipped", {"MUG-BLU-400": 2, "JAM-BLU-110": 3}, ""),
    (12.4, "ignatius", "shipped", {"APRON-PLM-AD": 3, "APRON-LIN-CH": 2, "APRON-LIN-AD": 1}, "For the whole kitchen."),
    (9.8, "saskia", "paid", {"CANDLE-RSP-400": 1, "CANDLE-GOO-90": 4}, ""),
    (
        7.1,
        "hazel",
        "shipped",
        {"JAM-RSP-340": 6, "TOWEL-BLU-1": 2},
        "Leave it with the neighbour. The dog is all talk.",
    ),
    (5.5, "clementine", "paid", {"HOOD-DSK-M": 1, "SOCK-PLM-39": 2}, ""),
    (3.2, "quentin", "paid", {"TOTE-PLM-LH": 2, "STICK-GLO": 2, "NOTE-PLM-LN": 1}, ""),
    (1.7, "barnaby", "placed", {"PRINT-BLS-A3-UF": 1, "PIN-GOO": 1}, ""),
    (0.6, "tansy", "placed", {"HOOD-MOS-XL": 1}, "Second try: this time the right size."),
    (0.1, "ambrose", "placed", {"JAM-BLK-340": 2, "MUG-CRM-250": 4, "GIFT-25": 1}, ""),
)


def orders(now: datetime) -> tuple[Order, ...]:
    """The orders, oldest first, seen from ``now``."""
    rng = random.Random(23)
    return tuple(
        Order(
            number=_number(rng),
            status=status,
            customer=CUSTOMERS[who],
            note=note,
            placed_at=now - timedelta(days=days),
            lines=tuple(_line(sku, quantity) for sku, quantity in lines.items()),
        )
        for days, who, status, lines, note in _ORDERS
    )


def _line(sku: str, quantity: int) -> OrderLine:
    product, variant = BY_SKU[sku]
    return OrderLine(product_slug=product.slug, title=product.title, variant=variant, quantity=quantity)


def _number(rng: random.Random) -> str:
    letters = "".join(rng.choices(ALPHABET, k=8))
    return f"{letters[:4]}-{letters[4:]}"
