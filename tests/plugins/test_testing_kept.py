"""Kept copies in the tests of authors: what works is handed over, what does not is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from berrypod.archive.archive import Archive
from berrypod.archive.folder import FolderStorage
from berrypod.declarations import ArchiveSource, BackupExporter, Delivered, KeptCopies, KeptCopy
from berrypod.errors import NotFound
from berrypod.testing_tools import CheckedCopies, CheckPlugin
from tests.plugins.making import plugin


def copy(copy_id: str, day: int = 14) -> KeptCopy:
    return KeptCopy(id=copy_id, filename="x.db", created_at=datetime(2026, 3, day, tzinfo=UTC), size_bytes=5)


@dataclass
class Shelf:
    """Two plain methods and an async generator."""

    answer: Any = field(default_factory=lambda: [copy("b", 15), copy("a")])
    pieces: Sequence[Any] = (b"by", b"", bytearray(b"tes"))

    def list(self) -> Sequence[KeptCopy]:
        return self.answer

    async def open(self, copy_id: str):
        self._require(copy_id)
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def delete(self, copy_id: str) -> None:
        self._require(copy_id)
        self.answer = [one for one in self.answer if one.id != copy_id]

    def _require(self, copy_id: str) -> None:
        if copy_id not in {one.id for one in self.answer}:
            raise NotFound(f"There is no copy {copy_id}", hint="Look again.")


def kept(check_plugin: CheckPlugin, shelf: KeptCopies | None) -> CheckedCopies:
    exporter = BackupExporter(
        name="shelf", title="Shelf", description="Kept", export=lambda *_: Delivered(message="Kept"), kept=shelf
    )
    return check_plugin(plugin("subject", berrypod_backup_exporters=lambda: [exporter]).load()).kept("shelf")


def test_copies_are_listed_opened_and_deleted(check_plugin: CheckPlugin) -> None:
    copies = kept(check_plugin, Shelf())

    assert [one.id for one in copies.list()] == ["b", "a"]
    assert copies.open("a") == b"bytes"
    copies.delete("b")
    assert [one.id for one in copies.list()] == ["a"]
    copies.delete("a")
    assert copies.list() == ()


def test_what_lies_at_an_address_is_opened_as_on_a_machine_that_has_nothing_yet(
    check_plugin: CheckPlugin, tmp_path: Path
) -> None:
    def open_it(address: str) -> Archive:
        if address != "tape://shelf":
            raise NotFound(f"There is no {address}", hint="Look again.")
        return Archive(FolderStorage(tmp_path / "shelf"), work_folder=lambda: tmp_path)

    source = ArchiveSource(scheme="tape", title="Tape", open=open_it)
    subject = check_plugin(plugin("subject", berrypod_archive_sources=lambda: [source]).load())

    assert subject.archive("tape://shelf").list() == ()
    with pytest.raises(AssertionError, match="tape://shelf: There is no kept backup"):
        subject.archive("tape://shelf").open("20260314-120000-5eed5eed")
    with pytest.raises(AssertionError, match=r"tape://other: There is no tape://other\. Look again\."):
        subject.archive("tape://other")


async def test_copies_can_be_used_in_tests_that_are_async(check_plugin: CheckPlugin) -> None:
    assert kept(check_plugin, Shelf()).open("b") == b"bytes"


def test_what_the_plugin_raises_fails_the_test_with_its_words(check_plugin: CheckPlugin) -> None:
    copies = kept(check_plugin, Shelf(pieces=[b"by", OSError("disk gone")]))

    for ask in (copies.open, copies.delete):
        with pytest.raises(AssertionError, match=r"shelf: There is no copy c\. Look again\."):
            ask("c")
    with pytest.raises(AssertionError, match="shelf: OSError: disk gone"):
        copies.open("a")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned None"),
        (3, "it returned a int"),
        (["a"], "its answer contains a str"),
        ([copy("a"), copy("a")], "two copies with the id 'a'"),
        ([copy("a", 14), copy("b", 15)], "List the newest first"),
    ],
)
def test_a_list_that_is_none_fails_the_test(check_plugin: CheckPlugin, answer: object, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        kept(check_plugin, Shelf(answer=answer)).list()


def test_pieces_that_are_not_bytes_fail_the_test(check_plugin: CheckPlugin) -> None:
    with pytest.raises(AssertionError, match="it yielded a str"):
        kept(check_plugin, Shelf(pieces=["text"])).open("a")


def test_what_is_opened_and_is_no_stream_fails_the_test(check_plugin: CheckPlugin) -> None:
    class Whole(Shelf):
        def open(self, copy_id: str) -> Any:
            return b"whole"

    with pytest.raises(AssertionError, match="no asynchronous iterator"):
        kept(check_plugin, Whole()).open("a")


def test_an_exporter_that_keeps_nothing_is_told_apart(check_plugin: CheckPlugin) -> None:
    with pytest.raises(AssertionError, match="the exporter shelf declares no `kept`"):
        kept(check_plugin, None)
