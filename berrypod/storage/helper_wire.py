"""What any helper process is told, and says: a line of JSON each. The rest is the affair of each kind."""

from __future__ import annotations

import msgspec

from berrypod.storage.keys import DatabaseKey

LONGEST_LINE = 64 * 1024


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


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """`share` of the stage is done (0 to 1)."""

    stage: str
    share: float


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It cannot be done. The process has let go of the file, and ends."""

    code: str
    message: str
    hint: str
