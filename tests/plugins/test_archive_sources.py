"""Archives are opened by their address, whichever plugin knows that kind of place; one that fails says so."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from berrypod.archive.archive import Archive
from berrypod.archive.faults import AddressUnknown
from berrypod.archive.folder import FolderStorage
from berrypod.declarations import ArchiveSource
from berrypod.errors import BackupError, PluginError
from berrypod.plugins import Plugins
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, PATIENCE, error_of, healthy, plugin


def sources(host: Host, open_it: Any, timeout_seconds: float = ENOUGH) -> Plugins:
    tape = ArchiveSource(scheme="tape", title="TAPE", open=open_it, timeout_seconds=timeout_seconds)
    return host(plugin("subject", berrypod_archive_sources=lambda: [tape]), healthy())


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(FolderStorage(tmp_path / "kept"), work_folder=lambda: tmp_path)


async def test_the_whole_address_is_handed_to_plain_and_to_async_functions(host: Host, archive: Archive) -> None:
    asked: list[str] = []

    def plain(address: str) -> Archive:
        asked.append(address)
        return archive

    async def slowly(address: str) -> Archive:
        await asyncio.sleep(0)
        return plain(address)

    for function in (plain, slowly):
        assert await sources(host, function).open_archive("tape://shelf/7?side=b") is archive
    assert asked == ["tape://shelf/7?side=b"] * 2


async def test_an_address_that_nobody_knows_is_refused_with_those_that_are_known(host: Host, archive: Archive) -> None:
    plugins = sources(host, lambda address: archive)
    for address in ("ftp://user:secret@host/x", "ftp:", "", "/folder", "tape:shelf"):
        with pytest.raises(AddressUnknown) as refused:
            await plugins.open_archive(address)
        assert "tape://" in refused.value.hint
        assert "secret" not in refused.value.message


async def test_an_error_with_words_for_people_comes_through_as_it_is(host: Host) -> None:
    class NoTape(BackupError):
        code = "no_tape"

    def fail(address: str) -> Archive:
        raise NoTape("There is no tape in it", hint="Put one in.")

    async def fail_later(address: str) -> Archive:
        return fail(address)

    for function in (fail, fail_later):
        with pytest.raises(NoTape, match="no tape"):
            await sources(host, function).open_archive("tape://shelf")


async def test_one_that_raises_hangs_or_returns_nonsense_is_named(host: Host, hang: Any) -> None:
    def fail(address: str) -> Archive:
        raise OSError("the robot is stuck")

    for function, seconds, words in (
        (fail, ENOUGH, "robot is stuck"),
        (hang, PATIENCE, "0.3"),
        (lambda address: address, ENOUGH, "returned a str"),
    ):
        with pytest.raises(PluginError, match="TAPE: ") as failed:
            await sources(host, function, seconds).open_archive("tape://shelf")
        assert words in failed.value.message


def test_what_is_no_source_quarantines_its_plugin(host: Host) -> None:
    assert error_of(host(plugin("p", berrypod_archive_sources=lambda: [7])), "p")
    with pytest.raises(PluginError):
        ArchiveSource(scheme="No Scheme", title="X", open=lambda address: address)  # pyright: ignore[reportArgumentType]
