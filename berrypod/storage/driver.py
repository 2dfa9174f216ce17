"""Is the SQLite in this driver one to entrust a shop to?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlcipher3 import dbapi2

Version = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A known defect of SQLite that can hit a shop.

    `first` and `last` are the versions that have it; `mended` the releases of older branches from which on they have it
    not.
    """

    code: str
    first: Version
    last: Version
    mended: tuple[Version, ...] = ()
    reason: str
    source: str

    def affects(self, version: Version) -> bool:
        if any(version[:2] == release[:2] and version >= release for release in self.mended):
            return False
        return self.first <= version <= self.last


DEFECTS = (
    Defect(
        code="wal_reset",
        first=(3, 7, 0),
        last=(3, 51, 2),
        mended=((3, 44, 6), (3, 50, 7)),
        reason=(
            "a commit that resets the write-ahead log while another connection starts a checkpoint can lose "
            "committed orders, and the integrity check finds nothing"
        ),
        source="https://sqlite.org/wal.html#walresetbug",
    ),
    Defect(
        code="wal_deadlock",
        first=(3, 51, 0),
        last=(3, 51, 1),
        reason="threads that open and close databases can wait for one another for ever: the whole process freezes",
        source="https://sqlite.org/changes.html",
    ),
)


def known_defects(version: Version | None = None) -> tuple[Defect, ...]:
    """The known defects of a version of SQLite; of the one that is linked, unless another is named."""
    linked = dbapi2.sqlite_version_info if version is None else version
    return tuple(defect for defect in DEFECTS if defect.affects(linked))
