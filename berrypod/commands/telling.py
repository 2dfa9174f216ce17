"""What several commands tell: people, or the audit log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from berrypod.commands.common import current_plugins
from berrypod.settings import Settings

if TYPE_CHECKING:
    from berrypod.events import Event


def warn_of_the_same_folder(written: Path, database: Path) -> None:
    """Of a key that was written beside the file that it opens."""
    if written.resolve().parent == database.resolve().parent:
        click.echo("It lies beside the shop's file now: whoever takes the folder has both.", err=True)


def write_down(event: Event) -> None:
    """Tell the audit log and the observers, whether or not the shop's database can be opened."""
    from berrypod.parts import create_parts  # noqa: PLC0415 - slow to import

    parts = create_parts(Settings.from_env(), current_plugins())
    parts.plugins.emit(event)
    parts.audit.close()
