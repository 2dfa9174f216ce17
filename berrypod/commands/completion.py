"""`berrypod completion`: the Tab key in a shell. Click's own, which needs a line that nobody remembers."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class
from rich_click import RichCommand

from berrypod.commands.common import examples

_SHELLS = ("bash", "zsh", "fish")

_HOW = examples(
    "source <(berrypod completion bash)        # in this shell, until it ends",
    "berrypod completion bash >> ~/.bashrc     # from now on",
    "berrypod completion zsh >> ~/.zshrc       # after its `compinit`",
    "berrypod completion fish > ~/.config/fish/completions/berrypod.fish",
)


@click.command(cls=RichCommand, epilog=_HOW)
@click.argument("shell", type=click.Choice(_SHELLS), metavar="bash|zsh|fish")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script for your shell, with which the Tab key completes commands, options and file names."""
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "berrypod", "_BERRYPOD_COMPLETE").source())
