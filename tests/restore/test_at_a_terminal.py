"""`berrypod restore apply` at a terminal: a bar, the question, and Ctrl+C at it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from berrypod_restore.records import CONFIRMATION

from berrypod.settings import Settings
from tests.restore.test_commands import backed_up, left, orders
from tests.support.server import environment


@pytest.mark.slow
def test_on_a_terminal_there_is_a_bar_and_the_words_are_asked_for(encrypted_settings: Settings) -> None:
    backup = backed_up(encrypted_settings, ["A"], ["B"])
    process, main = _on_a_terminal(encrypted_settings, backup)
    shown = _answered(main, lambda: os.write(main, f"{CONFIRMATION}\n".encode()))
    assert process.wait(120) == 0, shown
    assert "━" in shown
    assert "1 order would be lost" in shown
    assert "Done:" in shown
    assert orders(replace(encrypted_settings)) == ["A"]


@pytest.mark.slow
def test_an_interrupt_at_the_question_ends_it_and_leaves_nothing(encrypted_settings: Settings) -> None:
    """It did nothing: asyncio had taken it, and waited for the answer."""
    backup = backed_up(encrypted_settings, ["A"], ["B"])
    process, main = _on_a_terminal(encrypted_settings, backup)
    shown = _answered(main, lambda: _interrupt(process))
    assert process.wait(120) == 1, shown
    assert "Aborted" in shown
    assert orders(encrypted_settings) == ["A", "B"]
    assert left(encrypted_settings) == []


def _on_a_terminal(settings: Settings, backup: Path) -> tuple[subprocess.Popen[bytes], int]:
    """`berrypod restore apply`, and the other end of its terminal."""
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "berrypod", "restore", "apply", str(backup)],
        env=environment(settings) | {"TERM": "xterm", "COLUMNS": "100"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    return process, main


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """One that comes in the instant before the question waits for its answer is heard with the next one only."""

    def until_heard() -> None:
        while process.poll() is None and not _sleeps(process):
            time.sleep(0.01)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)

    threading.Thread(target=until_heard, daemon=True).start()


def _sleeps(process: subprocess.Popen[bytes]) -> bool:
    """Its main thread waits for something: for an answer, after a question."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
    return True  # it has ended, or this is no Linux


def _answered(terminal: int, answer: Callable[[], object]) -> str:
    """What is shown to the end, with an answer when the words are asked for."""
    shown, typed, until = "", False, time.monotonic() + 120
    while select.select([terminal], [], [], max(0.0, until - time.monotonic()))[0]:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece.decode(errors="replace")
        if not typed and "Type the words" in shown:
            answer()
            typed = True
    os.close(terminal)
    return shown
