"""The command line. Exit status 0 done, 1 refused or failed (reason and hint on standard error), 2 wrong usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich_click import RichGroup

from berrypod import __version__
from berrypod.commands.common import echo_error, examples
from berrypod.commands.lazy import LazyCommand
from berrypod.env_file import load_env_file
from berrypod.errors import BerrypodError, StorageError
from berrypod.plugins import Plugins
from berrypod.settings import Settings

_BEGIN = examples(
    "berrypod demo                                  # a shop to look at",
    "berrypod db create && berrypod admin create    # a shop of your own ...",
    "berrypod serve                                 # ... open for customers",
    "berrypod doctor                                # is all in order?",
    "berrypod backup create --output /safe/place/   # a copy of all of it",
    "berrypod restore check FILE                    # what is this file?",
)


class BerrypodGroup(RichGroup):
    """The root: loads the file of --env-file and the plugins' commands first, and turns our errors into words."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        arguments = list(sys.argv[1:] if args is None else args)
        try:
            if name := _env_file(arguments):
                load_env_file(Path(name))
            found = Plugins.discover(Settings.from_env())
        except BerrypodError as error:
            if _needs_no_shop(arguments):
                return super().main(arguments, *rest, **options)
            echo_error(error)
            sys.exit(1)
        found.register_commands(self)
        try:
            return super().main(arguments, *rest, obj=found, **options)
        finally:
            found.close()

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BerrypodError as error:
            echo_error(error)
            ctx.exit(1)
        except PermissionError as error:
            # Any file among the shop's may be another user's, by a command that was run as root.
            echo_error(
                StorageError(
                    f"{error.filename or 'A file'} cannot be read, or not be written, by this user",
                    hint="Run the command as the user that runs the shop; `berrypod doctor` says whose its files are.",
                )
            )
            ctx.exit(1)


@click.group(cls=BerrypodGroup, epilog=_BEGIN)
@click.version_option(__version__, prog_name="berrypod")
@click.option(
    "--env-file",
    type=click.Path(),
    metavar="FILE",
    envvar="BERRYPOD_ENV_FILE",
    help="Read the settings from FILE (lines of NAME=value; also as BERRYPOD_ENV_FILE). What is set in the environment "
    "wins.",
)
def cli(env_file: str | None) -> None:
    """Berrypod: a shop in one encrypted file.

    \b
    The settings are environment variables:
      DATABASE_PATH    the file
      SECRET_KEY_DB    its key; `berrypod secret` makes one
      SECRET_KEY_BASE  the key of sessions and encrypted fields; another one
      BERRYPOD_ENV     dev, or prod for a shop that sells

    Each command says more with --help. Exit status: 0 done, 1 refused or failed (why, and what to do, is on standard
    error), 2 wrong usage.
    """


# What the list says; a test holds it to what the commands say of themselves.
_COMMANDS = {
    "admin": "Make admins, help those who cannot get in, and disable those who should not.",
    "audit": "Show who did what to the shop, when and from where, the newest first.",
    "completion": "Print a script for your shell, with which the Tab key completes commands, options and file names.",
    "db": "Create or upgrade the database file, encrypt it, or take the encryption off.",
    "demo": "Make a demo shop with products, pictures and orders, encrypted with keys of its own, and serve it.",
    "doctor": "Check that the shop is in order, and its file as safe as it should be.",
    "key": "Keep the keys of the shop safe, and change them.",
    "plugins": "List the plugins: version, hooks, state, and the errors of those that have any.",
    "secret": "Print a new random secret (64 characters, 384 bits), for SECRET_KEY_DB or SECRET_KEY_BASE.",
    "serve": "Serve the shop.",
    "token": "Make, list and revoke the API tokens of programs.",
}
for _name, _help in _COMMANDS.items():
    cli.add_command(LazyCommand(_name, f"berrypod.commands.{_name}:{_name}", help=_help))


def _env_file(arguments: Sequence[str]) -> str | None:
    """The value of --env-file, before click parses: the plugins, which add commands, already need the settings."""
    for position, argument in enumerate(arguments):
        if argument == "--env-file" and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith("--env-file="):
            return argument.partition("=")[2]
        if not argument.startswith("-"):
            break
    return os.environ.get("BERRYPOD_ENV_FILE")


def _needs_no_shop(arguments: Sequence[str]) -> bool:
    """True for what must work while the settings are wrong: help, the secret that is to be set, and the doctor."""
    if not arguments or "--help" in arguments or arguments[0] in ("secret", "demo", "completion", "--version"):
        return True
    options = ("--env-file", _env_file(arguments))
    return next((each for each in arguments if each not in options and not each.startswith("-")), "") == "doctor"


def main() -> None:
    cli()
