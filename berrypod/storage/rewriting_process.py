"""The process that writes the shop's file anew: `python -m berrypod.storage.rewriting_process`.

An order is carried out until the new file is level with the shop's. Then one word a line says what next: `catch up`
again, `proven`, `finish`. Each is answered by a line (`rewriting_wire`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from berrypod.errors import StorageError
from berrypod.storage import rewriting_wire as wire
from berrypod.storage.helper_process import (
    NextLine,
    carry_out_order,
    explained,
    give_way_to_customers,
    say,
    teller,
)
from berrypod.storage.rewriting import Level, Rewriting
from berrypod.storage.standstill import Bounds


def main() -> int:
    """Carry out one order. Returns the exit status."""
    return carry_out_order(wire.Order, _carry_out)


def _carry_out(order: wire.Order, next_line: NextLine) -> None:
    """:raises StorageError: it cannot be done; nothing holds the file then."""
    give_way_to_customers()
    path = Path(order.path)
    rewriting = Rewriting(
        path, order.old.key(), Path(order.target), order.new.key(), Bounds(order.log_bytes, order.seconds)
    )
    try:
        with explained(path, f"{path} cannot be written anew"):
            rewriting.begin()
            rewriting.copy(teller("copying"))
            say(_done(rewriting.catch_up(teller("catching_up"))))
            while True:
                match next_line():
                    case wire.CATCH_UP:
                        say(_done(rewriting.catch_up(teller("catching_up"))))
                    case wire.PROVEN:
                        rewriting.proven()
                    case wire.FINISH:
                        level = rewriting.finish()
                        rewriting.close()  # The last one to close it folds the log: before anybody is told.
                        say(_done(level))
                        return
                    case _:
                        raise StorageError("The process that writes the file anew was asked for something unknown")
    finally:
        rewriting.close()


def _done(level: Level) -> wire.Done:
    return wire.Done(level.pages, level.caught_up, level.last)


if __name__ == "__main__":
    sys.exit(main())
