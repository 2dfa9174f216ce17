"""Named moments at which a crash, a full disk or a disk that fails must do no harm.

Whatever has to survive says where it is: `reach("swap.renamed")`. Nothing happens there. Tests put something in the
place of `on_reach` that ends the process, or raises what a disk would raise.
"""

from __future__ import annotations

from collections.abc import Callable


def _go_on(point: str) -> None:
    """Nothing happens."""


on_reach: Callable[[str], None] = _go_on


def reach(point: str) -> None:
    """Say that the moment `point` has come."""
    on_reach(point)
