"""The goods for kitchen and table."""

from berrypod.demo.stock import options as o
from berrypod.demo.stock.records import Choice, Product

KITCHEN = "Kitchen"

MUG = Product(
    slug="jam-today-mug",
    title="Jam Today Mug",
    category=KITCHEN,
    summary="Stoneware with a generous handle. Not jam tomorrow, not jam yesterday.",
    description="""\
Thrown and glazed in a pottery of four people and one kiln, then printed and fired once more so that the words \
stay where they are. It goes into the dishwasher and the microwave, and it has been dropped on a lawn without \
harm.

The small one holds a proper coffee, the large one a proper tea. Both have a handle that takes three fingers, \
which we measured on our own.

Glazes vary: gooseberry most of all, from the green of a leaf to something nearer to a pond in good light.""",
    sku="MUG",
    price_minor=1750,
    options={
        "Colour": (o.CREAM, o.PLUM, o.BLUEBERRY, o.GOOSEBERRY),
        "Size": (Choice("250 ml", "250"), Choice("400 ml", "400", 300)),
    },
    made=18,
    runs={"MUG-BLU-400": 2, "MUG-CRM-250": 34},
)
JAM = Product(
    slug="kitchen-garden-jam",
    title="Kitchen Garden Jam",
    category=KITCHEN,
    summary="Boiled in small copper pans: two parts fruit, one part sugar, a lemon, and somebody who stirs.",
    description="""\
Our jam is looser than what you are used to and tastes more of fruit, because there is more fruit in it. It is \
boiled in pans of six kilos and never in larger ones; we tried, and it tasted of hurry.

Raspberry and blackcurrant are picked by us. Gooseberries come from the neighbour, who is better at \
gooseberries. Blueberries come from a moor two hours to the north and are the only fruit here that has been in a \
car.

Keeps for a year unopened, three weeks in the refrigerator once it is open, and about four days in a house with \
children.""",
    sku="JAM",
    price_minor=390,
    options={
        "Flavour": (o.RASPBERRY, Choice("Blackcurrant", "BLK"), o.GOOSEBERRY, Choice("Blueberry", "BLU", 60)),
        "Size": (Choice("110 g", "110"), Choice("220 g", "220", 240), Choice("340 g", "340", 420)),
    },
    made=36,
    runs={"JAM-GOO-340": 0, "JAM-RSP-340": 14, "JAM-BLU-110": 3},
)
TOWEL = Product(
    slug="currant-tea-towel",
    title="Currant Tea Towel",
    category=KITCHEN,
    summary="Half linen, half cotton, woven stripes and printed berries. Dries glasses without leaving its opinion.",
    description="""\
Linen dries and cotton gives, so we use both. The stripes are woven, the berries printed, and there is a loop at \
the top because a towel without a loop lives on the floor.

It is stiff on the first day and just right from the fifth wash on. Iron it if that makes you happy. We fold \
ours.""",
    sku="TOWEL",
    price_minor=1400,
    options={
        "Colour": (Choice("Currant", "CUR"), o.BLUEBERRY),
        "Pack": (Choice("Single", "1"), Choice("Pair", "2", 1100)),
    },
    made=22,
)
APRON = Product(
    slug="picking-apron",
    title="Picking Apron",
    category=KITCHEN,
    summary="Heavy linen with a pocket that holds a punnet. Sold out until the next run is sewn.",
    description="""\
Made for picking and worn for cooking, mostly. The pocket is as wide as a punnet and divided by one seam, so \
that the secateurs do not lie on the raspberries. Straps of soft webbing cross at the back and are long enough \
to tie in front.

Every apron is sewn by one person from beginning to end, and she has signed the inside of the pocket. There were \
ten of them this time. When she says that there are more, the newsletter will say so first.""",
    sku="APRON",
    price_minor=4200,
    options={
        "Colour": (o.PLUM, o.LINEN),
        "Size": (Choice("Adult", "AD"), Choice("Child", "CH", -1400)),
    },
    made=0,
    runs={"APRON-PLM-AD": 4, "APRON-PLM-CH": 1, "APRON-LIN-AD": 3, "APRON-LIN-CH": 2},
)
