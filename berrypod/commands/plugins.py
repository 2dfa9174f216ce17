"""`berrypod plugins`: what is installed, and what failed."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich_click import RichCommand

from berrypod.commands.common import current_plugins, echo_json
from berrypod.settings import Settings


@click.command(cls=RichCommand)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def plugins(as_json: bool) -> None:
    """List the plugins: version, hooks, state, and the error of those in quarantine."""
    from berrypod.parts import create_parts  # noqa: PLC0415 - slow to import, and not for its help

    report = create_parts(Settings.from_env(), current_plugins()).plugins.report()
    if as_json:
        echo_json(report)
        return
    if not report:
        click.echo("No plugins are installed.")
        return
    table = Table("Plugin", "Version", "State", "Hooks", "Error")
    for plugin in report:
        table.add_row(plugin.name, plugin.version, plugin.state, ", ".join(plugin.hooks), plugin.error or "")
    Console().print(table)
