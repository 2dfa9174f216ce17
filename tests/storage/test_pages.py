"""A file is read from its first byte to its last, and each page says whether it is as it was written."""

from __future__ import annotations

import hashlib
import shutil
import threading
from pathlib import Path

import pytest

from berrypod.storage import pages
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.pages import read_pages
from tests.conftest import KEY


@pytest.fixture
def copy(empty_encrypted_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(empty_encrypted_file, tmp_path / "copy.db"))


@pytest.fixture
def key(copy: Path) -> DatabaseKey:
    key = find_key(copy, KEY)
    assert key is not None
    return key


def damage(path: Path, *numbers: int) -> None:
    content = bytearray(path.read_bytes())
    for number in numbers:
        content[number * PAGE_BYTES - 1] ^= 1
    path.write_bytes(content)


def test_a_whole_file_has_a_digest_and_no_damage(copy: Path, key: DatabaseKey) -> None:
    read = read_pages(copy, key, stop=threading.Event(), digest=True)
    assert read.sha256 == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert read.damaged == ()
    assert read.words == ""


def test_damaged_pages_are_named_the_first_few(copy: Path, key: DatabaseKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_BLOCK_PAGES", 2)
    damage(copy, 4, 7)
    assert read_pages(copy, key, stop=threading.Event()).words == "page 4, page 7"
    damage(copy, 1, 9, 10, 11, 12)
    assert read_pages(copy, key, stop=threading.Event()).words == "page 1, page 4, page 7 and more"


def test_without_a_key_nothing_is_said_of_pages(copy: Path) -> None:
    damage(copy, 4)
    assert read_pages(copy, None, stop=threading.Event()).damaged == ()


def test_the_page_of_sqlites_locks_is_never_written_and_so_never_damaged(
    copy: Path, key: DatabaseKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the 262,145th: a file of a gibibyte would take long to make."""
    damage(copy, 4)
    monkeypatch.setattr(pages, "LOCK_PAGE", 4)
    assert read_pages(copy, key, stop=threading.Event()).damaged == ()


def test_it_tells_how_far_it_is_and_ends_when_it_is_told_to(
    copy: Path, key: DatabaseKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_BLOCK_PAGES", 2)
    told: list[float] = []
    read_pages(copy, key, stop=threading.Event(), tell=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == -(-copy.stat().st_size // PAGE_BYTES // 2)

    stop, seen = threading.Event(), 0

    def stop_at_the_third(_: float) -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            stop.set()

    read = read_pages(copy, key, stop=stop, digest=True, tell=stop_at_the_third)
    assert (seen, read.sha256) == (3, None)


def test_a_page_of_zeros_passes_only_where_sqlite_looks_as_well(copy: Path, key: DatabaseKey) -> None:
    content = bytearray(copy.read_bytes())
    content[5 * PAGE_BYTES : 6 * PAGE_BYTES] = bytes(PAGE_BYTES)
    copy.write_bytes(content)
    assert read_pages(copy, key, stop=threading.Event()).damaged == (6,)
    assert read_pages(copy, key, stop=threading.Event(), unwritten=True).damaged == ()
