"""Thousands of spoilt backups: each ends in a verdict, none that is damaged is called whole, and nothing is changed."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from berrypod_restore import unopened
from berrypod_restore.inspection import inspect
from berrypod_restore.verdicts import Code

from berrypod.storage import keys
from berrypod.storage.connection import open_immutable
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from tests.conftest import KEY
from tests.restore.badfiles import Shops, make_shops

EACH = 50
FAST, ALL = range(3), range(3, 40)

Mutation = Callable[[random.Random, bytearray], bytes]

# What may be said of a file whose first page is not as it was.
WITHOUT_A_FIRST_PAGE: frozenset[Code] = frozenset(
    {"damaged_first_page", "wrong_key", "not_a_database", "half_written", "too_short", "empty"}
)


# --- mutations ---


def flip_bits(luck: random.Random, content: bytearray) -> bytes:
    for _ in range(luck.choice((1, 1, 1, 2, 8))):
        content[luck.randrange(len(content))] ^= 1 << luck.randrange(8)
    return bytes(content)


def flip_in_first_page(luck: random.Random, content: bytearray) -> bytes:
    content[luck.randrange(PAGE_BYTES)] ^= 1 << luck.randrange(8)
    return bytes(content)


def cut(luck: random.Random, content: bytearray) -> bytes:
    return bytes(content[: luck.randrange(len(content))])


def cut_at_page(luck: random.Random, content: bytearray) -> bytes:
    return bytes(content[: luck.randrange(len(content) // PAGE_BYTES) * PAGE_BYTES])


def cut_beginning(luck: random.Random, content: bytearray) -> bytes:
    return bytes(content[luck.choice((1, 16, PAGE_BYTES, luck.randrange(len(content)))) :])


def remove_range(luck: random.Random, content: bytearray) -> bytes:
    start = luck.randrange(len(content))
    del content[start : start + luck.choice((1, 16, PAGE_BYTES, 3 * PAGE_BYTES))]
    return bytes(content)


def insert(luck: random.Random, content: bytearray) -> bytes:
    at, length = luck.randrange(len(content) + 1), luck.choice((1, 16, 100, PAGE_BYTES))
    content[at:at] = luck.randbytes(length)
    return bytes(content)


def append(luck: random.Random, content: bytearray) -> bytes:
    return bytes(content) + luck.choice((b"\n", bytes(PAGE_BYTES), luck.randbytes(PAGE_BYTES), bytes(content)))


def overwrite(luck: random.Random, content: bytearray) -> bytes:
    start = luck.randrange(len(content))
    length = min(luck.choice((1, 16, 512, PAGE_BYTES, 5 * PAGE_BYTES)), len(content) - start)
    content[start : start + length] = luck.randbytes(length)
    return bytes(content)


def zero(luck: random.Random, content: bytearray) -> bytes:
    start = luck.choice((0, luck.randrange(len(content)), luck.randrange(len(content)) // PAGE_BYTES * PAGE_BYTES))
    length = min(luck.choice((16, 512, PAGE_BYTES, 3 * PAGE_BYTES, len(content))), len(content) - start)
    content[start : start + length] = bytes(length)
    return bytes(content)


def pages_of(content: bytearray) -> list[bytes]:
    return [bytes(content[start : start + PAGE_BYTES]) for start in range(0, len(content), PAGE_BYTES)]


def swap_pages(luck: random.Random, content: bytearray) -> bytes:
    pages = pages_of(content)
    one, other = luck.sample(range(len(pages)), 2)
    pages[one], pages[other] = pages[other], pages[one]
    return b"".join(pages)


def copy_page_over(luck: random.Random, content: bytearray) -> bytes:
    pages = pages_of(content)
    one, other = luck.sample(range(len(pages)), 2)
    pages[one] = pages[other]
    return b"".join(pages)


def duplicate_page(luck: random.Random, content: bytearray) -> bytes:
    pages = pages_of(content)
    pages.insert(luck.randrange(len(pages)), luck.choice(pages))
    return b"".join(pages)


def shuffle_pages(luck: random.Random, content: bytearray) -> bytes:
    first, *others = pages_of(content)
    luck.shuffle(others)
    return b"".join([first, *others])


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    flip_in_first_page,
    cut,
    cut_at_page,
    cut_beginning,
    remove_range,
    insert,
    append,
    overwrite,
    zero,
    swap_pages,
    copy_page_over,
    duplicate_page,
    shuffle_pages,
)


# --- the tests ---


@pytest.fixture(scope="module", autouse=True)
def cheap_derivations() -> Iterator[None]:
    """A damaged salt is a new one, and 256,000 rounds for each would make up most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_ROUNDS", 1000)
        settings = tuple(replace(one, rounds=min(one.rounds, 1000)) for one in unopened._KNOWN_SETTINGS)
        patch.setattr(unopened, "_KNOWN_SETTINGS", settings)
        yield


@pytest.fixture(scope="module")
def shops(cheap_derivations: None, tmp_path_factory: pytest.TempPathFactory) -> Shops:
    return make_shops(tmp_path_factory.mktemp("shops"))


def content_of(path: Path, key: DatabaseKey) -> list[tuple[str, list[object]]]:
    """All rows of all tables."""
    with closing(open_immutable(path, key)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return [(name, connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()) for (name,) in names]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def mutated(seed: int, number: int, original: bytes) -> tuple[str, bytes]:
    luck = random.Random(f"{seed}/{number}")
    mutation = luck.choice(MUTATIONS)
    return mutation.__name__, mutation(luck, bytearray(original))


async def fuzz_encrypted(shops: Shops, tmp_path: Path, seed: int) -> Counter[Code]:
    live, path = tmp_path / "live.db", tmp_path / "candidate.db"
    original = shops.encrypted.read_bytes()
    live.write_bytes(original)
    found: Counter[Code] = Counter()
    for number in range(EACH):
        name, content = mutated(seed, number, original)
        if content == original:
            continue
        path.write_bytes(content)
        known = shops.key if number % 2 else None
        what = f"seed {seed}, number {number}: {name}"
        inspection = await inspect(path, KEY, shop_key=known)
        verdict = inspection.verdict
        found[verdict.code] += 1
        assert verdict.code in get_args(Code), what
        assert verdict.message, what
        assert verdict.hint, what
        if name == "zero" and verdict.acceptable:
            # A page of zeros may be one that SQLite set aside and never wrote: so it is, where nothing is in it.
            assert content_of(path, shops.key) == content_of(live, shops.key), what
            continue
        assert not verdict.acceptable, what
        assert verdict.code in expected(content, original), f"{what}: {verdict.code}, {verdict.message}"
        assert inspection.sha256 == hashlib.sha256(content).hexdigest() == digest(path), what
        assert digest(live) == hashlib.sha256(original).hexdigest(), what
        assert sorted(each.name for each in tmp_path.iterdir()) == ["candidate.db", "live.db"], what
    return found


def expected(content: bytes, original: bytes) -> frozenset[Code]:
    """What is true of it, found out without any key: each page was authenticated as it was."""
    if content[:PAGE_BYTES] != original[:PAGE_BYTES]:
        return WITHOUT_A_FIRST_PAGE
    return frozenset({"truncated"}) if len(content) < len(original) else frozenset({"damaged"})


async def fuzz_plain(shops: Shops, tmp_path: Path, seed: int) -> None:
    """Without encryption, not every changed byte can be told. But nothing breaks, and nothing is changed."""
    path = tmp_path / "plain.db"
    original = shops.plain.read_bytes()
    for number in range(EACH):
        name, content = mutated(seed, number, original)
        path.write_bytes(content)
        for passphrase in (None, KEY):
            what = f"seed {seed}, number {number}: {name}, {passphrase}"
            try:
                inspection = await inspect(path, passphrase)
            except Exception as error:
                raise AssertionError(what) from error
            assert inspection.verdict.hint, what
            assert digest(path) == hashlib.sha256(content).hexdigest(), what
        assert [each.name for each in tmp_path.iterdir()] == ["plain.db"], name


@pytest.mark.parametrize("seed", FAST)
async def test_a_spoilt_backup_gets_a_verdict_that_is_true(shops: Shops, tmp_path: Path, seed: int) -> None:
    found = await fuzz_encrypted(shops, tmp_path, seed)
    assert len(found) > 3, "the mutations are too much alike"


@pytest.mark.slow
@pytest.mark.parametrize("seed", ALL)
async def test_two_thousand_of_them(shops: Shops, tmp_path: Path, seed: int) -> None:
    await fuzz_encrypted(shops, tmp_path, seed)


@pytest.mark.parametrize("seed", FAST[:1])
async def test_a_spoilt_plain_backup_gets_a_verdict(shops: Shops, tmp_path: Path, seed: int) -> None:
    await fuzz_plain(shops, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ALL[:17])
async def test_many_plain_ones(shops: Shops, tmp_path: Path, seed: int) -> None:
    await fuzz_plain(shops, tmp_path, seed)


async def test_the_backup_that_is_spoilt_is_a_good_one(shops: Shops) -> None:
    assert (await inspect(shops.encrypted, KEY)).verdict.code == "valid"
    assert (await inspect(shops.plain, None)).verdict.code == "valid"
