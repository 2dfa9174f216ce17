"""The demo's settings: what the shop reads (`berrypod.shop.settings.DECLARED`), and what a theme or plugin may.

shop.*        who we are; `shop.currency` is that of all prices
storefront.*  the pages; covers, swatches, banners and the logo are numbers of pictures (added when they are known)
orders.*      what customers agree to
newsletter.*  the letter
legal.*       what the law asks for
mail.*        letters to customers: sender, subject, closing line
seo.*         what search engines read
social.*      where else we are
tax.*         rates in per cent; prices include them
theme.*       colours, for whoever styles the shop
"""

from collections.abc import Mapping
from typing import Any

SETTINGS: Mapping[str, Any] = {
    "shop.name": "Berrypod",
    "shop.tagline": "Small goods from a large hedge",
    "shop.description": (
        "A small shop for people who like berries: shirts, jam, paper and things for the house, "
        "picked, printed and potted by hand."
    ),
    "shop.about": (
        "Berrypod began with a hedge that gave more raspberries than one family could eat. We made jam; then "
        "labels for the jam; then somebody asked whether the label could be had on a T-shirt.\n\n"
        "Today there are five of us, a screen-printing table, a stove with six rings, and still the same "
        "hedge. We make small runs, and when something is gone it is gone until we make it again.\n\n"
        "None of this is true: Berrypod is a demonstration, and its pictures are drawn by a program. The "
        "raspberries are the part that we would most like to be real."
    ),
    "shop.email": "hello@example.com",
    "shop.phone": "+49 171 3920042",
    "shop.address": "Berrypod\nAm Beerenhang 7\n00932 Unterhecken\nGermany",
    "shop.currency": "EUR",
    "shop.language": "en",
    "shop.timezone": "Europe/Berlin",
    "shop.founded": 2019,
    "shop.opening_hours": "Thursday and Friday 10 to 17, Saturday 9 to 13, and when the gate is open",
    "storefront.announcement": "Raspberries are in: fresh jam every Thursday.",
    "storefront.products_per_page": 24,
    "orders.open": True,
    "orders.closed_message": "We are out picking. Orders open again on Monday.",
    "orders.countries": ["Austria", "Belgium", "France", "Germany", "Ireland", "Netherlands", "Sweden"],
    "orders.payment_terms": (
        "You pay by invoice: it lies in the parcel and is due within 14 days. Gift cards are sent once they are paid."
    ),
    "orders.shipping_note": (
        "Prices include postage. Parcels leave on Tuesdays and Fridays and take two to six days; "
        "glass travels in straw, and so far all of it has arrived."
    ),
    "newsletter.title": "News from the hedge",
    "newsletter.invitation": "One letter a month: what is ripe, what is new, and one recipe.",
    "legal.imprint": (
        "Berrypod is a demonstration. There is no such shop, nobody works here, "
        "and nothing that you order will come.\n\n"
        "Answerable for the content: the Hedge, Am Beerenhang 7, 00932 Unterhecken."
    ),
    "legal.terms": (
        "We sell what is in the catalogue, at the price beside it.\n\n"
        "You may send things back within 30 days if they are unused. Jam counts as used once it is open.\n\n"
        "If something arrives broken, tell us and we send another."
    ),
    "legal.privacy": (
        "We keep your name and address to send you what you ordered, and for as long as the tax office wants them.\n\n"
        "All of it is in one encrypted file. We have no trackers, and no interest in what you do elsewhere."
    ),
    "mail.from_name": "Berrypod",
    "mail.from_address": "hello@example.com",
    "mail.order_subject": "Your order {number} has reached the hedge",
    "mail.signature": "With kind regards, and purple fingers",
    "seo.title": "Berrypod - small goods from a large hedge",
    "seo.description": "T-shirts, jam, mugs, prints and notebooks for people who like berries.",
    "seo.indexing": False,
    "social.mastodon": "https://social.example/@berrypod",
    "tax.included": True,
    "tax.rates": {"standard": 19, "food": 7},
    "tax.number": "DE000000000",
    "theme.accent": "#8A2F5F",
    "theme.ground": "#FAF1E3",
    "theme.corners": "round",
}
