"""`berrypod plugins`: what is installed, and what failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from rich_click import RichCommand

from berrypod.commands.common import current_plugins, echo_json, examples
from berrypod.settings import Settings

if TYPE_CHECKING:
    from berrypod.plugin_report import PluginReport

_PREFIX: Final = "berrypod_"
_STYLES: Final = {"active": "green", "quarantined": "bold red", "disabled": "dim"}


@click.command(cls=RichCommand, epilog=examples("berrypod plugins"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def plugins(as_json: bool) -> None:
    """List the plugins: version, hooks, state, and the errors of those that have any."""
    from berrypod.parts import create_parts  # noqa: PLC0415 - slow to import, and not for its help

    report = create_parts(Settings.from_env(), current_plugins()).plugins.report()
    if as_json:
        echo_json(report)
        return
    if not report:
        click.echo("No plugins are installed.")
        return
    table = Table(Column("Plugin", no_wrap=True), Column("Version", no_wrap=True), "State", "Hooks")
    for plugin in report:
        state = Text(plugin.state, style=_STYLES[plugin.state])
        hooks = ", ".join(hook.removeprefix(_PREFIX) for hook in plugin.hooks)
        table.add_row(Text(plugin.name), Text(plugin.version or ""), state, Text(hooks))
    Console().print(table)
    for plugin in report:
        for line in _errors(plugin):
            click.echo(line)


def _errors(plugin: PluginReport) -> Iterator[str]:
    """Not in the table, where they would be a column of syllables; and as they are, for they are no markup."""
    if plugin.error is not None:
        yield f"{plugin.name} is in quarantine, and nothing of it is used: {plugin.error}"
        yield from _hint(plugin.hint)
    for failure in plugin.failures:
        times = f" ({failure.times} times)" if failure.times > 1 else ""
        yield f"{plugin.name}, {failure.what}: {failure.error}{times}"
        yield from _hint(failure.hint)


def _hint(hint: str | None) -> Iterator[str]:
    if hint:
        yield f"  > {hint}"
