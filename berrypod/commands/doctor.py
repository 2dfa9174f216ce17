"""`berrypod doctor`: is the shop in order? With the server running or stopped, and whatever is wrong with it."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text
from rich_click import RichCommand

from berrypod.commands.common import current_plugins, echo_json, examples
from berrypod.declarations.doctor import Level

if TYPE_CHECKING:
    from berrypod.doctor.examining import Report, Told

_STYLES: Final[dict[Level, str]] = {"pass": "green", "warn": "bold yellow", "fail": "bold red"}
_MARKS: Final[dict[Level, str]] = {"pass": "pass", "warn": "WARN", "fail": "FAIL"}
_INDENT: Final = " " * 7
# Lines of a log, or of a mail, that nobody has to scroll sideways for.
_WIDTH: Final = 100


@click.command(
    cls=RichCommand,
    epilog=examples("berrypod doctor --thorough", "berrypod --env-file /etc/berrypod.env doctor --json"),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--thorough", is_flag=True, help="Read every page of the file as well: some 100 MB a second.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, thorough: bool) -> None:
    """Check that the shop is in order, and its file as safe as it should be.

    Each check says what was found, why, and what to do. Nothing is changed, and no secret is shown. The shop may run.
    Exit status 0: all passed, or warnings at most. 1: something is wrong.
    """
    from berrypod.doctor.circumstances import subject_of  # noqa: PLC0415 - slow to import, and not for its help
    from berrypod.doctor.examining import examine  # noqa: PLC0415

    root = ctx.find_root().params.get("env_file")
    subject = subject_of(plugins=current_plugins(), thorough=thorough, env_file=Path(root) if root else None)
    with subject, _progress() as (tell, subject.progress):
        report = asyncio.run(examine(subject, tell))
    if as_json:
        echo_json(report)
    else:
        _show(report, Console(highlight=False))
    if report.level == "fail":
        ctx.exit(1)


def _show(report: Report, console: Console) -> None:
    width = console.width if console.is_terminal else _WIDTH
    console.print(f"Berrypod {report.version}, {report.at:%Y-%m-%d %H:%M} UTC", soft_wrap=True)
    before: Told | None = None
    for group in report.groups:
        console.print(f"\n{group.title}", style="bold")
        for finding in group.findings:
            for line in _lines(finding, width, known=before is not None and _reason(finding) == _reason(before)):
                console.print(line, soft_wrap=True)
            before = finding if finding.level != "pass" else before
    console.print(_sum(report), soft_wrap=True)


def _reason(finding: Told) -> tuple[str, str]:
    return finding.why, finding.what_to_do


def _lines(finding: Told, width: int, *, known: bool) -> Generator[Text]:
    """A passed check in as few lines as it takes; of the others, each part begins a line of its own.

    :param known: its reason was told right before: a file that is not there is the reason of nine.
    """
    title = f"{finding.title} ({finding.plugin})" if finding.plugin else finding.title
    mark = (f"{_MARKS[finding.level]:>5}  ", _STYLES[finding.level])
    if finding.level == "pass":
        words = f"{title}: {finding.why}" if finding.why else title
        first, *rest = _wrapped(words, width)
        head, _, tail = (first, "", "") if len(first) <= len(title) else (title, "", first[len(title) :])
        yield Text.assemble(mark, head, (tail, "dim"))
        yield from (Text(_INDENT + line, style="dim") for line in rest)
        return
    first, *rest = _wrapped(title, width)
    yield Text.assemble(mark, (first, "bold"))
    yield from (Text(_INDENT + line, style="bold") for line in rest)
    if known:
        yield Text(f"{_INDENT}As above.", style="dim")
        return
    yield from (Text(_INDENT + line) for line in _wrapped(finding.why, width))
    first, *rest = _wrapped(finding.what_to_do, width - 2)
    yield Text(f"{_INDENT}> {first}")
    yield from (Text(f"{_INDENT}  {line}") for line in rest)


def _wrapped(words: str, width: int) -> list[str]:
    # A path or a command must stay in one piece, to be copied.
    return textwrap.wrap(words, max(width - len(_INDENT), 30), break_long_words=False, break_on_hyphens=False) or [""]


def _sum(report: Report) -> Text:
    counts = {level: sum(one.level == level for one in report.findings) for level in _STYLES}
    told = [f"{counts['pass']} passed"]
    told += [f"{counts['warn']} {'warning' if counts['warn'] == 1 else 'warnings'}"] if counts["warn"] else []
    told += [f"{counts['fail']} failed"] if counts["fail"] else []
    hint = "" if report.thorough else "\n`berrypod doctor --thorough` reads every page of the file, too."
    return Text.assemble("\n", (", ".join(told) + ".", _STYLES[report.level]), hint)


@contextmanager
def _progress() -> Generator[tuple[Callable[[str], None], Callable[[float], None]]]:
    """What is looked at, on a terminal, on standard error: what is printed on standard output is for scripts."""
    if not sys.stderr.isatty():
        yield (lambda _: None), (lambda _: None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Looking ...", total=None)

        def tell(title: str) -> None:
            progress.update(task, description=f"Looking at {title} ...", total=None, completed=0)

        def share(done: float) -> None:
            progress.update(task, total=1.0, completed=done)

        yield tell, share
