"""What is shown on a terminal while something takes its time, and nowhere else."""

from __future__ import annotations

import os
import pty
import sys
from contextlib import suppress
from io import StringIO

import pytest

from berrypod.commands.progress import progress_bar


def everything_from(terminal: int) -> str:
    """What was written to the other end, which is closed by now: Linux says so by an error."""
    read = b""
    with os.fdopen(terminal, "rb", buffering=0) as file, suppress(OSError):
        while part := file.read(4096):
            read += part
    return read.decode()


def test_on_a_terminal_the_bar_moves_and_then_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "xterm-256color")
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress_bar("Measuring the tables ...") as tell:
            tell(0.5)
    shown = everything_from(ours)
    assert "Measuring the tables ..." in shown
    assert "0:00:00" in shown
    assert shown.endswith("\x1b[2K") or "\x1b[2K" in shown[-20:], "the line is gone"


def test_where_nobody_looks_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log = StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with progress_bar("Measuring the tables ...") as tell:
        tell(0.5)
    assert log.getvalue() == ""
