"""The process that copies the shop's file without decrypting it: `python -P -m berrypod.storage.capture_process`.

As one file, or as chunks of what has changed. It imports little and holds little: 30 MB in all, however big the shop.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

from berrypod.storage import capture_wire as wire
from berrypod.storage.capturing import CaptureOutrun, PageCapture, PagesUnfit, capture_state
from berrypod.storage.chunks import NewChunk
from berrypod.storage.faults import reach
from berrypod.storage.files import PRIVATE_FILE, require_space
from berrypod.storage.helper_process import (
    NextLine,
    carry_out_order,
    explained,
    give_way_to_customers,
    say,
    teller,
)
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.page_source import LogPages, PageSource
from berrypod.storage.raw_copy import copy_raw
from berrypod.storage.standstill import SPARE_BYTES, Bounds, Standstill

# How much is copied between two looks at the log and the disk.
_LOOK_BYTES = 4_000_000


def main() -> int:
    """Carry out one order. Returns the exit status."""
    return carry_out_order(cast("type[wire.CopyOrder | wire.CaptureOrder]", wire.Order), _carry_out)


def _carry_out(order: wire.Order, _: NextLine) -> None:
    """:raises StorageError: it cannot be done; nothing holds the file then."""
    if not order.fast:
        give_way_to_customers()
    path = Path(order.path)
    with explained(path, f"{path} cannot be copied"), _standing_still(order) as still:
        log_pages = LogPages(still.log, still.state, still.pages)
        match order:
            case wire.CopyOrder():
                said = _copy(order, still, log_pages)
            case wire.CaptureOrder():
                said = _capture(order, still, log_pages)
    say(said)


@contextmanager
def _standing_still(order: wire.Order) -> Generator[Standstill]:
    key = order.key.key() if order.key is not None else None
    still = Standstill(Path(order.path), key, Bounds(order.log_bytes, order.seconds), CaptureOutrun)
    # The last one to close the file folds the log: before anybody is told that it is done.
    with closing(still):
        still.begin(folded=False)
        reach("capture.begun")
        if still.page_bytes != PAGE_BYTES:
            raise PagesUnfit(f"The pages of {order.path} have {still.page_bytes:,} bytes")
        yield still


def _copy(order: wire.CopyOrder, still: Standstill, log_pages: LogPages) -> wire.Copied:
    begun = time.monotonic()
    target = Path(order.target)
    require_space(target.parent, still.pages * PAGE_BYTES + SPARE_BYTES)
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        after_step = _after_step(still, target.parent)
        copy_raw(still.main, descriptor, still.pages, log_pages, fast=order.fast, after_step=after_step)
    finally:
        os.close(descriptor)
    return wire.Copied(pages=still.pages, held_seconds=still.held_seconds, copying_seconds=time.monotonic() - begun)


def _capture(order: wire.CaptureOrder, still: Standstill, log_pages: LogPages) -> wire.Captured:
    staging = Path(order.staging)
    work = PageCapture(
        source=PageSource(still.main, still.pages, log_pages, digest=order.digest),
        encrypted=order.key is not None,
        staging=staging,
        known=Path(order.known) if order.known is not None else None,
        distrusted=frozenset(order.distrusted),
        fast=order.fast,
        wrote=_say_chunk,
        after_block=_after_step(still, staging),
    )
    # On the connection that holds the state: the counts are of it.
    return capture_state(still.reader, work, created_at=still.begun_at, held_seconds=still.held_seconds)


def _say_chunk(chunk: NewChunk) -> None:
    say(wire.WroteChunk(chunk.digest, chunk.size_bytes, chunk.pages))


def _after_step(still: Standstill, folder: Path) -> Callable[[float], None]:
    """Looks whether it may begin, and go on; and tells how far it is."""
    tell, share_of_look = teller("copying"), _LOOK_BYTES / (still.pages * PAGE_BYTES)
    looked = 0.0

    def look() -> None:
        still.require_bounds()
        require_space(folder, SPARE_BYTES // 2)

    def after_step(share: float) -> None:
        nonlocal looked
        if share - looked >= share_of_look:
            looked = share
            look()
        if share in (1.0, looked):
            tell(share)

    look()
    tell(0.0)
    return after_step


if __name__ == "__main__":
    sys.exit(main())
