"""A few pages of a shop, rendered from a file that nobody else uses: the proof that a shop can be run on it.

In a process of its own (`rendering_process`): a second shop in this one would share its threads, its log and its
settings. The process gets the key by a pipe, gives way to customers, and ends with whoever started it.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from berrypod import child_process
from berrypod import rendering_wire as wire
from berrypod.errors import BackupError
from berrypod.settings import Secret

COMMAND: Final = child_process.command_of("berrypod.rendering_process")

# It takes 1.5 s where nothing else is done, nearly all of it to start; a small machine is busy with customers.
_SECONDS: Final = 120.0


class NotRendered(BackupError):
    """`code` may be that of the error which the process met."""

    code = "not_rendered"
    title = "The shop's pages could not be rendered"
    default_hint = "Try again; if it stays, restore another backup, and tell whoever looks after Berrypod."


async def render(
    path: Path, passphrase: Secret | None, *, timeout_seconds: float = _SECONDS, command: Sequence[str] = COMMAND
) -> tuple[str, ...]:
    """Render pages of the shop in the file `path`, which must be at this version's schema. Tells which.

    The front page; and where there are products, a category, a product with its title, and a picture. The file is
    opened as a shop's is, and may be changed by that; what is made beside it is removed again. No plugin takes part,
    and no audit log is written.

    :param path: absolute.
    :raises NotRendered: a page did not come out; or the process took too long, was ended or could not be started.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            said = await _ask(wire.Order(path=str(path), passphrase=_revealed(passphrase)), command)
    except TimeoutError:
        raise NotRendered(
            f"It took longer than {timeout_seconds:.0f} seconds",
            hint="The machine may be very busy, or its disk very slow. Try again.",
        ) from None
    if isinstance(said, wire.Refused):
        raise NotRendered(said.message, hint=said.hint, cause=said.code)
    return said.pages


def _revealed(passphrase: Secret | None) -> str | None:
    return passphrase.reveal() if passphrase else None


async def _ask(order: wire.Order, command: Sequence[str]) -> wire.Said:
    try:
        async with child_process.running(command, longest_line=wire.LONGEST_LINE, stderr=DEVNULL) as process:
            return await _converse(process, order)
    except child_process.CannotStart as error:
        raise NotRendered(f"The process that renders them cannot be started ({error})") from error


async def _converse(process: Process, order: wire.Order) -> wire.Said:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # its status tells more
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        await process.stdin.drain()
    try:
        line = await process.stdout.readline()
        if line:
            return msgspec.json.decode(line, type=wire.Said)
    except (ValueError, msgspec.MsgspecError):
        raise NotRendered("The process that renders them made no sense") from None
    raise NotRendered(f"The process that renders them ended (status {await process.wait()})")
