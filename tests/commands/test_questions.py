"""Ctrl+C at a question that is asked within a loop."""

from __future__ import annotations

import asyncio
import signal

import pytest

from berrypod.commands.common import interruptible


async def ask() -> str:
    with interruptible():
        signal.raise_signal(signal.SIGINT)
    return "answered"


def test_it_ends_the_question() -> None:
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(ask())


def test_afterwards_it_is_the_loops_again() -> None:
    async def both() -> None:
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            await ask()
        assert signal.getsignal(signal.SIGINT) is before is not signal.default_int_handler

    asyncio.run(both())
