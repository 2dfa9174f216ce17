"""Which file system a path is on, as Linux tells it.

Source of the format: `man 5 proc`, /proc/self/mountinfo
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

MOUNTS = Path("/proc/self/mountinfo")

_ESCAPED = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """`kind` is the type of the file system ("ext4"), `source` what is mounted ("/dev/vda1")."""

    point: Path
    kind: str
    source: str

    @property
    def depth(self) -> int:
        return len(self.point.parts)


def mount_of(path: Path) -> Mount | None:
    """The mount that `path`, or the folder above it that exists, is on; None where the system does not tell."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    resolved = path.resolve()
    best: Mount | None = None
    for line in lines:
        mount = _parse(line)
        # Of two at one place, the later one hides the earlier.
        if mount and resolved.is_relative_to(mount.point) and (best is None or mount.depth >= best.depth):
            best = mount
    return best


def _parse(line: str) -> Mount | None:
    before, separator, after = line.partition(" - ")
    fields, rest = before.split(" "), after.split(" ")
    if not separator or len(fields) < 5 or len(rest) < 2:
        return None
    return Mount(Path(_unescaped(fields[4])), rest[0], _unescaped(rest[1]))


def _unescaped(text: str) -> str:
    """The kernel writes blanks and backslashes as octal numbers."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
