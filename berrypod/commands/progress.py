"""How far a command is, on a terminal. Public: plugins' commands use it too.

On standard error, as what is printed on standard output is for scripts; and nothing at all where nobody looks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

Tell = Callable[[float], None]


@contextmanager
def progress_bar(words: str) -> Generator[Tell]:
    """Show `words`, and how long it has taken, until the block ends. Then they are gone.

    What it gives takes the share that is done, from 0 to 1. Until it is called, the bar says only that something is
    going on.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - not for a script
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda share: progress.update(task, total=1.0, completed=share)
