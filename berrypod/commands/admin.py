"""`berrypod admin`: who may look after the shop. Works while the server runs, and without it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich_click import RichGroup

from berrypod.commands.common import echo_json, examples, opened_parts
from berrypod.errors import Conflict, Invalid
from berrypod.events import AdminChanged, AdminCreated

if TYPE_CHECKING:
    from berrypod.accounts.admins import AdminRecord

_password_stdin = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from the first line of standard input. It is never an argument: other users see those.",
)


@click.group(cls=RichGroup)
def admin() -> None:
    """Make admins, help those who cannot get in, and disable those who should not."""


@admin.command(
    epilog=examples(
        "berrypod admin create --email ada@example.com --name Ada",
        "berrypod admin create --email ada@example.com --password-stdin < word.txt",
    )
)
@click.option("--email", prompt="E-mail address", help="To sign in with. Nothing is sent there.")
@click.option("--name", default="", help="How the administration greets the admin.")
@_password_stdin
def create(email: str, name: str, password_stdin: bool) -> None:
    """Make an admin. What is not given is asked: the address, and the password twice."""
    password = _read_password(from_stdin=password_stdin)

    async def run() -> AdminRecord:
        async with opened_parts() as parts:
            made = await parts.accounts.admins.create(email=email, name=name, password=password)
            parts.plugins.emit(AdminCreated(email=made.email, actor="cli"))
            return made

    made = asyncio.run(_with_fields_told(run()))
    click.echo(f"{made.email} can sign in at /admin/login.")


@admin.command("list", epilog=examples("berrypod admin list"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_(as_json: bool) -> None:
    """List the admins: second factor, last sign-in, state."""

    async def run() -> tuple[AdminRecord, ...]:
        async with opened_parts() as parts:
            return await parts.accounts.admins.list()

    found = asyncio.run(run())
    if as_json:
        echo_json([_for_programs(one) for one in found])
        return
    if not found:
        click.echo("There is no admin yet. `berrypod admin create` makes one.")
        return
    table = Table("E-mail", "Name", "Second factor", "Last sign-in (UTC)", "State")
    for one in found:
        last = one.last_login_at.strftime("%Y-%m-%d %H:%M") if one.last_login_at else "never"
        table.add_row(one.email, one.name, "on" if one.totp else "off", last, "disabled" if one.disabled else "active")
    Console(markup=False).print(table)  # names are people's own: no bracket in one is markup


@admin.command(
    "reset-password",
    epilog=examples(
        "berrypod admin reset-password ada@example.com",
        "berrypod admin reset-password ada@example.com --password-stdin < word.txt",
    ),
)
@click.argument("email", metavar="EMAIL")
@_password_stdin
def reset_password(email: str, password_stdin: bool) -> None:
    """Set a new password for EMAIL, and end all sessions. The second factor stays as it is."""
    password = _read_password(from_stdin=password_stdin)

    async def run() -> AdminRecord:
        async with opened_parts() as parts:
            found = await parts.accounts.admins.by_email(email)
            await parts.accounts.admins.change_password(found.id, password)
            await parts.accounts.sign_in.lift_limits(found)
            parts.plugins.emit(AdminChanged(email=found.email, change="password", actor="cli"))
            return found

    found = asyncio.run(_with_fields_told(run()))
    click.echo(f"The password of {found.email} is changed, and all sessions have ended.")
    if found.disabled:
        click.echo(f"The account is disabled: `berrypod admin enable {found.email}` lets it in.", err=True)


@admin.command(epilog=examples("berrypod admin disable ada@example.com"))
@click.argument("email", metavar="EMAIL")
def disable(email: str) -> None:
    """Let EMAIL in no more, and end all sessions at once. The last admin cannot be disabled."""

    async def run() -> AdminRecord:
        async with opened_parts() as parts:
            found = await parts.accounts.admins.by_email(email)
            await parts.accounts.admins.disable(found.id)
            parts.plugins.emit(AdminChanged(email=found.email, change="disabled", actor="cli"))
            return found

    click.echo(f"{asyncio.run(run()).email} is disabled, and all sessions have ended.")


@admin.command(epilog=examples("berrypod admin enable ada@example.com"))
@click.argument("email", metavar="EMAIL")
def enable(email: str) -> None:
    """Let EMAIL, who was disabled, in again."""

    async def run() -> AdminRecord:
        async with opened_parts() as parts:
            found = await parts.accounts.admins.by_email(email)
            await parts.accounts.admins.enable(found.id)
            parts.plugins.emit(AdminChanged(email=found.email, change="enabled", actor="cli"))
            return found

    click.echo(f"{asyncio.run(run()).email} can sign in again.")


@admin.command("disable-totp", epilog=examples("berrypod admin disable-totp ada@example.com"))
@click.argument("email", metavar="EMAIL")
def disable_totp(email: str) -> None:
    """Turn the second factor of EMAIL off, for when phone and recovery codes are gone."""

    async def run() -> AdminRecord:
        async with opened_parts() as parts:
            found = await parts.accounts.admins.by_email(email)
            if not found.totp:
                raise Conflict(f"{found.email} has no second factor", hint="There is nothing to turn off.")
            await parts.accounts.totp.disable(found.id)
            await parts.accounts.sign_in.lift_limits(found)
            parts.plugins.emit(AdminChanged(email=found.email, change="totp_disabled", actor="cli"))
            return found

    click.echo(f"{asyncio.run(run()).email} signs in with the password alone now.")


def _read_password(*, from_stdin: bool) -> str:
    """:raises UsageError: there is nobody to ask."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("Standard input is no terminal: give the password with --password-stdin.")
    from berrypod.accounts.passwords import MINIMUM_CHARACTERS  # noqa: PLC0415 - slow to import

    prompt = f"Password (at least {MINIMUM_CHARACTERS} characters)"
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt="The same again"))


async def _with_fields_told(running: Any) -> AdminRecord:
    """On a terminal there are no fields to write the reasons beside: they become the message."""
    try:
        return await running
    except Invalid as error:
        raise Invalid(" ".join((f"{error.message}.", *error.fields.values())), hint="Try again.") from error


def _for_programs(one: AdminRecord) -> dict[str, Any]:
    return {
        "email": one.email,
        "name": one.name,
        "second_factor": one.totp,
        "disabled": one.disabled,
        "created_at": one.created_at,
        "last_login_at": one.last_login_at,
    }
