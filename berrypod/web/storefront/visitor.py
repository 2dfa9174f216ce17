"""What differs from visitor to visitor on a page, and pages that are kept with holes in those places.

A kept page is rendered once, with marks instead of a visitor's values, and cut at the marks. Nothing of any visitor is
ever in what is kept. The marks contain a random word of this process: no text in the shop can be mistaken for one.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from litestar.template.base import csrf_token
from markupsafe import Markup, escape

from berrypod.web.storefront import session
from berrypod.web.storefront.session import AnyRequest


@dataclass(frozen=True, slots=True)
class Visitor:
    """`csrf`: the token for forms; `basket`: the number in the header; `flashes`: messages that are told once."""

    csrf: str
    basket: Markup
    flashes: Markup


_WORD: Final = secrets.token_hex(12)
_MARK: Final = re.compile(f"hole-{_WORD}-([012])-")


def _mark(number: int) -> Markup:
    return Markup(f"hole-{_WORD}-{number}-")  # noqa: S704 - made of our own random word


ANYBODY: Final = Visitor(csrf=_mark(0), basket=_mark(1), flashes=_mark(2))


@dataclass(frozen=True, slots=True)
class KeptPage:
    """`pieces`: text and number of the hole that follows, in turn, as bytes and int; the last is text."""

    pieces: tuple[bytes | int, ...]

    @classmethod
    def cut(cls, html: str) -> KeptPage:
        """A page that was rendered for `ANYBODY`."""
        parts = _MARK.split(html)
        return cls(tuple(int(part) if index % 2 else part.encode() for index, part in enumerate(parts)))

    @property
    def size_bytes(self) -> int:
        return sum(len(piece) if isinstance(piece, bytes) else 8 for piece in self.pieces)

    def fill(self, visitor: Visitor) -> bytes:
        """The page for this visitor. Everything that is not markup of ours is escaped here."""
        values = [str(escape(value)).encode() for value in (visitor.csrf, visitor.basket, visitor.flashes)]
        return b"".join([values[piece] if isinstance(piece, int) else piece for piece in self.pieces])


def basket_mark(pieces: int) -> Markup:
    """The number beside the word "Basket"; nothing for an empty one."""
    if not pieces:
        return Markup()
    words = "piece" if pieces == 1 else "pieces"
    return Markup(
        '<span class="basket-count" data-basket-count>{}<span class="visually-hidden"> {}</span></span>'
    ).format(pieces, words)


def token_of(request: AnyRequest) -> str:
    return csrf_token({"request": request})


def pieces_of(request: AnyRequest) -> int:
    return sum(session.basket(request).values())
