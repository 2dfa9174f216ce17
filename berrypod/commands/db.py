"""`berrypod db`: the database file itself."""

from __future__ import annotations

import click
from rich_click import RichCommand, RichGroup

from berrypod.commands.common import examples, settings_with_key
from berrypod.commands.lazy import LazyCommand
from berrypod.commands.progress import progress_bar
from berrypod.storage import schema


@click.group(cls=RichGroup)
def db() -> None:
    """Create or upgrade the database file, encrypt it, or take the encryption off."""


db.add_command(
    LazyCommand("encrypt", "berrypod.commands.converting:encrypt", help="Encrypt a plain shop with SECRET_KEY_DB.")
)
db.add_command(
    LazyCommand("decrypt", "berrypod.commands.converting:decrypt", help="Take the encryption off the shop's file.")
)


@db.command(cls=RichCommand, epilog=examples("DATABASE_PATH=/srv/shop/berrypod.db berrypod db create"))
def create() -> None:
    """Make an empty shop at DATABASE_PATH, encrypted with SECRET_KEY_DB if that is set. Never overwrites a file."""
    settings = settings_with_key()
    schema.create(settings.database_path, settings.secret_key_db)
    click.echo(f"Created {settings.database_path} ({'encrypted' if settings.secret_key_db else 'NOT encrypted'}).")
    if settings.secret_key_db:
        click.echo("Keep SECRET_KEY_DB somewhere safe, apart from the file: without it nobody can open the shop.")


@db.command(
    cls=RichCommand,
    epilog=examples("berrypod backup create --output /safe/place/ && berrypod db upgrade"),
)
@click.option("--wait", default=10.0, show_default=True, help="Seconds to wait for running servers to let go.")
def upgrade(wait: float) -> None:
    """Bring the database to this version's schema. Make a backup first. The server must be stopped.

    A database that is up to date is left as it is. What fails leaves it as it was.
    """
    settings = settings_with_key()
    with progress_bar("Upgrading the database ..."):
        before, after = schema.upgrade(settings.database_path, settings.secret_key_db, timeout=wait)
    click.echo(f"Upgraded from schema {before} to {after}." if before != after else f"Schema {after} is up to date.")
