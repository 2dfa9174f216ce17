"""Whatever happens to the measuring process, the server gets an error with a hint and keeps no process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from berrypod_stats import helper
from berrypod_stats.dbstat_process import STATUS_NOT_WANTED
from berrypod_stats.helper import MeasurementError, measure
from berrypod_stats.wire import LONGEST_ANSWER, Question, RawKey

from .conftest import ShopFile

MakeFile = Callable[..., ShopFile]

QUESTION = Question("/nowhere/shop.db", RawKey("ab" * 32, "cd" * 16))


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def failure(*command: str, timeout: float = 60) -> MeasurementError:
    with pytest.raises(MeasurementError) as caught:
        await measure(QUESTION, timeout_seconds=timeout, command=command)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended"),
        ("raise SystemExit(7)", "ended"),
        ("raise RuntimeError('secret words of a traceback')", "ended"),
        ("print('Segmentation fault')", "no_sense"),
        ('print(\'{"answer": "measured"}\')', "no_sense"),
        ("print('[1, 2', end='')", "no_sense"),
        (f"print('x' * {LONGEST_ANSWER + 2})", "no_sense"),
        ("import sys; sys.stdout.buffer.write(bytes(range(128, 256)))", "no_sense"),
    ],
)
async def test_a_process_that_fails(code: str, reason: str) -> None:
    """Killed, ended, or answering nonsense: each is an error, and none shows a traceback."""
    error = await failure(*python(code))

    assert error.reason == reason
    assert "Traceback" not in str(error)
    assert "secret words" not in str(error)


async def test_a_process_that_cannot_be_started() -> None:
    """An interpreter that is not there is an error of its own."""
    assert (await failure("/nowhere/python")).reason == "not_started"


async def test_a_process_that_hangs_is_killed(tmp_path: Path) -> None:
    """After the time-out the process is gone, not only forgotten."""
    pid_file = tmp_path / "pid"
    code = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    for seconds in (0.5, 5, 30):  # So that it has begun, on a busy machine as well.
        error = await failure(*python(code), timeout=seconds)
        assert error.reason == "timed_out"
        if pid_file.exists() and pid_file.read_text():
            break
    assert not alive(int(pid_file.read_text()))


async def test_a_cancelled_measurement_leaves_no_process(tmp_path: Path) -> None:
    """At the end of the server the measurement is cancelled, and its process goes with it."""
    pid_file = tmp_path / "pid"
    code = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.create_task(measure(QUESTION, timeout_seconds=60, command=python(code)))
    while not (pid_file.exists() and pid_file.read_text()):
        await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not alive(int(pid_file.read_text()))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the measuring library the error says what to install."""
    (tmp_path / "apsw.py").write_text("raise ImportError('libsqlite3mc.so: no such file')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    error = await failure(*helper.COMMAND)

    assert error.reason == "library_missing"
    assert "pip install apsw-sqlite3mc" in error.hint


async def test_the_key_is_in_no_argument_environment_log_or_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The key goes through the pipe alone, and other secrets do not reach the process."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SECRET_KEY_DB", "database-secret")
    monkeypatch.setenv("SECRET_KEY_BASE", "base-secret")
    monkeypatch.setenv("S3_PASSWORD", "plugin-secret")
    code = (
        "import json, os, sys; line = sys.stdin.readline(); "
        "seen = json.dumps([sys.argv, dict(os.environ), 'derived' in line]); "
        "print(json.dumps({'answer': 'refused', 'code': 'x', 'message': seen, 'hint': 'none'}))"
    )

    error = await failure(*python(code))

    seen = error.message
    assert json.loads(seen[seen.index("[") : seen.rindex("]") + 1])[2] is True
    everything = seen + caplog.text + repr(QUESTION) + repr(error.details) + " ".join(helper.COMMAND)
    for secret in ("ab" * 32, "database-secret", "base-secret", "plugin-secret"):
        assert secret not in everything


def test_nonsense_for_a_question_is_not_quoted() -> None:
    """A broken question could hold a key: the process says only that it is broken."""
    done = subprocess.run(helper.COMMAND, input=b'{"key": "abcdef"', capture_output=True, check=False)

    assert done.returncode == 2
    assert b"abcdef" not in done.stdout + done.stderr


def test_the_process_ends_with_the_one_that_asked(make_file: MakeFile) -> None:
    """A server that is killed closes the pipe: the reader ends at once, though the file keeps it waiting."""
    file = make_file()
    file.connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
    file.connection.execute("INSERT INTO nothing_yet DEFAULT VALUES")
    process = subprocess.Popen(helper.COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(file.question) + b"\n")
    process.stdin.flush()
    time.sleep(0.5)
    assert process.poll() is None

    process.stdin.close()

    assert process.wait(timeout=60) == STATUS_NOT_WANTED


def test_the_server_never_loads_the_second_library() -> None:
    """No module that the server imports brings the measuring library into its process."""
    code = "import sys, berrypod_stats.helper, berrypod_stats.wire; sys.exit('apsw' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
