"""What is said between whoever has a shop rendered and the process that does it: one line of JSON each way."""

from __future__ import annotations

import msgspec

LONGEST_LINE = 64 * 1024


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is absolute. `passphrase` is a secret: it goes through a pipe, and is in no repr."""

    path: str
    passphrase: str | None

    def __repr__(self) -> str:
        return f"Order(path={self.path!r}, passphrase=***)"


class Rendered(msgspec.Struct, frozen=True, kw_only=True, tag="rendered"):
    """`pages` are those that came out as they should, in words: "the front page"."""

    pages: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """It cannot be rendered, or not all of it. Message and hint are for people."""

    code: str
    message: str
    hint: str


Said = Rendered | Refused
