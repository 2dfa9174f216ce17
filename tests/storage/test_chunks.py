"""Chunks and page maps: what is written is read back, what is damaged is named, and nothing is believed unseen."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypod.storage import page_map as maps
from berrypod.storage.assembling import check_pages, pages_in_order
from berrypod.storage.chunk_writer import ChunkWriter
from berrypod.storage.chunks import (
    MOST_PAGES,
    ChunkDamaged,
    ChunkMissing,
    NewChunk,
    check_chunk,
    chunk_path,
    mark_of,
    read_end,
    read_index,
)
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.page_map import MapBuilder, MapDamaged, PageMap, Run
from tests.conftest import KEY

SHOP_KEY = DatabaseKey.derive(KEY, bytes(range(16)))


def sealed(number: int, content: bytes | None = None) -> bytes:
    """A page as SQLCipher would write it, but for its content."""
    salt = SHOP_KEY.salt if number == 1 else b""
    rest = (content or os.urandom(4032))[: 4032 - len(salt)]
    return salt + rest + hmac.digest(SHOP_KEY.page_hmac_key, rest + struct.pack("<I", number), "sha512")


def written(folder: Path, pages: dict[int, bytes], *, encrypted: bool = True) -> NewChunk:
    writer = ChunkWriter(folder, encrypted=encrypted)
    for number, page in pages.items():
        writer.add(number, page)
    return writer.finish()


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.fixture(params=[True, False], ids=["encrypted", "plain"])
def encrypted(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture
def folder_path(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: chunk_path(tmp_path, name)


class TestChunks:
    def test_a_chunk_is_named_by_its_bytes_and_tells_what_it_holds(self, tmp_path: Path, encrypted: bool) -> None:
        pages = {number: sealed(number) for number in (1, 2, 3, 70, 5000)}
        made = written(tmp_path, pages, encrypted=encrypted)
        content = made.path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == made.digest == made.path.name
        assert made.path == tmp_path / made.digest[:2] / made.digest
        assert made.path.stat().st_mode & 0o777 == 0o600
        assert (made.size_bytes, made.pages) == (len(content), 5)
        index = read_index(made.path)
        assert [index.number(slot) for slot in range(len(index))] == list(pages)
        assert [index.mark(slot) for slot in range(5)] == [mark_of(p, encrypted=encrypted) for p in pages.values()]
        assert check_chunk(made.path, made.digest, SHOP_KEY) == index
        assert [*tmp_path.glob(".*")] == []

    def test_its_end_alone_tells_the_same(self, tmp_path: Path, encrypted: bool) -> None:
        made = written(tmp_path, {number: sealed(number) for number in (2, 3, 9)}, encrypted=encrypted)
        end = tmp_path / "end"
        end.write_bytes(read_end(made.path))
        assert end.stat().st_size == 3 * 20 + 36
        assert read_index(end) == read_index(made.path)
        assert read_end(end) == end.read_bytes()

    def test_slots_are_found_by_the_numbers_of_pages(self, tmp_path: Path) -> None:
        index = read_index(written(tmp_path, {number: sealed(number) for number in (2, 3, 9, 40)}).path)
        assert list(index.slots(3, 39)) == [1, 2]
        assert list(index.slots(10, 39)) == []
        assert list(index.slots(1, 100)) == [0, 1, 2, 3]
        assert index.holds(0, 2, 2)
        assert not index.holds(1, 3, 2)
        assert not index.holds(3, 40, 2)

    @pytest.mark.parametrize(("number", "count"), [(3, 1), (2, 2), (4, MOST_PAGES)])
    def test_pages_that_are_not_in_order_or_too_many_are_refused(self, tmp_path: Path, number: int, count: int) -> None:
        writer = ChunkWriter(tmp_path, encrypted=True)
        writer.add(3, sealed(3))
        with pytest.raises(ValueError, match="do not fit"):
            writer.add(number, bytes(count * PAGE_BYTES))
        writer.give_up()
        assert [*tmp_path.iterdir()] == []

    def test_a_flipped_bit_is_found_wherever_it_is(self, tmp_path: Path, encrypted: bool) -> None:
        pages = {number: sealed(number) for number in (2, 3, 9)}
        for at in (0, 5000, 3 * PAGE_BYTES - 1, 3 * PAGE_BYTES, 3 * PAGE_BYTES + 30, -40, -32, -30, -26, -22, -18, -1):
            made = written(tmp_path, pages, encrypted=encrypted)
            flip(made.path, at)
            with pytest.raises(ChunkDamaged, match=made.digest):
                check_chunk(made.path, made.digest)

    def test_the_damaged_page_is_named(self, tmp_path: Path, encrypted: bool) -> None:
        made = written(tmp_path, {number: sealed(number) for number in (2, 3, 9)}, encrypted=encrypted)
        flip(made.path, 2 * PAGE_BYTES + 100)
        with pytest.raises(ChunkDamaged, match="page 9") as caught:
            check_chunk(made.path, made.digest, SHOP_KEY if encrypted else None)
        assert caught.value.details["pages"] == [9]

    def test_a_page_of_another_key_or_place_is_found_though_the_digest_is_right(self, tmp_path: Path) -> None:
        made = written(tmp_path, {2: sealed(2), 3: sealed(4)})
        assert check_chunk(made.path, made.digest)
        with pytest.raises(ChunkDamaged, match="page 3"):
            check_chunk(made.path, made.digest, SHOP_KEY)

    @pytest.mark.parametrize("size", [0, 10, 40, 60, PAGE_BYTES, 2 * PAGE_BYTES])
    def test_what_is_cut_off_is_no_chunk(self, tmp_path: Path, size: int) -> None:
        made = written(tmp_path, {2: sealed(2), 3: sealed(3)})
        os.truncate(made.path, size)
        with pytest.raises(ChunkDamaged):
            read_index(made.path)

    def test_what_is_not_there_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ChunkMissing, match="aabb"):
            read_index(tmp_path / "aabb")

    @pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
    def test_a_name_cannot_lead_elsewhere(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="not the name"):
            chunk_path(tmp_path, name)

    @given(content=st.binary(max_size=200))
    def test_any_bytes_are_a_chunk_or_an_error_of_ours(
        self, tmp_path_factory: pytest.TempPathFactory, content: bytes
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any"
        path.write_bytes(content)
        with pytest.raises(ChunkDamaged):
            read_index(path)


def a_map(*runs: tuple[int, int, int, int], pages: int, chunks: int = 2) -> PageMap:
    packed = maps.array("I", [number for run in runs for number in run])
    return PageMap(pages, True, tuple(f"{number:064x}" for number in range(chunks)), packed)


class TestMaps:
    @given(
        places=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5), st.integers(0, 900)), min_size=1, max_size=30),
        encrypted=st.booleans(),
    )
    def test_a_map_is_read_as_it_was_written(self, places: list[tuple[int, int, int]], encrypted: bool) -> None:
        builder = MapBuilder()
        for pages, chunk, slot in places:
            builder.add(pages, chunk, slot)
        names = [f"{number:064x}" for number in range(6)]
        made = builder.build(names, encrypted=encrypted)
        read = maps.from_bytes(maps.to_bytes(made))
        assert read == made
        assert read.encrypted == encrypted
        expected = [(names[chunk], slot + at) for pages, chunk, slot in places for at in range(pages)]
        told = [(read.chunks[run.chunk], run.slot + at) for run in read.runs() for at in range(run.pages)]
        assert told == expected
        assert sum(read.pages_of_chunks()) == read.page_count == len(expected)

    def test_pages_that_go_on_in_a_chunk_are_one_run(self) -> None:
        builder = MapBuilder()
        for slot in range(5):
            builder.add(1, 0, slot)
        builder.add(2, 0, 7)
        made = builder.build(["0" * 64], encrypted=False)
        assert [*made.runs()] == [Run(1, 5, 0, 0), Run(6, 2, 0, 7)]

    @pytest.mark.parametrize(
        ("broken", "words"),
        [
            (a_map((1, 2, 0, 0), (2, 2, 1, 0), pages=3), "page 2 twice"),
            (a_map((1, 2, 0, 0), (4, 2, 1, 0), pages=5), "page 3 not at all"),
            (a_map((2, 2, 0, 0), (4, 2, 1, 0), pages=5), "page 1 not at all"),
            (a_map((1, 0, 0, 0), (1, 2, 1, 0), pages=2), "page 1"),
            (a_map((1, 2, 0, 0), (3, 2, 2, 0), pages=4), "page 3 in a chunk that it does not name"),
            (a_map((1, 2, 0, 1023), (3, 2, 1, 0), pages=4), "page 2 where no chunk"),
            (a_map((1, 2, 0, 2**32 - 1), (3, 2, 1, 0), pages=4), "page 2 where no chunk"),
            (a_map((1, 2, 0, 0), (3, 2, 1, 0), pages=5), "4 of 5 pages"),
            (a_map((1, 2, 0, 0), pages=2), "does not need"),
            (a_map(pages=0, chunks=0), "0 of 0"),
        ],
    )
    def test_a_map_that_makes_no_sense_is_an_error_that_says_why(self, broken: PageMap, words: str) -> None:
        with pytest.raises(MapDamaged, match=words):
            maps.from_bytes(maps.to_bytes(broken))

    def test_a_chunk_that_is_named_twice_is_an_error(self) -> None:
        twice = PageMap(4, True, ("a" * 64, "a" * 64), maps.array("I", [1, 2, 0, 0, 3, 2, 1, 0]))
        with pytest.raises(MapDamaged, match="twice"):
            maps.from_bytes(maps.to_bytes(twice))

    def test_whatever_is_damaged_in_a_map_is_found(self, tmp_path: Path) -> None:
        path = tmp_path / "map"
        digest = maps.write_map(path, a_map((1, 2, 0, 0), (3, 2, 1, 0), pages=4))
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert path.stat().st_mode & 0o777 == 0o600
        for at in range(len(content)):
            changed = bytearray(content)
            changed[at] ^= 0x10
            with pytest.raises(MapDamaged):
                maps.from_bytes(bytes(changed))
        for size in range(len(content)):
            with pytest.raises(MapDamaged):
                maps.from_bytes(content[:size])
        with pytest.raises(MapDamaged, match="no list"):
            maps.read_map(tmp_path / "nowhere")


class TestAssembling:
    @pytest.fixture
    def kept(self, tmp_path: Path) -> tuple[PageMap, list[NewChunk], bytes]:
        """600 pages: all of them in one chunk, and every 7th in a second one, newer."""
        pages = {number: sealed(number) for number in range(1, 601)}
        newer = {number: sealed(number) for number in range(7, 601, 7)}
        chunks = [written(tmp_path, pages), written(tmp_path, newer)]
        builder = MapBuilder()
        for number in pages:
            builder.add(1, *((1, number // 7 - 1) if number in newer else (0, number - 1)))
        content = b"".join((pages | newer)[number] for number in sorted(pages))
        return builder.build([chunk.digest for chunk in chunks], encrypted=True), chunks, content

    def test_the_ordinary_file_comes_out(
        self, kept: tuple[PageMap, list[NewChunk], bytes], folder_path: Callable[[str], Path]
    ) -> None:
        page_map, _, content = kept
        blocks = [*pages_in_order(page_map, folder_path)]
        assert b"".join(blocks) == content
        assert [len(block) for block in blocks] == [1 << 20, 1 << 20, 88 * PAGE_BYTES]

    def test_all_pages_are_checked_and_the_digest_is_that_of_the_file(
        self, kept: tuple[PageMap, list[NewChunk], bytes], folder_path: Callable[[str], Path]
    ) -> None:
        page_map, _, content = kept
        told: list[float] = []
        checked = check_pages(page_map, SHOP_KEY, folder_path, tell=told.append)
        assert checked.whole
        assert checked.words == ""
        assert checked.sha256 == hashlib.sha256(content).hexdigest()
        assert told == sorted(told)
        assert told[-1] == 1.0

    def test_a_missing_chunk_is_named_and_so_are_the_pages_that_it_had(
        self, kept: tuple[PageMap, list[NewChunk], bytes], folder_path: Callable[[str], Path]
    ) -> None:
        page_map, chunks, _ = kept
        chunks[1].path.unlink()
        checked = check_pages(page_map, SHOP_KEY, folder_path)
        assert not checked.whole
        assert checked.missing == (chunks[1].digest,)
        assert checked.pages[:3] == (7, 14, 21)
        assert chunks[1].digest in checked.words
        with pytest.raises(ChunkMissing, match=chunks[1].digest):
            list(pages_in_order(page_map, folder_path))

    def test_a_chunk_of_which_the_end_alone_is_there_is_missing(
        self, kept: tuple[PageMap, list[NewChunk], bytes], folder_path: Callable[[str], Path]
    ) -> None:
        page_map, chunks, _ = kept
        chunks[1].path.write_bytes(read_end(chunks[1].path))
        with pytest.raises(ChunkMissing, match="the end alone"):
            list(pages_in_order(page_map, folder_path))
        assert not check_pages(page_map, SHOP_KEY, folder_path).whole

    def test_a_flipped_bit_names_the_chunk_and_the_page(
        self, kept: tuple[PageMap, list[NewChunk], bytes], folder_path: Callable[[str], Path]
    ) -> None:
        page_map, chunks, _ = kept
        flip(chunks[0].path, 99 * PAGE_BYTES + 17)
        checked = check_pages(page_map, SHOP_KEY, folder_path)
        assert checked.damaged == (chunks[0].digest,)
        assert checked.pages == (100,)
        assert checked.sha256 is None

    def test_a_map_that_points_to_other_pages_is_found(
        self, kept: tuple[PageMap, list[NewChunk], bytes], folder_path: Callable[[str], Path]
    ) -> None:
        page_map, chunks, _ = kept
        wrong = PageMap(2, True, (chunks[0].digest,), maps.array("I", [1, 1, 0, 0, 2, 1, 0, 5]))
        with pytest.raises(ChunkDamaged, match="not page 2"):
            list(pages_in_order(wrong, folder_path))
        assert check_pages(wrong, SHOP_KEY, folder_path).pages == (2,)
        assert page_map.page_count == 600
