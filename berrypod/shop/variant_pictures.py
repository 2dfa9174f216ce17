"""Which picture shows a variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

Options = Mapping[str, str]


def best_picture(options: Options, pictures: Sequence[tuple[Options | None, T]]) -> T | None:
    """The picture that shows a variant of these `options` best; None if there is none at all.

    `pictures` are pairs of the options of the variant that a picture shows (None: it shows the product) and anything,
    in the order of the gallery. A picture of the plum shirt in S stands for the plum shirt in all sizes: nobody
    photographs each size.
    """
    best: tuple[float, T] | None = None
    for shown, picture in pictures:
        score = _score(options, shown)
        if best is None or score > best[0]:
            best = (score, picture)
    return None if best is None else best[1]


def _score(options: Options, shown: Options | None) -> float:
    if shown is None:
        return 0.5
    if shown == options:
        return len(shown) + 1
    return sum(options.get(name) == value for name, value in shown.items())
