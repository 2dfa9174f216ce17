"""Whatever an exporter says of what it keeps, the page is there, and a client sees that bytes are missing."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import repeat
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar, get
from litestar.response import Stream

from berrypod.declarations import KeptCopy
from berrypod.errors import BrokenOff
from berrypod.web.downloads import file_answer
from tests.backup.conftest import OpenSite, words_of
from tests.backup.making import Shelf, exporter
from tests.backup.test_api import problem
from tests.backup.test_exporting import deliver

AT = datetime(2026, 3, 14, 12, tzinfo=UTC)


def copy(**changed: Any) -> KeptCopy:
    """A copy with values that its own check would refuse."""
    made = KeptCopy(id="a", filename="a.db", created_at=AT, size_bytes=1)
    for name, value in changed.items():
        object.__setattr__(made, name, value)
    return made


class Property(KeptCopy):
    @property
    def size(self) -> int:
        return 1

    def __getattribute__(self, name: str) -> Any:
        if name == "filename":
            raise ZeroDivisionError("a broken copy")
        return super().__getattribute__(name)


def broken_copy() -> KeptCopy:
    made = object.__new__(Property)
    for name, value in {"id": "a", "created_at": AT, "size_bytes": 1, "sha256": None}.items():
        object.__setattr__(made, name, value)
    return made


@pytest.mark.parametrize(
    "listed",
    [
        None,
        ["a"],
        repeat("a"),
        [copy(created_at="yesterday")],
        [copy(created_at=AT.replace(tzinfo=None))],
        [copy(created_at=datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))],
        [copy(size_bytes="big")],
        [copy(size_bytes=10**400)],
        [copy(id=7)],
        [copy(id="\udcff")],
        [copy(filename="../a")],
        [copy(sha256="abc")],
        [broken_copy()],
    ],
)
def test_a_listing_that_is_nonsense_is_told_in_its_own_place(open_site: OpenSite, listed: Any) -> None:
    class Odd(Shelf):
        async def list(self) -> Any:
            return listed

    site = open_site(exporter("odd", deliver, kept=Odd()), exporter("fine", deliver, kept=Shelf({"mine": b"x"})))
    site.sign_in()
    words = words_of(site.page())
    assert "Odd What is kept there cannot be shown" in words
    assert "Fine mine.db" in words
    kept = {one["exporter"]: one for one in site.api("GET", "", "backup:read").json()["kept"]}
    assert kept["odd"]["error"]["code"] == "exporter_failed"


@pytest.mark.parametrize("content", [None, b""])
def test_one_that_fails_before_its_first_byte_is_told_with_a_status(open_site: OpenSite, content: Any) -> None:
    class Failing(Shelf):
        async def list(self) -> Any:
            return [copy(size_bytes=10)]

        async def open(self, copy_id: str) -> AsyncIterator[bytes]:
            yield b""
            if content is None:
                raise OSError("it fell down")

    site = open_site(exporter("shelf", deliver, kept=Failing()))
    problem(site.api("GET", "/kept/shelf", "backup:read", params={"copy": "a"}), 502, "exporter_failed")


@pytest.mark.parametrize("pieces", [[b"12345", OSError("it fell down")], [b"12345"], [b"12345", b"123456"]])
async def test_one_that_ends_too_soon_or_too_late_is_broken_off(open_site: OpenSite, pieces: Any) -> None:
    class Failing(Shelf):
        async def list(self) -> Any:
            return [copy(size_bytes=10)]

        async def open(self, copy_id: str) -> AsyncIterator[bytes]:
            for piece in pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece

    from berrypod.kept import Kept

    site = await asyncio.to_thread(open_site, exporter("shelf", deliver, kept=Failing()))
    file = await Kept(site.parts.plugins).open("shelf", "a")
    seen = b""
    with pytest.raises(BrokenOff, match="Shelf"):
        async for piece in file.chunks:
            seen += piece
    assert seen == b"12345"


async def test_a_broken_off_answer_closes_the_connection_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"12345"
        raise BrokenOff("Shelf: it fell down")

    @get("/")
    async def handler() -> Stream:
        return file_answer(pieces(), filename="a", media_type="text/plain", size_bytes=10, sha256=None)

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(Litestar([handler], logging_config=None), log_config=None, lifespan="off")
        )
        running = asyncio.create_task(server.serve([listening]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            with caplog.at_level(logging.INFO):
                async with httpx.AsyncClient(timeout=60) as client:
                    with pytest.raises(httpx.RemoteProtocolError):
                        await client.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        finally:
            server.should_exit = True
            await running
    assert "a download was broken off: Shelf: it fell down" in caplog.text
    assert "Traceback" not in caplog.text


def test_who_keeps_nothing_is_told_apart(open_site: OpenSite) -> None:
    site = open_site(exporter("shelf", deliver, kept=Shelf({"a": b"1"})))

    def detail(name: str) -> tuple[str, str]:
        response = site.api("GET", f"/kept/{name}", "backup:read", params={"copy": "x"})
        body = problem(response, 404, "backup_unknown")
        return body["detail"], body["hint"]

    assert detail("nobody") == ("There is no exporter 'nobody'", "Copies are kept by: keep, shelf.")
    assert detail("download") == ("The exporter download keeps no copies", "Copies are kept by: keep, shelf.")
    assert detail("shelf") == ("The exporter shelf has no copy 'x'", "GET /api/backups lists what exporters keep.")


def test_which_copy_must_be_named(open_site: OpenSite) -> None:
    site = open_site(exporter("shelf", deliver, kept=Shelf({"a": b"1"})))
    for method, scope in (("GET", "backup:read"), ("DELETE", "backup:write")):
        body = problem(site.api(method, "/kept/shelf", scope), 422, "invalid")
        assert "copy" in body["fields"]
