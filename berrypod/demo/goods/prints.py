"""The art print: as a sheet, framed, and rolled in its tube."""

from berrypod.demo.drawing.canvas import Canvas
from berrypod.demo.drawing.lettering import write
from berrypod.demo.drawing.palette import BIRCH, CREAM, INK, LEAF, MILK, MOSS, NIGHT, OAK, PLUM, ROSE, Colour
from berrypod.demo.drawing.paths import box, ellipse
from berrypod.demo.drawing.texture import grain_tile, wood_tile
from berrypod.demo.motifs.berries import GREEN, RED, raspberry
from berrypod.demo.motifs.foliage import blossom, leaf_spray, twig

_W, _H = 210.0, 297.0  # half of an A-sheet, in units of its own


def study(canvas: Canvas, paper: Colour) -> None:
    """The picture itself, 420 by 594: a raspberry cane from blossom to berry, like a page of an old herbal."""
    sheet = box(-_W, -_H, _W, _H)
    canvas.fill(sheet, paper)
    canvas.weave(sheet, grain_tile())
    canvas.line(box(-_W + 18, -_H + 18, _W - 18, _H - 18), INK, 1.6, alpha=0.5, closed=True)
    twig(canvas, [(-60, 180), (-20, 60), (10, -60), (-8, -200)], MOSS, width=9)
    for branch in (
        [(0, 0), (-60, -30), (-104, -24)],
        [(8, -70), (70, -110), (112, -104)],
        [(-14, 40), (60, 34), (104, 60)],
    ):
        twig(canvas, [(float(x), float(y)) for x, y in branch], MOSS, width=6)
    leaves = ((-96, -20, 78, -60), (112, -110, 66, 50), (-8, -190, 74, -6), (-40, 118, 74, -100), (-6, 70, 60, 120))
    for x, y, size, turn in leaves:
        with canvas.placed(x, y, size, turn):
            leaf_spray(canvas, LEAF)
    for x, y, size, seed in ((-92, 62, 44, 7), (104, -20, 52, 8), (94, 134, 46, 9)):
        twig(canvas, [(x - 10, y - size * 1.9), (x, y - size)], MOSS, width=4)
        with canvas.placed(x, y, size, 4):
            raspberry(canvas, RED, seed=seed)
    with canvas.placed(-112, -112, 22, 10):
        raspberry(canvas, GREEN, seed=2)
    for x, y, size in ((60, -180, 30), (-92, -196, 24)):
        with canvas.placed(x, y, size, x):
            blossom(canvas, ROSE.paler(0.55))
    write(canvas, "rubus idaeus", 0, 236, 17, INK, weight=0.13, spacing=52)
    write(canvas, "the raspberry", 0, 262, 9, PLUM, weight=0.16, spacing=60)


def sheet(canvas: Canvas, paper: Colour, *, curl: bool = True) -> None:
    """An unframed sheet lying flat, with its lower right corner lifting."""
    outline = box(-_W, -_H, _W, _H)
    canvas.shadow(outline, 8, 12, soft=14, alpha=0.34)
    if curl:
        canvas.fill([(90, 290), (214, 180), (232, 318)], NIGHT, alpha=0.3, soft=12)
    study(canvas, paper)
    canvas.fill(outline, MILK, alpha=0.25, fade=(-_W, -_H, 40, 40))
    if curl:
        canvas.fill(box(60, 120, _W, _H), MILK, alpha=0.5, fade=(_W, _H, 120, 200))


def framed(canvas: Canvas, paper: Colour, wood: Colour = OAK) -> None:
    """Framed behind glass with a mount, about 560 by 740."""
    outer, mount = box(-282, -372, 282, 372), box(-254, -344, 254, 344)
    canvas.shadow(outer, 16, 26, soft=24, alpha=0.4)
    canvas.fill(outer, wood)
    canvas.weave(outer, wood_tile())
    canvas.lines(
        [
            [(-282, -372), (-254, -344)],
            [(282, -372), (254, -344)],
            [(282, 372), (254, 344)],
            [(-282, 372), (-254, 344)],
        ],
        wood.deeper(0.5),
        2,
        alpha=0.6,
    )
    canvas.fill(box(-282, -372, -254, 372), MILK, alpha=0.2)
    canvas.fill(box(-282, 344, 282, 372), NIGHT, alpha=0.14)
    canvas.fill(mount, CREAM.paler(0.4))
    canvas.fill(box(-254, -344, 254, -330), NIGHT, alpha=0.26, fade=(0, -344, 0, -328))
    canvas.fill(box(-254, -344, -242, 344), NIGHT, alpha=0.2, fade=(-254, 0, -240, 0))
    canvas.line(box(-214, -301, 214, 301), INK, 3, alpha=0.16, closed=True)
    study(canvas, paper)
    with canvas.clipped(mount):
        canvas.fill([(-254, -60), (-120, -344), (30, -344), (-254, 250)], MILK, alpha=0.16)
        canvas.fill([(-254, 300), (80, -344), (130, -344), (-234, 344), (-254, 344)], MILK, alpha=0.1)


def tube(canvas: Canvas, card: Colour = BIRCH) -> None:
    """A postal tube, lying, about 620 long."""
    body = box(-310, -52, 310, 52)
    canvas.shadow(body, 6, 22, soft=18, alpha=0.4)
    canvas.fill(body, card)
    canvas.weave(body, grain_tile())
    canvas.fill(box(-310, -52, 310, 0), MILK, alpha=0.3, fade=(0, -24, 0, 0))
    canvas.fill(box(-310, 0, 310, 52), NIGHT, alpha=0.3, fade=(0, 52, 0, -4))
    for x in range(-300, 330, 62):
        canvas.line([(x, -52), (x + 34, 52)], card.deeper(0.4), 2, alpha=0.35)
    canvas.fill(ellipse(310, 0, 16, 52), card.deeper(0.2))
    canvas.fill(ellipse(310, 0, 11, 40), card.deeper(0.6))
    label = box(-150, -36, 60, 34)
    canvas.fill(label, CREAM)
    write(canvas, "berrypod", -45, 2, 22, PLUM, weight=0.22)
    write(canvas, "do not bend. do not eat.", -45, 22, 7, PLUM, weight=0.18)
