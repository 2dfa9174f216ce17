"""Commands of plugins. Each plugin adds to a copy of the command line, and what is new there is taken over."""

from __future__ import annotations

import copy
from collections.abc import Callable

import click

from berrypod.isolation import Failed, Isolation
from berrypod.plugin_host.answers import nothing
from berrypod.plugin_host.registration import Implementation


def collect(
    implementation: Implementation, cli: click.Group, isolation: Isolation, timeout_seconds: float
) -> dict[str, click.Command] | Failed:
    """The commands that one plugin adds. `cli` itself stays as it is, whatever the plugin does, and however late."""
    stage = copy.copy(cli)
    stage.commands = {}
    stage.params = list(cli.params)
    outcome = isolation.run(
        implementation.plugin,
        lambda: nothing(implementation({"cli": stage})),
        timeout_seconds=timeout_seconds,
    )
    return outcome if isinstance(outcome, Failed) else dict(stage.commands)


def add(cli: click.Group, commands: dict[str, click.Command], refused: Callable[[str], None]) -> None:
    """Add those whose names are free. `refused` is told of the others."""
    for name, command in commands.items():
        if name in cli.commands:
            refused(name)
        else:
            cli.add_command(command, name)
