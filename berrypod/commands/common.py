"""What commands share. Public: plugins' commands use it too.

@click.command()
def orders() -> None:
    asyncio.run(_orders())

async def _orders() -> None:
    async with opened_context("my-plugin") as context:
        ...
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click
import msgspec

from berrypod.commands.ownership import require_own_shop
from berrypod.errors import BerrypodError, StorageError
from berrypod.plugins import Plugins
from berrypod.settings import Settings

if TYPE_CHECKING:
    from berrypod.context import PluginContext
    from berrypod.parts import Parts


def examples(*lines: str) -> str:
    """The epilog of a command's help: lines to copy, at most 76 characters long."""
    # rich-click makes one paragraph of neighbouring lines, whatever marks them.
    return "\n\n".join(("Examples:", *(f"$ {line}" for line in lines)))


@contextmanager
def interruptible() -> Generator[None]:
    """For a question that is asked within `asyncio.run`: Ctrl+C ends it there.

    asyncio takes the first one as a wish to cancel the task, which waits for the answer here.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def current_plugins() -> Plugins | None:
    """The plugins that this run of the command line has found; None outside of a run."""
    context = click.get_current_context(silent=True)
    return context.find_object(Plugins) if context else None


def settings_with_key() -> Settings:
    """The settings of the environment, with the database key of a plugin that offers one.

    :raises SettingsError: the environment is wrong, or production has no database key; or this is root, and another
        user runs the shop.
    """
    settings, plugins = own_settings(), current_plugins()
    return settings.with_database_key(plugins.database_key() if plugins else settings.secret_key_db)


def own_settings() -> Settings:
    """The settings of the environment, for what makes files beside the shop's.

    :raises SettingsError: the environment is wrong; or this is root, and another user runs the shop.
    """
    settings = Settings.from_env()
    require_own_shop(settings.database_path)
    return settings


@asynccontextmanager
async def opened_parts(settings: Settings | None = None) -> AsyncGenerator[Parts]:
    """The shop of the environment with its database open, whether or not the server runs.

    :raises SettingsError: as `own_settings`.
    :raises StorageError: the file cannot be opened.
    """
    from berrypod.parts import create_parts  # noqa: PLC0415 - slow to import, and not all commands open a shop

    parts = create_parts(settings or own_settings(), current_plugins())
    await parts.database.open()
    try:
        # A backup that takes minutes must not keep a restore waiting.
        async with parts.maintenance.watching():
            yield parts
    finally:
        await parts.database.close()
        await asyncio.to_thread(parts.audit.close)


@asynccontextmanager
async def opened_context(plugin: str) -> AsyncGenerator[PluginContext]:
    """As `opened_parts`, for a plugin's commands."""
    async with opened_parts() as parts:
        yield parts.context(plugin)


@asynccontextmanager
async def context_anyway(plugin: str) -> AsyncGenerator[PluginContext]:
    """As `opened_context`, also for a shop whose file cannot be opened, or is not there: `database.is_open` says so.

    For what puts that right.
    """
    from berrypod.parts import create_parts  # noqa: PLC0415 - as above

    parts = create_parts(own_settings(), current_plugins())
    with suppress(StorageError):
        await parts.database.open()
    try:
        async with parts.maintenance.watching():
            yield parts.context(plugin)
    finally:
        await parts.database.close()
        await asyncio.to_thread(parts.audit.close)


def echo_json(value: Any) -> None:
    """Print a value (records and dates included) as JSON on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2))


def echo_error(error: BerrypodError) -> None:
    """Print an error's message and hint on standard error."""
    label = "Error: " if os.environ.get("NO_COLOR") else click.style("Error: ", fg="red", bold=True)
    click.echo(label + error.message, err=True)
    if error.hint:
        click.echo(error.hint, err=True)
