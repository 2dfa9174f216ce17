"""`berrypod demo`: a whole shop to look at, in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich_click import RichCommand

from berrypod.accounts import Accounts
from berrypod.commands.common import examples
from berrypod.commands.progress import progress_bar
from berrypod.commands.serve import listen, origin_of, serve_on
from berrypod.demo import fill
from berrypod.env_file import read_env_file
from berrypod.errors import SettingsError
from berrypod.settings import Settings
from berrypod.storage import schema
from berrypod.storage.database import Database
from berrypod.storage.files import claimed, make_private_folder, rename_to_new, sweep, temporary_path, write_durably

_ENV_FILE = "berrypod.env"
_DATABASE = "berrypod.db"
_EMAIL = "admin@example.com"

_HIGHEST_PORT = 65_535


@click.command(
    cls=RichCommand, epilog=examples("berrypod demo --port 0", "berrypod --env-file berrypod-demo/berrypod.env stats")
)
@click.option(
    "--folder",
    default="berrypod-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo shop lives. Run again, the same shop is served.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, _HIGHEST_PORT),
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--no-serve", is_flag=True, help="Make the shop and stop there.")
def demo(folder: Path, host: str, port: int, no_serve: bool) -> None:
    """Make a demo shop with products, pictures and orders, encrypted with keys of its own, and serve it.

    Everything is in one folder: delete it and the demo is gone.
    """
    listener = None if no_serve else listen(host, port)  # a taken port is told before anything is made
    values = prepare(folder.absolute())
    os.environ.update(values)
    _tell(folder.absolute(), values, origin=origin_of(listener) if listener else None)
    if listener:
        serve_on(listener)


def prepare(folder: Path) -> Mapping[str, str]:
    """Make the demo shop in `folder`, unless it is there already. Returns the environment that opens it.

    :raises SettingsError: there is a database, but not its keys.
    :raises StorageError: the folder cannot be written, or the disk is full.
    """
    make_private_folder(folder)
    sweep(folder)
    database = folder / _DATABASE
    values = _environment(folder)
    if not database.exists():
        _make_apart(database, values)
    return values


def _make_apart(database: Path, values: Mapping[str, str]) -> None:
    """Make the shop in a folder of its own, and put it into its place when it is whole."""
    workshop = temporary_path(database)
    with claimed(workshop):
        try:
            made = make_private_folder(workshop) / database.name
            asyncio.run(_make(replace(Settings.from_env(values), database_path=made), values))
            rename_to_new(made, database)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


async def _make(settings: Settings, values: Mapping[str, str]) -> None:
    schema.create(settings.database_path, settings.secret_key_db)
    database = Database(settings)
    await database.open()
    try:
        with progress_bar("Painting pictures and stocking the shelves ...") as tell:
            await fill(database, now=datetime.now(UTC), progress=tell)
        await Accounts(database, settings).admins.create(
            email=values["BERRYPOD_DEMO_EMAIL"], name="Demo", password=values["BERRYPOD_DEMO_PASSWORD"]
        )
    finally:
        await database.close()


def _environment(folder: Path) -> dict[str, str]:
    """The demo's keys, from its file; made and written at the first run."""
    path = folder / _ENV_FILE
    if path.exists():
        return read_env_file(path)
    if (folder / _DATABASE).exists():
        raise SettingsError(
            f"{folder / _DATABASE} is there, but the file with its keys, {path.name}, is not",
            hint=f"Put {path.name} back; or delete the folder {folder} to begin a new demo.",
        )
    values = {
        "BERRYPOD_ENV": "dev",
        "DATABASE_PATH": str(folder / _DATABASE),
        "SECRET_KEY_DB": secrets.token_urlsafe(48),
        "SECRET_KEY_BASE": secrets.token_urlsafe(48),
        "BERRYPOD_DEMO_EMAIL": _EMAIL,
        "BERRYPOD_DEMO_PASSWORD": "-".join(secrets.token_hex(3) for _ in range(4)),
    }
    lines = ["# The keys of this demo shop. SECRET_KEY_DB opens the database: without it nobody can."]
    lines += [f"{name}='{value}'" for name, value in values.items()]
    write_durably(path, ("\n".join(lines) + "\n").encode())
    return values


def _tell(folder: Path, values: Mapping[str, str], *, origin: str | None) -> None:
    shown = Path(os.path.relpath(folder))
    lines = [f"The shop is one file: {shown / _DATABASE}", f"Its keys are in:      {shown / _ENV_FILE}"]
    if origin:
        lines += [f"Shop:                 {origin}/", f"Administration:       {origin}/admin/backup"]
    lines.append(f"Sign in with:         {values['BERRYPOD_DEMO_EMAIL']}  {values['BERRYPOD_DEMO_PASSWORD']}")
    click.echo("\n".join(lines))
