"""Does it work? A small object is written, read back, compared and deleted, as a backup would be."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from berrypod.errors import BerrypodError, NotFound
from berrypod.records import Trouble
from berrypod_s3.config import S3Config
from berrypod_s3.faults import StorageAltered
from berrypod_s3.pace import Pace
from berrypod_s3.storage import Fixed, S3Storage

_BYTES: Final = 4096

STEPS: Final = {
    "write": "Write a small object",
    "list": "Find it in the list",
    "read": "Read it back, and compare",
    "delete": "Delete it",
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried. `ok` is None for what was not tried any more."""

    name: str
    title: str
    ok: bool | None
    seconds: float | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. `error` is of the step that failed; None if all is well."""

    location: str
    steps: list[Step]
    error: Trouble | None = None
    in_the_clear: bool = False

    @property
    def good(self) -> bool:
        return self.error is None

    @property
    def failed(self) -> Step | None:
        """The step that did."""
        return next((step for step in self.steps if step.ok is False), None)


# Somebody waits for it, at a button.
QUICK: Final = Pace(connect_seconds=5.0, read_seconds=10.0, attempts=2)


async def try_out(config: S3Config, pace: Pace = QUICK) -> Trial:
    """Try it. What goes wrong is in the answer; nothing is left behind where it can be deleted."""
    storage, content = S3Storage(Fixed(config), pace=pace), secrets.token_bytes(_BYTES)
    name = f"connection-test-{secrets.token_hex(6)}"
    with tempfile.TemporaryDirectory(prefix="berrypod-s3-") as folder:
        path = Path(folder) / "object"
        path.write_bytes(content)
        work: dict[str, Callable[[], Awaitable[None]]] = {
            "write": lambda: storage.put(name, path),
            "list": lambda: _listed(storage, name),
            "read": lambda: _same(storage, name, content),
            "delete": lambda: storage.delete(name),
        }
        trial = await _tried(config, work)
    if not trial.good and trial.steps[0].ok and trial.failed != trial.steps[-1]:
        with suppress(BerrypodError):  # the error that is told is the first one
            await storage.delete(name)
    return trial


async def _tried(config: S3Config, work: dict[str, Callable[[], Awaitable[None]]]) -> Trial:
    steps: list[Step] = []
    trouble: Trouble | None = None
    for name, title in STEPS.items():
        if trouble is not None:
            steps.append(Step(name=name, title=title, ok=None))
            continue
        begun = monotonic()
        try:
            await work[name]()
        except BerrypodError as error:
            trouble = Trouble.of(error)
        steps.append(Step(name=name, title=title, ok=trouble is None, seconds=round(monotonic() - begun, 3)))
    return Trial(location=config.location, steps=steps, error=trouble, in_the_clear=config.in_the_clear)


async def _listed(storage: S3Storage, name: str) -> None:
    if [found.name for found in await storage.list(name)] != [name]:
        raise StorageAltered("What was just written is not in the list")


async def _same(storage: S3Storage, name: str, content: bytes) -> None:
    try:
        found = b"".join([piece async for piece in storage.read(name)])
    except NotFound:
        raise StorageAltered("What was just written is not there") from None
    if found != content:
        raise StorageAltered("What was read back is not what was written")
