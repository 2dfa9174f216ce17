"""Customers and readers. All of them grew in a hedge; their mail goes to domains that are reserved for examples."""

import random
from datetime import datetime, timedelta

from berrypod.demo.stock.records import Customer, Subscriber

_PLACES: dict[str, tuple[str, str, str]] = {
    "beerenbach": ("00417", "Beerenbach", "Germany"),
    "hecken": ("00932", "Unterhecken", "Germany"),
    "ribisel": ("0040", "Ribiselberg", "Austria"),
    "bally": ("X00 BRY1", "Ballyberry", "Ireland"),
    "bessen": ("0000 BB", "Bessendijk", "Netherlands"),
    "mure": ("00620", "Sainte-Mure-les-Bois", "France"),
    "hallon": ("000 47", "Hallonby", "Sweden"),
}


def _customer(name: str, domain: str, street: str, place: str, line2: str = "") -> Customer:
    postcode, city, country = _PLACES[place]
    return Customer(
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.{domain}",
        address_line1=street,
        address_line2=line2,
        postcode=postcode,
        city=city,
        country=country,
    )


CUSTOMERS: dict[str, Customer] = {
    customer.name.split()[0].lower(): customer
    for customer in (
        _customer("Clementine Mossbank", "com", "Schlehenweg 3", "beerenbach"),
        _customer("Barnaby Quincetree", "org", "4 Sloe Lane", "bally"),
        _customer("Ottilie Hagebutt", "net", "Am Knick 11", "hecken", "Garden house"),
        _customer("Cornelius Sloethorn", "com", "Rue du Mulot 7", "mure"),
        _customer("Tansy Greengage", "com", "9 Bramble Row", "bally"),
        _customer("Ambrose Medlarwood", "org", "Holunderstiege 2", "ribisel"),
        _customer("Persephone Plumtree", "net", "Zwetschgenring 28", "beerenbach", "Second door on the left"),
        _customer("Basil Dewberryfield", "com", "Bosbesstraat 15", "bessen"),
        _customer("Linnea Hjortronskog", "org", "Smultronstigen 6", "hallon"),
        _customer("Casimir Currantbush", "com", "Rote Gasse 1", "ribisel"),
        _customer("Myrtle Whortleberry", "net", "22 Hawthorn Close", "bally"),
        _customer("Florian Mirabellenbaum", "com", "Hinter den Gärten 5", "hecken"),
        _customer("Rowan Elderflower", "org", "Chemin des Haies 40", "mure"),
        _customer("Juniper Cloudberry", "com", "Molnvägen 12", "hallon"),
        _customer("Ignatius Bilberry", "net", "Heidelbeerhöhe 9", "beerenbach", "c/o Bilberry & Daughters"),
        _customer("Saskia Kruisbes", "com", "Kersenkade 31", "bessen"),
        _customer("Hazel Underhedge", "org", "1 Badger's Bottom", "bally"),
        _customer("Quentin Nettleleaf", "com", "Brennnesselplatz 8", "hecken"),
    )
}

_FIRST = (
    *("Alder", "Betony", "Bryony", "Campion", "Celandine", "Damson", "Fennel", "Fern", "Heather", "Ivo", "Jonquil"),
    *("Larkspur", "Laurel", "Linden", "Mallow", "Marjoram", "Nigel", "Olive", "Parsley", "Poppy", "Sorrel", "Yarrow"),
)
_LAST = (
    *("Applegarth", "Barberry", "Bogbean", "Cloverley", "Crabapple", "Dogrose", "Foxglove", "Hedgerow"),
    *("Honeysuckle", "Loganberry", "Mulberry", "Periwinkle", "Rosehip", "Snowberry", "Teasel", "Wildstraw"),
)
READERS = 89
_LEFT = 11


def subscribers(now: datetime) -> tuple[Subscriber, ...]:
    """89 readers who came over the last fourteen months; every third customer is one, and eleven have left again."""
    rng = random.Random(89)
    emails = [customer.email for customer in list(CUSTOMERS.values())[::3]]
    names = [(first, last) for first in _FIRST for last in _LAST]
    rng.shuffle(names)
    for first, last in names[: READERS - len(emails)]:
        emails.append(f"{first}.{last}@example.{rng.choice(('com', 'org', 'net'))}".lower())
    gone = set(rng.sample(range(len(emails)), _LEFT))
    result: list[Subscriber] = []
    for index, email in enumerate(emails):
        came = now - timedelta(days=rng.uniform(2, 425), minutes=rng.uniform(0, 900))
        left = came + (now - came) * rng.uniform(0.1, 0.9) if index in gone else None
        result.append(Subscriber(email=email, subscribed_at=came, unsubscribed_at=left))
    return tuple(sorted(result, key=lambda subscriber: subscriber.subscribed_at))
