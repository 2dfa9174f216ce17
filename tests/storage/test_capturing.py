"""A state that is captured is the state, whatever is written before, meanwhile and after; and is stored once."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypod.storage import capturing, page_source
from berrypod.storage.chunks import read_end
from berrypod.storage.connection import open_connection
from berrypod.storage.keys import PAGE_BYTES, DatabaseKey
from berrypod.storage.page_source import PageSource
from berrypod.storage.raw_copy import copy_raw
from berrypod.storage.standstill import Bounds
from tests.conftest import KEY
from tests.storage.captures import Kept, Rows, SmallShop, rows_of

SHOP_KEY = DatabaseKey.derive(KEY, bytes(range(16)))

Step = tuple[str, object, object]

STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 40), st.sampled_from([10, 900, 5000, 40_000])),
    st.tuples(st.just("in vain"), st.integers(1, 40), st.sampled_from([10, 5000, 40_000])),
    st.tuples(st.just("take"), st.integers(1, 4), st.none()),
    st.tuples(st.just("vacuum"), st.none(), st.none()),
    st.tuples(st.just("checkpoint"), st.sampled_from(["PASSIVE", "TRUNCATE"]), st.none()),
)


def do(shop: SmallShop, step: Step) -> None:
    match step:
        case ("put", int(count), int(size)):
            shop.put(count, size)
        case ("in vain", int(count), int(size)):
            shop.put(count, size, "ROLLBACK")
        case ("take", int(share), _):
            shop.take(share)
        case ("checkpoint", str(kind), _):
            shop.checkpoint(kind)
        case _:
            shop.vacuum()


def require_state(path: Path, shop: SmallShop, expected: Rows) -> None:
    assert rows_of(path, shop.key, SmallShop.QUERY) == expected
    [(total,)] = rows_of(path, shop.key, "SELECT sum FROM total")
    assert total == sum(row[1] for row in expected)


@pytest.fixture(params=[SHOP_KEY, None], ids=["encrypted", "plain"])
def key(request: pytest.FixtureRequest) -> DatabaseKey | None:
    return request.param


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    before=st.lists(STEPS, max_size=3),
    between=st.lists(st.lists(STEPS, max_size=3), min_size=1, max_size=3),
    meanwhile=st.lists(STEPS, max_size=4),
    auto_vacuum=st.sampled_from(["NONE", "FULL", "INCREMENTAL"]),
    reader=st.booleans(),
    encrypted=st.booleans(),
)
def test_each_state_comes_out_as_it_was_whatever_is_written_meanwhile(
    before: list[Step],
    between: list[list[Step]],
    meanwhile: list[Step],
    auto_vacuum: str,
    reader: bool,
    encrypted: bool,
) -> None:
    """With a reader of before, the log cannot be folded, and part of the state is in it alone."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # So that small files have several of each.
        patch.setattr(capturing, "_WINDOW_PAGES", 96)
        patch.setattr(capturing, "MOST_PAGES", 40)
        shop = SmallShop(Path(folder), SHOP_KEY if encrypted else None, auto_vacuum)
        kept = Kept(Path(folder) / "kept", shop.key)
        states = []
        for step in before:
            do(shop, step)
        for steps in between:
            other = open_connection(shop.path, shop.key, read_only=True)
            if reader:
                other.execute("BEGIN")
                other.execute("SELECT count(*) FROM things").fetchone()
            for step in steps:
                do(shop, step)
            with shop.standing_still() as still:
                expected, left = shop.rows(), iter(meanwhile)

                def go_on(share: float, shop: SmallShop = shop, other=other, left=left) -> None:
                    if share > 0.5:
                        other.close()  # Others may fold the log now, as far as what is held.
                    if (step := next(left, None)) is not None:
                        do(shop, step)

                states.append((shop.capture(still, kept, go_on), expected))
                other.close()
        for page_map, expected in states:
            checked = kept.check(page_map)
            assert checked.words == ""
            assembled = kept.assembled(page_map)
            assert assembled.stat().st_size == page_map.size_bytes
            require_state(assembled, shop, expected)
        shop.writer.close()


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("reader", [True, False])
def test_a_raw_copy_is_the_state_too(tmp_path: Path, key: DatabaseKey | None, fast: bool, reader: bool) -> None:
    shop = SmallShop(tmp_path, key)
    other = open_connection(shop.path, key, read_only=True)
    if reader:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM things").fetchone()
    shop.put(40, 40_000)
    target = tmp_path / "copy.db"
    with shop.standing_still() as still, target.open("w+b") as file:
        expected = shop.rows()

        def go_on(_: float) -> None:
            shop.put(3, 9000)
            other.close()
            shop.checkpoint("PASSIVE")

        pages = page_source.LogPages(still.log, still.state, still.pages)
        assert bool(pages.numbers(1, still.pages + 1)) == reader
        copy_raw(still.main, file.fileno(), still.pages, pages, fast=fast, after_step=go_on)
    assert len(shop.rows()) > len(expected)
    require_state(target, shop, expected)
    shop.writer.close()


def test_where_the_kernel_cannot_copy_it_is_copied_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.copy_file_range", refuse)
    test_a_raw_copy_is_the_state_too(tmp_path, SHOP_KEY, fast=True, reader=True)


def test_another_error_of_the_disk_is_not_tried_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.copy_file_range", refuse)
    with pytest.raises(OSError, match="No space"):
        test_a_raw_copy_is_the_state_too(tmp_path, SHOP_KEY, fast=True, reader=False)


def nobody(_: float) -> None:
    """Nobody wants to know."""


class TestWhatIsKnown:
    def captured(self, shop: SmallShop, kept: Kept) -> int:
        """How many pages were stored anew; the state is right."""
        before = stored(kept)
        with shop.standing_still() as still:
            expected = shop.rows()
            page_map = shop.capture(still, kept, nobody)
        require_state(kept.assembled(page_map), shop, expected)
        return (stored(kept) - before) // PAGE_BYTES

    def test_what_is_kept_is_not_stored_again(self, tmp_path: Path, key: DatabaseKey | None) -> None:
        shop = SmallShop(tmp_path, key)
        shop.put(40, 40_000)
        kept = Kept(tmp_path / "kept", key)
        assert self.captured(shop, kept) > 390
        assert self.captured(shop, kept) == 0
        shop.put(1, 10)
        assert 0 < self.captured(shop, kept) < 60
        assert self.captured(shop, kept) == 0
        shop.writer.close()

    def test_the_ends_of_chunks_are_enough_to_know(self, tmp_path: Path, key: DatabaseKey | None) -> None:
        shop = SmallShop(tmp_path, key)
        kept, ends = Kept(tmp_path / "kept", key), Kept(tmp_path / "ends", key)
        self.captured(shop, kept)
        for path in kept.known.glob("*/*"):
            ends.path(path.name).parent.mkdir(exist_ok=True)
            ends.path(path.name).write_bytes(read_end(path))
        with shop.standing_still() as still:
            page_map = shop.capture(still, ends, nobody)
        assert kept.check(page_map).whole
        shop.writer.close()

    def test_what_is_damaged_or_foreign_there_is_stored_anew(self, tmp_path: Path, key: DatabaseKey | None) -> None:
        shop = SmallShop(tmp_path, key)
        kept = Kept(tmp_path / "kept", key)
        pages = self.captured(shop, kept)
        [chunk] = kept.known.glob("*/*")
        chunk.write_bytes(chunk.read_bytes()[:-1])
        for name in ("no-chunk", "f" * 64):
            (kept.known / "ff").mkdir(exist_ok=True)
            (kept.known / "ff" / name).write_bytes(b"something else")
        (kept.known / "README").write_bytes(b"something else")
        before = {*kept.known.glob("*/*")}
        with shop.standing_still() as still:
            page_map = shop.capture(still, kept, nobody)
        assert [path.name for path in {*kept.known.glob("*/*")} - before] in ([], [chunk.name])
        assert kept.check(page_map).whole
        assert pages == page_map.page_count
        shop.writer.close()

    def test_a_state_of_before_is_found_again(self, tmp_path: Path) -> None:
        """After a restore: the newest version of a page is not the one that is needed."""
        shop = SmallShop(tmp_path, SHOP_KEY)
        kept = Kept(tmp_path / "kept", SHOP_KEY)
        self.captured(shop, kept)
        shop.checkpoint("TRUNCATE")
        former = shop.path.read_bytes()
        shop.put(20, 2000)
        self.captured(shop, kept)
        shop.writer.close()
        shop.path.write_bytes(former)
        shop.writer = open_connection(shop.path, SHOP_KEY)
        assert self.captured(shop, kept) == 0
        shop.writer.close()


def stored(kept: Kept) -> int:
    return sum(path.stat().st_size for path in kept.known.glob("*/*"))


class TestSources:
    def test_the_page_of_sqlites_locks_and_what_was_never_written_are_zeros(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The page of locks is the 262,145th: a file of a gibibyte would take long to make."""
        monkeypatch.setattr(page_source, "LOCK_PAGE", 4)
        path = tmp_path / "file"
        path.write_bytes(b"x" * 6 * PAGE_BYTES)
        with path.open("rb") as file:
            source = PageSource(file.fileno(), 8)
            assert source.read(1, 3) == b"x" * 3 * PAGE_BYTES
            assert source.read(2, 4) == b"x" * 2 * PAGE_BYTES + bytes(PAGE_BYTES) + b"x" * PAGE_BYTES
            assert source.read(5, 4) == b"x" * 2 * PAGE_BYTES + bytes(2 * PAGE_BYTES)

    def test_writers_go_on_though_a_reader_stays(self, tmp_path: Path) -> None:
        shop = SmallShop(tmp_path, SHOP_KEY)
        with closing(open_connection(shop.path, SHOP_KEY, read_only=True)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM things").fetchone()
            shop.put(5, 40_000)
            with shop.standing_still() as still:
                assert still.state.folded < still.state.frames
                shop.put(1, 10)  # would wait for ten seconds, and fail
        shop.writer.close()

    def test_bounds_are_kept(self, tmp_path: Path) -> None:
        from berrypod.storage.capturing import CaptureOutrun

        shop = SmallShop(tmp_path, SHOP_KEY)
        with shop.standing_still(Bounds(log_bytes=1_000_000)) as still:
            still.require_bounds()
            shop.put(40, 40_000)
            with pytest.raises(CaptureOutrun, match="MB"):
                still.require_bounds()
        with shop.standing_still(Bounds(seconds=0.0)) as still, pytest.raises(CaptureOutrun, match="0 seconds"):
            still.require_bounds()
        shop.writer.close()
