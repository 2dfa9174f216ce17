"""What became of replacements of the shop's file: written down beside it, so that it is known after any crash."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from berrypod.decoding import decoder
from berrypod.storage.files import write_durably

Operation = Literal["restore", "undo", "encrypt", "decrypt", "rotate"]

Result = Literal["replaced", "unchanged", "returned"]

_REMEMBERED = 20


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one replacement ended.

    `result`: `replaced`; `unchanged`, it ended before the names were exchanged; `returned`, the new file did not open
    and the former one is back. `interrupted`: the process died on the way, and the next one to open the file finished
    it. `former` is the file name of the former database, where it was kept. `at` is in UTC.
    """

    id: str
    operation: Operation
    result: Result
    at: datetime
    interrupted: bool = False
    former: str | None = None
    code: str | None = None
    message: str | None = None


_decoder = decoder(list[Outcome])


def outcomes(path: Path) -> list[Outcome]:
    """The latest ones for the shop's file at `path`, the newest first."""
    try:
        return _decoder.decode(outcomes_path(path).read_bytes())
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError:
        return []  # Of another version: it says nothing to this one.


def write_outcome(path: Path, outcome: Outcome) -> None:
    """Add one. One for the same replacement takes the place of the former: a crash may come between this and the end.

    :raises DiskFull: no space is left.
    """
    others = [each for each in outcomes(path) if each.id != outcome.id]
    write_durably(outcomes_path(path), msgspec.json.encode([outcome, *others][:_REMEMBERED]))


def outcomes_path(path: Path) -> Path:
    return path.with_name(path.name + "-swaps.json")
