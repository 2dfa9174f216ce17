"""Which versions of SQLite are known to lose data or to freeze."""

from __future__ import annotations

import pytest
from sqlcipher3 import dbapi2

from berrypod.storage.connection import library_versions
from berrypod.storage.driver import DEFECTS, known_defects


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ((3, 6, 23), []),
        ((3, 7, 0), ["wal_reset"]),
        ((3, 44, 5), ["wal_reset"]),
        ((3, 44, 6), []),
        ((3, 45, 0), ["wal_reset"]),
        ((3, 50, 6), ["wal_reset"]),
        ((3, 50, 7), []),
        ((3, 51, 0), ["wal_reset", "wal_deadlock"]),
        ((3, 51, 1), ["wal_reset", "wal_deadlock"]),
        ((3, 51, 2), ["wal_reset"]),
        ((3, 51, 3), []),
        ((3, 53, 4), []),
    ],
)
def test_each_version_has_its_defects(version: tuple[int, ...], codes: list[str]) -> None:
    assert [defect.code for defect in known_defects(version)] == codes


def test_the_default_driver_has_none() -> None:
    if dbapi2.sqlite_version_info == (3, 51, 1):
        pytest.skip("sqlcipher3-binary stopped at SQLite 3.51.1, which has both: `doctor` fails on it")
    assert known_defects() == ()


def test_every_defect_says_what_it_does_and_where_that_is_written() -> None:
    assert all(defect.reason and defect.source.startswith("https://") for defect in DEFECTS)


def test_sqlcipher_is_the_fourth() -> None:
    cipher, sqlite = library_versions()
    assert cipher.startswith("4.")
    assert sqlite == dbapi2.sqlite_version
