"""`berrypod secret`: a key that nobody can guess."""

from __future__ import annotations

import secrets

import click
from rich_click import RichCommand

from berrypod.commands.common import examples

_BYTES = 48


@click.command(
    cls=RichCommand, epilog=examples("export SECRET_KEY_DB=$(berrypod secret) SECRET_KEY_BASE=$(berrypod secret)")
)
def secret() -> None:
    """Print a new random secret (64 characters, 384 bits), for SECRET_KEY_DB or SECRET_KEY_BASE.

    It is printed once and stored nowhere: keep it.
    """
    click.echo(secrets.token_urlsafe(_BYTES))
