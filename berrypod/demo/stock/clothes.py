"""The goods to wear and to carry."""

from berrypod.demo.stock import options as o
from berrypod.demo.stock.records import Choice, Product

CLOTHES, CARRY = "Clothes", "Bags & pins"

TEE = Product(
    slug="raspberry-sprig-t-shirt",
    title="Raspberry Sprig T-shirt",
    category=CLOTHES,
    summary="Heavy organic cotton with a sprig of raspberries, two ripe and one that is thinking about it.",
    description="""\
A T-shirt of the old-fashioned, substantial kind: 220 grams of organic cotton to the square metre, a collar that \
stays flat, and shoulders taped on the inside so that it hangs well after the fiftieth wash as after the first.

The sprig is screen-printed by hand in seven colours with water-based inks. You can feel the print a little when \
it is new; after three or four washes it is as soft as the rest. No two are quite the same, and we have stopped \
apologising for that.

It is cut straight and a touch long. If you are between two sizes, take the smaller for a neat fit and the \
larger for an afternoon in the garden.""",
    sku="TEE",
    price_minor=2900,
    options={"Colour": (o.CREAM, o.PLUM, o.MIST, o.BLUSH), "Size": o.SIZES},
    made=12,
    runs={"TEE-CRM-M": 5, "TEE-PLM-XS": 0, "TEE-BLS-XXL": 0, "TEE-MST-S": 2},
)
HOODIE = Product(
    slug="bramble-hoodie",
    title="Bramble Hoodie",
    category=CLOTHES,
    summary="A warm, heavy hoodie. The pod on the chest, a whole bramble on the back. Nearly gone.",
    description="""\
We made this for people who pick blackberries in September and will not go in merely because it is getting dark. \
Brushed inside, double-layered in the hood, with a pocket deep enough for two cold hands or one small pot of \
jam.

The bramble on the back runs from flower to ripe fruit along one stem, which is how brambles really do it: all \
at once.

This was a single run of organic cotton fleece and what you see is what is left of it. The mill promises more in \
the spring, and the mill has promised that before.""",
    sku="HOOD",
    price_minor=6400,
    options={"Colour": (o.PLUM, o.MOSS, o.DUSK), "Size": o.SIZES},
    made=0,
    runs={
        "HOOD": 0,
        "HOOD-PLM-M": 2,
        "HOOD-PLM-L": 1,
        "HOOD-MOS-S": 1,
        "HOOD-MOS-XL": 3,
        "HOOD-DSK-M": 2,
        "HOOD-DSK-L": 2,
        "HOOD-DSK-XXL": 1,
    },
)
PIP = Product(
    slug="little-pip-t-shirt",
    title="Little Pip Children's T-shirt",
    category=CLOTHES,
    summary="A contented strawberry for people under ten. Washes at 40 degrees, forgives at all temperatures.",
    description="""\
The same cotton as our grown-up shirts in sizes for climbing, digging and refusing to go home. The strawberry \
has a small smile because we found that the one without it was asked why it was sad.

Shoulders have room, the neck goes over a head without a discussion, and the label is printed instead of sewn \
in. Jam comes out at 40 degrees. Grass takes two goes.""",
    sku="PIP",
    price_minor=1900,
    options={
        "Colour": (o.MINT, o.HONEY),
        "Age": (
            Choice("1-2 years", "1"),
            Choice("3-4 years", "3"),
            Choice("5-6 years", "5"),
            Choice("7-8 years", "7"),
            Choice("9-10 years", "9"),
        ),
    },
    made=9,
    runs={"PIP-HNY-3": 2, "PIP-MNT-9": 0},
)
SOCKS = Product(
    slug="pip-socks",
    title="Pip Socks",
    category=CLOTHES,
    summary="Knitted raspberries on a warm sock with a strong heel. For cold mornings and visible ankles.",
    description="""\
Eighty per cent combed cotton, the rest nylon and a little elastane, because a sock of pure cotton has a hole by \
Easter. Heel and toe are knitted double in the second colour.

The raspberries are knitted in, not printed, so they are a little different on the inside. That is the ends of \
the yarn, and it is how one can tell.""",
    sku="SOCK",
    price_minor=1200,
    options={
        "Colour": (o.PLUM, o.GOOSEBERRY, o.BLUSH),
        "Size": (Choice("35-38", "35"), Choice("39-42", "39"), Choice("43-46", "43")),
    },
    made=20,
    runs={"SOCK-GOO-39": 4},
)
TOTE = Product(
    slug="soft-fruit-tote",
    title="Soft Fruit Tote Bag",
    category=CARRY,
    summary="Thick canvas, handles sewn with a cross, and a fair warning to everybody in the queue.",
    description="""\
Carries eleven kilos of shopping without complaint; we tried it with jam. The canvas is 340 grams, undyed or \
dyed in the yarn, and the handles go down inside the bag to where the weight is.

Short handles are for the hand, long ones for the shoulder. Nobody has ever agreed with us on which is better, \
so we make both. Wash it cold and dry it flat, or do not wash it at all and call it patina.""",
    sku="TOTE",
    price_minor=1600,
    options={
        "Colour": (o.NATURAL, o.PLUM, o.GOOSEBERRY),
        "Handles": (Choice("Short", "SH"), Choice("Long", "LH", 100)),
    },
    made=24,
    runs={"TOTE-PLM-LH": 3},
)
PIN = Product(
    slug="berry-enamel-pin",
    title="Berry Enamel Pin",
    category=CARRY,
    summary="Hard enamel with a bright brass edge, 25 millimetres high. Raspberry, blueberry or gooseberry.",
    description="""\
A small berry for a lapel, a bag strap or the curtain of somebody whom you like. The enamel is fired and \
polished level with the metal, so there is nothing to catch and nothing to chip.

Two pins at the back keep it from turning upside down, and rubber clasps keep it from being given to the bus. \
Comes on a card that can be written on.""",
    sku="PIN",
    price_minor=850,
    options={"Berry": (o.RASPBERRY, o.BLUEBERRY, o.GOOSEBERRY)},
    made=40,
    runs={"PIN-GOO": 6},
)
