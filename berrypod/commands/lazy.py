"""Commands that are imported when somebody calls them. Public: plugins' commands use it too.

Most of what a command works with (the database, the shop) takes a second to import, and whoever asks for `--help` or
for another command need not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from rich_click import RichCommand


class LazyCommand(RichCommand):
    """Stands in the list of commands for one that is somewhere else, and becomes that one when it is called.

    @hookimpl
    def berrypod_register_commands(cli: click.Group) -> None:
        cli.add_command(LazyCommand("orders", "orders_csv.commands:orders", help="Write all orders to a file."))
    """

    def __init__(self, name: str, target: str, *, help: str) -> None:  # noqa: A002 - click's own name
        """:param target: `module:attribute`.
        :param help: what the list of commands says. The help of the command itself is its own.
        """
        super().__init__(name=name, help=help)
        self._target = target

    def load(self) -> click.Command:
        """The command itself.

        :raises TypeError: there is something else at that place.
        """
        module, _, attribute = self._target.partition(":")
        found: object = getattr(import_module(module), attribute)
        if not isinstance(found, click.Command):
            raise TypeError(f"{self._target} is no command")
        return found

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the command itself: from here on, click has to do with that one."""
        return self.load().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return ctx.command.invoke(ctx)
