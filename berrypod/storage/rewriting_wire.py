"""What is said between a process of the shop and the one that writes its file anew: a line of JSON each."""

from __future__ import annotations

import msgspec

from berrypod.storage.keys import DatabaseKey

LONGEST_LINE = 64 * 1024

# What is asked, one word a line, after the order.
CATCH_UP, PROVEN, FINISH = "catch up", "proven", "finish"


class WireKey(msgspec.Struct, frozen=True):
    """In hex. A secret: it goes through a pipe, and is in no repr."""

    derived: str
    salt: str

    @classmethod
    def of(cls, key: DatabaseKey) -> WireKey:
        return cls(key.derived.hex(), key.salt.hex())

    def key(self) -> DatabaseKey:
        return DatabaseKey(bytes.fromhex(self.derived), bytes.fromhex(self.salt))

    def __repr__(self) -> str:
        return "WireKey(***)"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. Paths are absolute; `target` does not exist."""

    path: str
    old: WireKey
    target: str
    new: WireKey
    log_bytes: int
    seconds: float


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """`stage` is `copying` or `catching_up`; `share` of it is done (0 to 1)."""

    stage: str
    share: float


class Done(msgspec.Struct, frozen=True, tag="done"):
    """What was asked for is done. `pages` is the size of the database, `caught_up` of which were written again."""

    pages: int
    caught_up: int
    last: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It cannot be done. The process has ended its transaction, and ends."""

    code: str
    message: str
    hint: str


Said = Progress | Done | Refused
