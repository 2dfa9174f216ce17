"""What is said between a process of the shop and the one that writes its file anew, besides what any helper says."""

from __future__ import annotations

import msgspec

from berrypod.storage.helper_wire import WireKey

# What is asked, one word a line, after the order.
CATCH_UP, PROVEN, FINISH = "catch up", "proven", "finish"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. Paths are absolute; `target` does not exist."""

    path: str
    old: WireKey
    target: str
    new: WireKey
    log_bytes: int
    seconds: float


class Done(msgspec.Struct, frozen=True, tag="done"):
    """What was asked for is done. `pages` is the size of the database, `caught_up` of which were written again."""

    pages: int
    caught_up: int
    last: int
