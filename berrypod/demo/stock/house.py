"""The goods for the sofa and the evening."""

from berrypod.demo.stock import options as o
from berrypod.demo.stock.records import Choice, Product

HOME = "Home"

CUSHION = Product(
    slug="blueberry-field-cushion",
    title="Blueberry Field Cushion",
    category=HOME,
    summary="Linen strewn with blueberries, piped edges, wooden buttons at the back.",
    description="""\
Washed linen, printed from edge to edge before it is cut, so the berries run over the seams and no two cushions \
have the same ones. The buttons are beech and hidden under a flap, where they leave no marks on cheeks.

The cover alone fits the cushion that you have. With filling it comes with a pad of new wool from sheep whom we \
have met. Wash the cover at 30 degrees, and air the pad on a dry day.""",
    sku="CUSH",
    price_minor=3400,
    options={
        "Colour": (o.MINT, o.CREAM),
        "Size": (Choice("40 cm", "40"), Choice("50 cm", "50", 600)),
        "Filling": (Choice("Cover only", "COV"), Choice("With filling", "FIL", 1500)),
    },
    made=6,
    runs={"CUSH-CRM-50-FIL": 1},
)
CANDLE = Product(
    slug="evening-hedge-candle",
    title="Evening Hedge Candle",
    category=HOME,
    summary="Soy and rapeseed wax in a coloured tumbler. Three scents, none of them loud.",
    description="""\
Bramble & Dusk smells of blackberries and a little of smoke. Raspberry Leaf is green and dry, nearer to the cane \
than to the fruit. Gooseberry Fool is cream and something sour, and people either buy four or put it back.

The wick is cotton and wants trimming to five millimetres before you light it. The large one burns for about \
seventy hours, the small one for a long bath. Afterwards the tumbler holds pencils.""",
    sku="CANDLE",
    price_minor=1100,
    options={
        "Scent": (
            Choice("Bramble & Dusk", "BRA"),
            Choice("Raspberry Leaf", "RSP"),
            Choice("Gooseberry Fool", "GOO"),
        ),
        "Size": (Choice("90 g", "90"), Choice("180 g", "180", 1000), Choice("400 g", "400", 2400)),
    },
    made=14,
    runs={"CANDLE-GOO-400": 0, "CANDLE-BRA-180": 5},
)
