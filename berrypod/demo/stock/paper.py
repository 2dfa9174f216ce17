"""The goods of paper."""

from berrypod.demo.stock import options as o
from berrypod.demo.stock.records import Choice, Product

PAPER = "Paper"

PRINT = Product(
    slug="raspberry-study-print",
    title="Raspberry Study Art Print",
    category=PAPER,
    summary="A raspberry cane from blossom to berry, after the herbals, on thick cotton paper.",
    description="""\
Drawn over one June from a single cane outside the kitchen window, which is why there is a flower, a green berry \
and three ripe ones at the same time. The fourth ripe one was eaten during the work.

Printed with pigment inks on 310-gram cotton paper that will outlast the wall. Unframed prints travel rolled in \
a tube; framed ones are in solid oak behind real glass, with a mount, ready to hang, and travel in a great deal \
of cardboard.

The sizes are those of the sheet. Frames add about six centimetres each way.""",
    sku="PRINT",
    price_minor=2200,
    options={
        "Paper": (o.CREAM, o.BLUSH),
        "Size": (Choice("A4", "A4"), Choice("A3", "A3", 1200), Choice("A2", "A2", 2600)),
        "Frame": (Choice("Unframed", "UF"), Choice("Oak frame", "OAK", 4800)),
    },
    made=7,
    runs={"PRINT-BLS-A2-OAK": 0, "PRINT-CRM-A2-OAK": 1},
)
NOTEBOOK = Product(
    slug="hedgerow-notebook",
    title="Hedgerow Notebook",
    category=PAPER,
    summary="Cloth-bound, thread-sewn, gold on the front, 192 pages that lie flat.",
    description="""\
A notebook that stays open by itself, because it is sewn and not glued. Paper of 100 grams that takes a fountain \
pen without telling the next page, a ribbon, and a raspberry pressed in gold.

Inside the cover is a line for a name and one for what you promise to write about. You are under no obligation. \
Ours has been lists of jam for the last three years.""",
    sku="NOTE",
    price_minor=1900,
    options={
        "Colour": (o.PLUM, o.RASPBERRY, o.MOSS),
        "Ruling": (Choice("Plain", "PL"), Choice("Lined", "LN"), Choice("Dotted", "DT")),
    },
    made=15,
    runs={"NOTE-MOS-DT": 2, "NOTE-RSP-PL": 0},
)
STICKERS = Product(
    slug="punnet-of-stickers",
    title="Punnet of Stickers",
    category=PAPER,
    summary="Nine stickers: five berries, a bee, a blossom and two sayings. For laptops and jam lids.",
    description="""\
Die-cut vinyl that survives rain, rucksacks and a careful round in the dishwasher. Peels off in one piece even \
after a year, if you go slowly and think of something else.

Matt for notebooks, gloss for everything that gets wet. The bee is on both.""",
    sku="STICK",
    price_minor=590,
    options={"Finish": (Choice("Matt", "MAT"), Choice("Gloss", "GLO"))},
    made=60,
)
GIFT = Product(
    slug="gift-card",
    title="Gift Card",
    category=PAPER,
    summary="A small pot of joy: letterpress on thick card, posted in a pink envelope.",
    description="""\
For people who would rather choose for themselves. The card is real, printed on a press older than any of us, \
with the code written on the back by hand. We post it to you or straight to them; say which in the note to your \
order.

It does not expire, can be used up bit by bit, and makes a decent bookmark afterwards.""",
    sku="GIFT",
    price_minor=0,
    options={
        "Value": (
            Choice("15 euros", "15", 1500),
            Choice("25 euros", "25", 2500),
            Choice("50 euros", "50", 5000),
            Choice("100 euros", "100", 10000),
        )
    },
    made=80,
)
