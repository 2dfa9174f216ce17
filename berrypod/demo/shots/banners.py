"""The eight wide scenes: for the head of the shop, its categories and its letters."""

from functools import partial

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import (
    BIRCH,
    BLUEBERRY,
    BLUSH,
    CREAM,
    DUSK,
    GOOSEBERRY,
    LILAC,
    LINEN,
    MINT,
    MIST,
    MOSS,
    MULBERRY,
    NIGHT,
    OAK,
    PLUM,
    RASPBERRY,
    ROSE,
    WALNUT,
    Colour,
)
from berrypod.demo.drawing.paths import box, ellipse
from berrypod.demo.drawing.texture import linen_tile, wood_tile
from berrypod.demo.goods import prints, trinkets
from berrypod.demo.goods.hoodie import hoodie
from berrypod.demo.goods.linens import hanging_towel
from berrypod.demo.goods.notebook import notebook, open_book, pencil
from berrypod.demo.goods.tee import tee
from berrypod.demo.motifs.berries import blueberry, gooseberry, raspberry
from berrypod.demo.motifs.foliage import leaf_spray
from berrypod.demo.motifs.prints import big_strawberry, blueberries, currant_branch, sprig, wordmark
from berrypod.demo.scenes import backdrops, home, kitchen
from berrypod.demo.scenes.hedgerow import hedgerow
from berrypod.demo.shots.house import candle_of, cushion_in
from berrypod.demo.shots.kitchen import FLAVOURS, jar_of, mug_in
from berrypod.demo.shots.shot import Draw, Shot, lying, stand
from berrypod.demo.shots.wear import tote_in

_WIDE, _HIGH = 1600, 800


def _stall(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, _WIDE, _HIGH), MINT)
    canvas.glow(500, 300, 800, 500, CREAM, 0.6)
    for x in (130, 1430):
        canvas.fill(box(x, 120, x + 36, 800), OAK)
        canvas.weave(box(x, 120, x + 36, 800), wood_tile())
    lying(canvas, tote_in("Natural"), 300, 340, 0.36, -3)
    lying(canvas, tote_in("Plum"), 1300, 340, 0.36, 3)
    _bunting(canvas)
    _awning(canvas)
    counter = box(60, 620, 1540, 660)
    for index, flavour in enumerate(("Raspberry", "Gooseberry", "Blackcurrant", "Blueberry", "Raspberry")):
        stand(canvas, jar_of(flavour), 470 + index * 128, 618, base=198, width=250, scale=0.44)
    stand(canvas, mug_in("Cream"), 1180, 620, base=184, width=280, scale=0.36)
    stand(canvas, mug_in("Blueberry"), 1350, 624, base=184, width=280, scale=0.36)
    stand(canvas, partial(kitchen.bowl, colour=BLUSH), 270, 622, base=120, width=280, scale=0.62)
    front = box(90, 660, 1510, 800)
    canvas.fill(counter, OAK.paler(0.2))
    canvas.weave(counter, wood_tile())
    canvas.fill(front, PLUM)
    canvas.weave(front, linen_tile())
    canvas.fill(front, NIGHT, alpha=0.4, fade=(0, 660, 0, 710))
    write(canvas, "picked, printed & potted by hand", 800, 754, 34, CREAM, weight=0.2)


def _awning(canvas: Canvas) -> None:
    for index in range(16):
        colour = RASPBERRY if index % 2 == 0 else CREAM
        left = 40 + index * 95.0
        top = [(120 + index * 85.0, 30.0), (205 + index * 85.0, 30.0), (left + 95, 150.0), (left, 150.0)]
        canvas.fill(top, colour)
        canvas.fill([(left, 149), (left + 95, 149), *ellipse(left + 47.5, 178, 47.5, 30)[:31]], colour.deeper(0.08))
    roof = [(120.0, 30.0), (1480.0, 30.0), (1560.0, 150.0), (40.0, 150.0)]
    canvas.weave(roof, linen_tile())
    canvas.fill(roof, NIGHT, alpha=0.2, fade=(0, 150, 0, 60))
    canvas.fill(box(130, 205, 1466, 300), NIGHT, alpha=0.16, fade=(0, 200, 0, 300))


def _bunting(canvas: Canvas) -> None:
    for index, colour in enumerate((BLUEBERRY, ROSE, GOOSEBERRY, MULBERRY, BLUEBERRY, ROSE, GOOSEBERRY)):
        x = 500 + index * 100
        y = 250 + 40 * (1 - ((index - 3) / 3.5) ** 2)
        canvas.fill([(x - 40, y), (x + 40, y), (x, y + 78)], colour)
        canvas.line([(x - 50, y - 3), (x + 50, y - 3)], OAK, 5)


def _kitchen(canvas: Canvas) -> None:
    home.wall(canvas, MIST.paler(0.15), panelled=True)
    home.window_light(canvas, 60, 120, 1.2)
    for y, left in ((330, 560), (650, 560)):
        kitchen.shelf(canvas, y, left, 1540)
    for index, flavour in enumerate(FLAVOURS):
        stand(canvas, jar_of(flavour), 660 + index * 150, 320, base=198, width=240, scale=0.5)
    stand(canvas, partial(kitchen.bowl, colour=ROSE), 1380, 320, base=120, width=260, scale=0.86)
    for index, name in enumerate(("Plum", "Cream", "Gooseberry", "Blueberry")):
        stand(canvas, mug_in(name), 680 + index * 236, 640, base=184, width=260, scale=0.56)
    kitchen.rail(canvas, 206, 20, 540)
    lying(canvas, partial(hanging_towel, ground=LINEN, stripe=PLUM, design=currant_branch), 150, 414, 0.66)
    lying(canvas, partial(hanging_towel, ground=CREAM, stripe=BLUEBERRY, design=blueberries), 400, 414, 0.66)


def _rail(canvas: Canvas) -> None:
    home.wall(canvas, BLUSH.mixed(LINEN, 0.4), panelled=True)
    home.window_light(canvas, 1130, 300, 1.2)
    kitchen.rail(canvas, 130, 60, 1540)
    chest = partial(wordmark, ink=CREAM, size=0.62)
    things = (
        (200, partial(tee, colour=MIST, design=sprig)),
        (490, partial(hoodie, colour=MOSS, design=chest)),
        (790, partial(tee, colour=CREAM, design=sprig)),
        (1090, partial(hoodie, colour=PLUM, design=chest)),
        (1390, partial(tee, colour=MINT, design=big_strawberry)),
    )
    for x, thing in things:
        with canvas.placed(x, 130 + 74, 0.8):
            home.hanger(canvas)
            with canvas.placed(0, 285):
                thing(canvas)


def _desk(canvas: Canvas) -> None:
    backdrops.boards(canvas, BIRCH.paler(0.1), planks=4)
    lying(canvas, partial(prints.sheet, paper=CREAM), 250, 400, 1.05, -9)
    lying(canvas, partial(open_book, cloth=MOSS, ruling="dotted", written=True), 800, 390, 0.98, 3)
    lying(canvas, pencil, 820, 725, 1.1, -8)
    lying(canvas, partial(notebook, cloth=PLUM), 1290, 300, 0.72, 12)
    lying(canvas, partial(trinkets.gift_card, value="25", ground=BLUSH), 1340, 640, 0.72, -8)
    for index, x, y, turn in ((0, 520, 120, -10), (1, 1080, 690, 8), (5, 1530, 110, 6)):
        design, rim = trinkets.STICKERS[index]
        with canvas.placed(x, y, 58, turn):
            trinkets.sticker(canvas, design, rim)


def _parcels(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, _WIDE, _HIGH), GOOSEBERRY.paler(0.45))
    backdrops.sheet(canvas)
    lying(canvas, home.parcel, 380, 420, 1.2, -8)
    lying(canvas, partial(home.parcel, paper=BLUSH), 960, 380, 0.95, 5)
    lying(canvas, partial(prints.tube, card=BIRCH), 1250, 660, 0.9, -10)
    lying(canvas, partial(trinkets.gift_card, value=None, ground=PLUM), 1370, 250, 0.62, 10)
    with canvas.placed(540, 560, 62, 10):
        trinkets.sticker(canvas, raspberry)
    for x, y, turn in ((720, 700, 30), (1180, 120, -40), (90, 120, 140)):
        with canvas.placed(x, y, 70, turn):
            leaf_spray(canvas)
    kitchen.loose_berries(canvas, ((700, 120, 20), (760, 90, -30), (790, 640, 50)), 44)


def _evening(canvas: Canvas) -> None:
    home.wall(canvas, DUSK.mixed(MULBERRY, 0.25))
    canvas.fill(box(0, 700, _WIDE, _HIGH), WALNUT.deeper(0.3))
    canvas.fill(box(0, 700, _WIDE, 712), NIGHT, alpha=0.4)
    lying(canvas, partial(prints.framed, paper=CREAM, wood=OAK), 1130, 240, 0.5)
    backdrops.contact(canvas, 480, 758, 620, depth=0.1, alpha=0.6)
    lying(canvas, partial(home.armchair, colour=MULBERRY), 460, 480, 0.86)
    lying(canvas, cushion_in("Cream"), 450, 430, 0.58, -8)
    with canvas.placed(1130, 0):
        chest = box(-330, 520, 330, 760, round_by=8)
        canvas.shadow(chest, 16, 20, soft=20, alpha=0.5)
        canvas.fill(chest, OAK)
        canvas.weave(chest, wood_tile())
        for x in (-165, 165):
            canvas.line(box(x - 150, 550, x + 150, 740, round_by=8), NIGHT, 3, alpha=0.35, closed=True)
            canvas.fill(ellipse(x, 590, 9), WALNUT)
    stand(canvas, home.vase, 1330, 520, base=0, width=90, scale=0.62)
    with canvas.placed(960, 520 - 188 * 0.46, 0.46):
        candle_of("Raspberry Leaf", lit=True)(canvas)
    canvas.fill(box(0, 0, _WIDE, _HIGH), NIGHT, alpha=0.4, fade=(_WIDE, 0, 1150, 400))


def _letters(canvas: Canvas) -> None:
    canvas.fill(box(0, 0, _WIDE, _HIGH), LILAC)
    backdrops.sheet(canvas)
    for x, y, turn, colour, sealed in (
        (330, 430, -10, BLUSH, True),
        (1290, 420, 9, MINT, True),
        (800, 470, -2, ROSE, False),
    ):
        with canvas.placed(x, y, 0.95, turn):
            trinkets.envelope(canvas, colour, open_flap=not sealed)
            if not sealed:
                lying(canvas, _letter, 0, -100)
            trinkets.envelope_front(canvas, colour, shut=sealed)
    for x, y, turn, draw in (
        (90, 110, -20, raspberry),
        (1530, 110, 20, blueberry),
        (620, 80, 30, gooseberry),
        (1010, 740, -20, raspberry),
    ):
        with canvas.placed(x, y, 46, turn):
            draw(canvas)


def _letter(canvas: Canvas) -> None:
    sheet = box(-240, -230, 240, 180, round_by=6)
    canvas.shadow(sheet, 4, 6, soft=8, alpha=0.3)
    canvas.fill(sheet, CREAM)
    write(canvas, "news from", 0, -152, 26, PLUM, weight=0.2)
    write(canvas, "the hedge", 0, -92, 26, PLUM, weight=0.2)
    for y in (-44, -16, 12):
        canvas.line([(-180, y), (180, y)], LINEN.deeper(0.1), 6)


def _wide(name: str, alt: str, ground: Colour, draw: Draw) -> Shot:
    return Shot(name=f"banner-{name}", alt=alt, ground=ground, draw=draw, width=_WIDE, height=_HIGH, density=1.0)


BANNERS = (
    _wide("stall", "A market stall with jam, mugs and bags under a striped awning", MINT, _stall),
    _wide("hedgerow", "Hills and a hedgerow full of berries on a summer morning", MIST, hedgerow),
    _wide("kitchen", "Kitchen shelves with jam and mugs, tea towels on a rail", MIST, _kitchen),
    _wide("clothes", "T-shirts and hoodies hanging along a rail", BLUSH, _rail),
    _wide("paper", "A desk with a print, notebooks, stickers and a gift card", BIRCH, _desk),
    _wide("parcels", "Parcels tied with twine, ready for the post", GOOSEBERRY, _parcels),
    _wide("home", "An armchair with a cushion, a print and a burning candle in the evening", DUSK, _evening),
    _wide("letters", "Letters sealed with a raspberry", LILAC, _letters),
)
# The first is on the front page; a category's has its name, in small letters.
BANNER_PLACES = {
    **{shot.name.removeprefix("banner-"): shot.name for shot in BANNERS},
    "bags & pins": "banner-hedgerow",
}
