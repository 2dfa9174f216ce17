"""One square cover per product for the catalogue, and the shop's logo."""

from functools import partial

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.palette import (
    BLUEBERRY,
    BLUSH,
    CLAY,
    CORNFLOWER,
    CREAM,
    DUSK,
    GOOSEBERRY,
    HEATHER,
    HONEY,
    LEAF,
    LINEN,
    MINT,
    MIST,
    MOSS,
    MULBERRY,
    OAT,
    PLUM,
    RASPBERRY,
    ROSE,
    Colour,
)
from berrypod.demo.drawing.paths import box
from berrypod.demo.goods import prints, trinkets
from berrypod.demo.goods.hoodie import hoodie
from berrypod.demo.goods.notebook import notebook
from berrypod.demo.goods.tee import tee
from berrypod.demo.motifs.berries import mono, raspberry
from berrypod.demo.motifs.foliage import PLAIN_LEAF, scatter
from berrypod.demo.motifs.prints import big_strawberry, sprig, wordmark
from berrypod.demo.scenes.backdrops import contact
from berrypod.demo.shots.house import PINS, candle_of, cushion_in
from berrypod.demo.shots.kitchen import jar_of, mug_in, towel_in
from berrypod.demo.shots.shot import Draw, Shot, lying
from berrypod.demo.shots.wear import apron_in, sock_pair, tote_in

_SIZE = 600


def cover(
    thing: Draw, ground: Colour, *, scale: float = 0.72, turn: float = 0.0, y: float = 300, foot: float | None = None
) -> Draw:
    """The thing on a strong colour, with berries and leaves pressed into the ground; ``foot`` is where it stands."""

    def draw(canvas: Canvas) -> None:
        canvas.fill(box(0, 0, _SIZE, _SIZE), ground)
        pressed = mono(ground.paler(0.13), ground)
        for index, (x, py, angle) in enumerate(scatter(_SIZE, _SIZE, 118, seed=9)):
            with canvas.placed(x, py, 33.9 if index % 2 else 44, angle):
                if index % 2:
                    raspberry(canvas, pressed)
                else:
                    for leaf in (-54, 54, 0):
                        with canvas.placed(turn=leaf):
                            canvas.fill(PLAIN_LEAF, pressed.skin, alpha=0.55)
        canvas.glow(260, 240, 420, 380, CREAM, 0.18)
        if foot is not None:
            contact(canvas, 300, y + foot * scale, 270 * scale, alpha=0.55)
        lying(canvas, thing, 300, y, scale, turn)

    return draw


def _pins(canvas: Canvas) -> None:
    for (draw, rim, _card, _sheet), x, y, turn in zip(
        PINS.values(), (-4, -118, 128), (-70, 110, 92), (-6, -10, 10), strict=True
    ):
        lying(canvas, partial(trinkets.pin, draw=draw, rim=rim), x, y, 108, turn)


def _logo(canvas: Canvas) -> None:
    with canvas.placed(400, 250, 300):
        wordmark(canvas, PLUM, size=0.86)


_CHEST = partial(wordmark, ink=CREAM, size=0.62)
_COVERS: dict[str, tuple[Colour, Draw]] = {
    "raspberry-sprig-t-shirt": (ROSE, cover(partial(tee, colour=CREAM, design=sprig), ROSE, scale=0.7)),
    "bramble-hoodie": (MINT.deeper(0.12), cover(partial(hoodie, colour=PLUM, design=_CHEST), GOOSEBERRY, scale=0.74)),
    "little-pip-t-shirt": (
        MIST,
        cover(partial(tee, colour=HONEY.paler(0.25), design=big_strawberry), CORNFLOWER, scale=0.68),
    ),
    "jam-today-mug": (RASPBERRY, cover(mug_in("Cream"), RASPBERRY, scale=0.92, y=310, foot=178)),
    "soft-fruit-tote": (PLUM, cover(tote_in("Natural"), MULBERRY, scale=0.74, turn=-3)),
    "raspberry-study-print": (MOSS, cover(partial(prints.framed, paper=CREAM), MOSS.paler(0.12), scale=0.66)),
    "hedgerow-notebook": (HONEY, cover(partial(notebook, cloth=PLUM), HONEY, scale=0.76, turn=6)),
    "currant-tea-towel": (BLUEBERRY, cover(towel_in("Currant"), BLUEBERRY, scale=0.76, turn=-3)),
    "blueberry-field-cushion": (BLUSH, cover(cushion_in("Mint"), ROSE.mixed(BLUSH, 0.4), scale=0.86, turn=4)),
    "punnet-of-stickers": (GOOSEBERRY, cover(trinkets.sticker_sheet, LEAF, scale=0.76, turn=4)),
    "kitchen-garden-jam": (OAT, cover(jar_of("Raspberry"), GOOSEBERRY, scale=1.06, y=304, foot=192)),
    "evening-hedge-candle": (DUSK, cover(candle_of("Bramble & Dusk", lit=True), DUSK, scale=1.0, y=350, foot=182)),
    "berry-enamel-pin": (BLUEBERRY, cover(_pins, DUSK.paler(0.15), scale=1.0)),
    "pip-socks": (HEATHER, cover(sock_pair("Plum"), HEATHER, scale=0.8)),
    "picking-apron": (CLAY, cover(apron_in("Plum", filled=True), CLAY, scale=0.74, y=312)),
    "gift-card": (LINEN, cover(partial(trinkets.gift_card, value="50"), OAT, scale=0.86, turn=-6)),
}
COVERS: dict[str, Shot] = {
    slug: Shot(
        name=f"cover-{slug}",
        alt=f"Cover: {slug.replace('-', ' ')}",
        ground=ground,
        draw=draw,
        width=_SIZE,
        height=_SIZE,
        density=1.0,
    )
    for slug, (ground, draw) in _COVERS.items()
}
LOGO = Shot(
    name="logo", alt="Berrypod: three berries in a pod", ground=CREAM, draw=_logo, width=800, height=500, density=1.0
)
