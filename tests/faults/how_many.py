"""How often something is killed. All of it takes minutes: the gate is content with a part."""

from __future__ import annotations

import os


def part_of(kills: int, *, percent: int) -> int:
    """So many in the gate; `BERRYPOD_TEST_KILLS` says another part, 100 for all."""
    return max(1, kills * int(os.environ.get("BERRYPOD_TEST_KILLS", percent)) // 100)
