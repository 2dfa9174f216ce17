"""The command line in a process that may be killed, with all that it imports there already."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from berrypod.cli import cli
from tests.conftest import KEY
from tests.faults.work import Stop, become_nobody, watch

_RESTORE_ALONE: Final = {"BERRYPOD_DISABLED_PLUGINS": "backup,stats"}


@dataclass(frozen=True)
class Printed:
    """What a command that was not killed has left."""

    points: list[str]
    times: list[float]
    status: int
    out: str
    err: str


def import_all() -> None:
    """Have everything imported that the commands import when they are called."""
    for name in (
        "berrypod.parts",
        "berrypod.storage.migrating",
        "berrypod_restore.api",
        "berrypod_restore.builtin_guards",
        "berrypod_restore.commands",
        "berrypod_restore.doing",
        "berrypod_restore.pages",
        "berrypod_restore.panel",
        "berrypod_restore.shrinkage",
        "cryptography.hazmat.primitives.ciphers.aead",
        "litestar.middleware.session.client_side",
    ):
        importlib.import_module(name)


def run(
    path: Path,
    arguments: list[str],
    stdin: str = "",
    stop: Stop | None = None,
    as_nobody: bool = False,
    env: Mapping[str, str] = _RESTORE_ALONE,
) -> Printed:
    """`berrypod ARGUMENTS...` for the shop at `path`, with its key. `env` says which plugins there are."""
    if as_nobody:
        become_nobody()
    os.environ |= {"DATABASE_PATH": str(path), "SECRET_KEY_DB": KEY.reveal(), "BERRYPOD_ENV": "test", **env}
    points = watch(stop)
    sys.stdin = io.StringIO(stdin)
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main(arguments)
        except SystemExit as end:
            status = int(end.code or 0)
        else:
            status = 0
    for stream in (out, err):
        stream.seek(0)
    return Printed(list(points), points.times, status, out.read(), err.read())
