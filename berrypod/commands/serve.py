"""`berrypod serve`: the shop for its customers."""

from __future__ import annotations

import asyncio
import copy
import errno
import os
import socket
from contextlib import suppress
from typing import Any

import click
import uvicorn
from rich_click import RichCommand
from uvicorn.config import LOGGING_CONFIG
from uvicorn.supervisors import Multiprocess

from berrypod.commands.common import examples, opened_parts, settings_with_key
from berrypod.errors import SchemaOlder, SettingsError
from berrypod.proxies import PROXIES
from berrypod.settings import Settings
from berrypod.storage import schema

_HIGHEST_PORT = 65_535

# What is in flight when the process is told to stop gets this long: a download of a backup, an order.
SHUTDOWN_SECONDS = 30


@click.command(
    cls=RichCommand,
    epilog=examples(
        "berrypod --env-file /etc/berrypod.env serve",
        "berrypod serve --workers 2 --trust-proxy 127.0.0.1   # behind nginx or Caddy",
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, _HIGHEST_PORT),
    help="Port to listen on; 0 lets the system choose a free one.",
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that serve the one file."
)
@click.option("--upgrade", is_flag=True, help="Bring an older database to this version's schema first.")
@click.option("--create", is_flag=True, help="Make an empty shop first, if there is no file.")
@click.option(
    "--trust-proxy",
    metavar="ADDRESSES",
    help="Proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed; goes before "
    "BERRYPOD_TRUSTED_PROXIES.",
)
def serve(*, host: str, port: int, workers: int, upgrade: bool, create: bool, trust_proxy: str | None) -> None:
    """Serve the shop.

    The database must exist: `berrypod db create` makes a new one, and `berrypod demo` a whole shop to look at.
    Ctrl+C, or SIGTERM, stops it: what is in flight gets half a minute to end.
    """
    if trust_proxy is not None:
        os.environ[PROXIES] = trust_proxy  # Workers read it from there.
    settings = settings_with_key()
    listener = listen(host, port)
    if create and not settings.database_path.exists():
        schema.create(settings.database_path, settings.secret_key_db)
        click.echo(f"Created {settings.database_path}: an empty shop.")
    asyncio.run(_check(settings, origin_of(listener), upgrade=upgrade))
    serve_on(listener, workers=workers)


def serve_on(listener: socket.socket, *, workers: int = 1) -> None:
    """Serve the shop of the environment on `listener` until told to stop. Requests wait while it starts."""
    click.echo(f"Listening on {origin_of(listener)}/  (Ctrl+C stops)")
    config = uvicorn.Config(
        "berrypod.asgi:create",
        factory=True,
        workers=workers,
        access_log=False,
        server_header=False,
        log_config=log_config(),
        proxy_headers=False,  # berrypod.web.forwarded does that, and knows the settings
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    if workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # When all is closed, it sends itself the Ctrl+C that it was stopped by.
        server.run(sockets=[listener])
    if not server.started:
        raise SystemExit(1)


def log_config() -> dict[str, Any]:
    """uvicorn's logging, with our own loggers beside it: one line each, on standard error."""
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["default"]["fmt"] = "%(asctime)s %(levelprefix)s %(message)s"
    config["loggers"]["berrypod"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    config["root"] = {"handlers": ["default"], "level": "WARNING"}  # plugins and libraries
    return config


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    :raises SettingsError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family=family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        reason = {
            errno.EADDRINUSE: "another program listens there",
            errno.EACCES: "ports below 1024 need special rights",
            errno.EADDRNOTAVAIL: "this machine has no such address",
        }.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
        raise SettingsError(
            f"Cannot listen on {host}:{port}: {reason}",
            hint="Stop that program, or choose another port with --port (0 takes a free one).",
        ) from error
    listener.set_inheritable(True)
    return listener


def origin_of(listener: socket.socket) -> str:
    """The address of a listening socket, as a browser on this machine writes it."""
    bound, port = str(listener.getsockname()[0]), int(listener.getsockname()[1])
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)  # noqa: S104 - all addresses: name one of them
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _check(settings: Settings, origin: str, *, upgrade: bool) -> None:
    """Open the database once before any worker starts: what is wrong is told once, in words."""
    try:
        await _open_once(settings, origin)
    except SchemaOlder:
        if not upgrade:
            raise
        before, after = await asyncio.to_thread(schema.upgrade, settings.database_path, settings.secret_key_db)
        click.echo(f"Upgraded the database from schema {before} to {after}.")
        await _open_once(settings, origin)


async def _open_once(settings: Settings, origin: str) -> None:
    async with opened_parts(settings) as parts:
        if not parts.database.encrypted:
            click.echo(
                "Warning: SECRET_KEY_DB is not set, so the database is NOT encrypted. Fine for development only.",
                err=True,
            )
        if settings.base_key_is_public:
            click.echo(
                "Warning: SECRET_KEY_BASE is not set: sessions are not protected. Fine for development only.", err=True
            )
        if link := await parts.accounts.setup.link(origin):
            click.echo(f"No admin yet. Open this page once to make one: {link}")
