"""Pictures of the art print, the notebook, the stickers and the gift card."""

from functools import partial

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import (
    BIRCH,
    BLUSH,
    CREAM,
    HEATHER,
    LILAC,
    LINEN,
    MILK,
    MINT,
    MIST,
    MOSS,
    OAK,
    PAPER,
    PLUM,
    RASPBERRY,
    ROSE,
    Colour,
)
from berrypod.demo.drawing.paths import box
from berrypod.demo.goods import prints, trinkets
from berrypod.demo.goods.notebook import Ruling, notebook, open_book, pencil
from berrypod.demo.motifs.berries import raspberry
from berrypod.demo.scenes import backdrops, home, kitchen
from berrypod.demo.shots.shot import Shot, flat, lying

PAPERS: dict[str, tuple[Colour, Colour]] = {"Cream": (CREAM, MINT), "Blush": (BLUSH, LILAC)}
CLOTHS: dict[str, tuple[Colour, Colour]] = {
    "Plum": (PLUM, BLUSH),
    "Raspberry": (RASPBERRY, MIST),
    "Moss": (MOSS, PAPER),
}
VALUES: dict[str, Colour] = {"15": MINT, "25": BLUSH, "50": RASPBERRY, "100": PLUM}


def _over_sideboard(canvas: Canvas) -> None:
    home.wall(canvas, MINT.mixed(LINEN, 0.35))
    home.window_light(canvas, 640, 90, 1.1)
    home.sideboard(canvas, 800)
    lying(canvas, partial(prints.framed, paper=CREAM), 430, 400, 0.92)
    lying(canvas, home.vase, 800, 802, 1.0)
    lying(canvas, partial(kitchen.bowl, colour=BLUSH), 200, 730, 0.58)


def _print_detail(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, 1000, 1000), CREAM)
    lying(canvas, partial(prints.study, paper=CREAM), 330, 520, 3.1, 2)


def _print_sizes(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    for x, y, scale, turn, text in (
        (230, 660, 0.62, -3, "a4"),
        (500, 530, 0.88, 2, "a3"),
        (770, 400, 0.62 * 2, 0, "a2"),
    ):
        size = scale if text != "a2" else 1.06
        lying(
            canvas, partial(prints.sheet, paper=CREAM if text != "a3" else BLUSH, curl=False), x, y, size * 0.82, turn
        )
        write(canvas, text, x, 905, 30, PLUM, weight=0.18)


def _rolled(canvas: Canvas) -> None:
    backdrops.boards(canvas, BIRCH.paler(0.15))
    lying(canvas, partial(prints.sheet, paper=CREAM), 590, 440, 1.05, 12)
    lying(canvas, prints.tube, 400, 760, 1.05, -14)


def _writing(canvas: Canvas) -> None:
    backdrops.boards(canvas)
    lying(canvas, partial(open_book, cloth=MOSS, ruling="lined", written=True), 490, 480, 1.12, -3)
    lying(canvas, pencil, 640, 850, 1.15, -12)
    kitchen.loose_berries(canvas, ((900, 110, 30), (120, 880, -30), (200, 920, 50)), 44)


def _stack(canvas: Canvas) -> None:
    backdrops.sheet(canvas, leaf_shade=7)
    for x, y, turn, colour in ((420, 560, -16, MOSS), (540, 520, 12, RASPBERRY), (490, 490, -3, PLUM)):
        lying(canvas, partial(notebook, cloth=colour), x, y, 1.05, turn)


def _rulings(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    choices: tuple[tuple[Ruling, Colour], ...] = (("plain", PLUM), ("lined", RASPBERRY), ("dotted", MOSS))
    for index, (ruling, colour) in enumerate(choices):
        y = 200 + index * 300
        lying(canvas, partial(open_book, cloth=colour, ruling=ruling), 600, y, 0.52, (-2, 2, -1)[index])
        write(canvas, ruling, 210, y + 12, 34, PLUM, weight=0.18)


def _on_laptop(canvas: Canvas) -> None:
    backdrops.boards(canvas, OAK.paler(0.25))
    with canvas.placed(500, 520, 1.15, -5):
        home.laptop(canvas)
        places = ((-240, -110, 0, 92, -8), (-30, -130, 1, 70, 6), (210, -120, 3, 92, 4), (-170, 110, 6, 80, 10))
        for x, y, index, size, turn in (*places, (40, 90, 4, 74, -10), (240, 100, 5, 80, 8)):
            design, rim = trinkets.STICKERS[index]
            with canvas.placed(x, y, size, turn):
                trinkets.sticker(canvas, design, rim)


def _peeling(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    lying(canvas, trinkets.sticker_sheet, 330, 640, 1.9, -8)
    lying(canvas, partial(trinkets.sticker, design=raspberry, lift=0.16), 700, 300, 190, 14)


def _gloss(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    for x, text in ((270, "matt"), (730, "gloss")):
        lying(canvas, trinkets.sticker_sheet, x, 440, 0.92)
        if text == "gloss":
            with canvas.clipped(box(x - 220, 146, x + 220, 734, round_by=16)):
                canvas.fill([(x - 260, 480), (x - 10, 120), (x + 130, 120), (x - 260, 700)], MILK, alpha=0.45)
                canvas.fill([(x - 200, 740), (x + 210, 150), (x + 240, 200), (x - 130, 740)], MILK, alpha=0.3)
        write(canvas, text, x, 840, 36, PLUM, weight=0.18)


def _in_envelope(canvas: Canvas) -> None:
    backdrops.boards(canvas)
    with canvas.placed(500, 590, 1.2, -4):
        trinkets.envelope(canvas, ROSE, open_flap=True)
        lying(canvas, trinkets.gift_card, 0, -130)
        trinkets.envelope_front(canvas, ROSE)
    kitchen.loose_berries(canvas, ((130, 170, 30), (860, 900, -40)), 50)


def _values(canvas: Canvas) -> None:
    backdrops.sheet(canvas)
    for index, (value, ground) in enumerate(VALUES.items()):
        x, y = 265 + index % 2 * 470, 330 + index // 2 * 340
        lying(canvas, partial(trinkets.gift_card, value=value, ground=ground), x, y, 0.78, (-5, 3, 4, -4)[index])


def _gift_parcel(canvas: Canvas) -> None:
    backdrops.sheet(canvas, leaf_shade=9)
    lying(canvas, home.parcel, 500, 500, 1.4, -6)
    lying(canvas, partial(trinkets.gift_card, value="50", ground=PLUM), 610, 660, 0.72, 8)


PRINT = (
    *(
        Shot(
            name=f"raspberry-study-print-{name.lower()}",
            alt=f"Botanical print of a raspberry cane on {name.lower()} paper",
            ground=ground,
            draw=flat(partial(prints.sheet, paper=paper), scale=1.38, turn=turn),
            choice=name,
        )
        for (name, (paper, ground)), turn in zip(PAPERS.items(), (-2, 2), strict=True)
    ),
    Shot(
        name="raspberry-study-print-framed",
        alt="The print in its oak frame above a sideboard",
        ground=MINT,
        draw=_over_sideboard,
    ),
    Shot(
        name="raspberry-study-print-detail",
        alt="A leaf and two raspberries of the print close up",
        ground=CREAM,
        draw=_print_detail,
    ),
    Shot(
        name="raspberry-study-print-sizes",
        alt="The three sizes side by side: A4, A3 and A2",
        ground=LINEN,
        draw=_print_sizes,
    ),
    Shot(
        name="raspberry-study-print-tube",
        alt="The print with the postal tube that it travels in",
        ground=BIRCH,
        draw=_rolled,
    ),
)
NOTEBOOK = (
    *(
        Shot(
            name=f"hedgerow-notebook-{name.lower()}",
            alt=f"Notebook bound in {name.lower()} cloth with a gold raspberry",
            ground=ground,
            draw=flat(
                partial(notebook, cloth=cloth, ribbon=ROSE if name == "Raspberry" else RASPBERRY), scale=1.22, turn=5
            ),
            choice=name,
        )
        for name, (cloth, ground) in CLOTHS.items()
    ),
    Shot(
        name="hedgerow-notebook-open",
        alt="An open notebook with a recipe for jam and a drawn raspberry",
        ground=BIRCH,
        draw=_writing,
    ),
    Shot(name="hedgerow-notebook-stack", alt="All three notebooks in a fan", ground=LILAC, draw=_stack),
    Shot(name="hedgerow-notebook-rulings", alt="Plain, lined and dotted pages", ground=MINT, draw=_rulings),
)
STICKERS = (
    Shot(
        name="punnet-of-stickers-sheet",
        alt="A sheet of nine stickers: berries, a bee, a blossom and two sayings",
        ground=MINT,
        draw=flat(trinkets.sticker_sheet, scale=1.3, turn=3),
    ),
    Shot(
        name="punnet-of-stickers-laptop", alt="Six of the stickers on the lid of a laptop", ground=OAK, draw=_on_laptop
    ),
    Shot(
        name="punnet-of-stickers-peeled", alt="The raspberry sticker peeled off its sheet", ground=MIST, draw=_peeling
    ),
    Shot(
        name="punnet-of-stickers-finishes", alt="The matt and the glossy sheet side by side", ground=LINEN, draw=_gloss
    ),
)
GIFT = (
    Shot(
        name="gift-card-front",
        alt="Plum gift card that says a small pot of joy",
        ground=BLUSH,
        draw=flat(trinkets.gift_card, scale=1.45, turn=-4),
    ),
    Shot(name="gift-card-envelope", alt="The gift card half out of its pink envelope", ground=BIRCH, draw=_in_envelope),
    Shot(
        name="gift-card-values",
        alt="Four gift cards: 15, 25, 50 and 100 euros",
        ground=LILAC.mixed(HEATHER, 0.2),
        draw=_values,
    ),
    Shot(
        name="gift-card-back",
        alt="The back, with lines for a name and the code",
        ground=MINT,
        draw=flat(trinkets.gift_card_back, scale=1.45, turn=4),
    ),
    Shot(
        name="gift-card-parcel",
        alt="A parcel tied with twine, with the gift card on it",
        ground=MIST,
        draw=_gift_parcel,
    ),
)
