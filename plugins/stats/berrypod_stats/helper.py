"""Asking the measuring process: start it, wait, end it. Every way to fail is an error with a hint."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from berrypod import child_process
from berrypod.errors import BerrypodError
from berrypod_stats.wire import LONGEST_ANSWER, Answer, Measured, Question, Refused

COMMAND: Final = child_process.command_of("berrypod_stats.dbstat_process")

_TRY_AGAIN = "It is tried again by itself. If it stays, look at the server's log."


class MeasurementError(BerrypodError):
    """The sizes could not be measured. `reason` is stable; message and hint are for people."""

    code = "measurement_failed"
    status = 503
    title = "The sizes could not be measured"
    default_hint = _TRY_AGAIN

    def __init__(self, cause: str, *, reason: str, hint: str | None = None) -> None:
        self.reason = reason
        super().__init__(f"{self.title}: {cause}", hint=hint, reason=reason)


def timeout_for(size_bytes: int) -> float:
    """Seconds that a measurement may take: far above the 400 MB/s that were measured, and bounded.

    A measurement is a reader, and the write-ahead log grows for as long as a reader is there.
    """
    return min(30.0 + size_bytes / 20e6, 600.0)


async def measure(question: Question, *, timeout_seconds: float, command: Sequence[str] | None = None) -> Measured:
    """Measure the file in a process of its own.

    :raises MeasurementError: it could not be started, took too long, was ended, gave no sense or refused.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            answer = await _ask(question, command or COMMAND)
    except TimeoutError:
        raise MeasurementError(
            f"it took longer than {timeout_seconds:.0f} seconds",
            reason="timed_out",
            hint="The disk may be very slow or the machine very busy. It is tried again by itself.",
        ) from None
    if isinstance(answer, Refused):
        raise MeasurementError(answer.message, reason=answer.code, hint=answer.hint)
    return answer


async def _ask(question: Question, command: Sequence[str]) -> Answer:
    try:
        async with child_process.running(command, longest_line=LONGEST_ANSWER, stderr=DEVNULL) as process:
            return await _converse(process, question)
    except child_process.CannotStart as error:
        raise MeasurementError(f"the measuring process cannot be started ({error})", reason="not_started") from error


async def _converse(process: Process, question: Question) -> Answer:
    assert process.stdin is not None
    assert process.stdout is not None
    # A process that died at once breaks the pipe; what it said, or its status, tells more than that.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(msgspec.json.encode(question) + b"\n")
        await process.stdin.drain()
    try:
        line = await process.stdout.readline()
    except ValueError:
        raise MeasurementError("its answer is far too long", reason="no_sense") from None
    if not line:
        raise MeasurementError(_ended(await process.wait()), reason="ended")
    try:
        return msgspec.json.decode(line, type=Answer)
    except msgspec.DecodeError as error:
        raise MeasurementError(f"the answer makes no sense ({error})", reason="no_sense") from None


def _ended(status: int) -> str:
    if status < 0:
        return f"the measuring process was killed (signal {-status})"
    return f"the measuring process ended with status {status} and no answer"
