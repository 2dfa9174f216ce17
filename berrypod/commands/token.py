"""`berrypod token`: access for programs. Works while the server runs, and without it."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich_click import RichGroup

from berrypod.commands.common import echo_json, examples, opened_parts
from berrypod.events import TokenCreated, TokenRevoked
from berrypod.scopes import SCOPE_MEANINGS, SCOPES

if TYPE_CHECKING:
    from berrypod.accounts.tokens import NewToken, TokenRecord

_DURATION: Final = re.compile(r"(?P<count>[1-9][0-9]{0,4})(?P<unit>[hdwy])", re.ASCII)
_UNITS: Final = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
_LONGEST: Final = timedelta(days=36_500)


class _Duration(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        matched = _DURATION.fullmatch(str(value))
        if matched is None or (found := int(matched["count"]) * _UNITS[matched["unit"]]) > _LONGEST:
            self.fail(f"{value!r} is no duration such as 12h, 30d, 8w or 1y", param, ctx)
        return found


@click.group(cls=RichGroup)
def token() -> None:
    """Make, list and revoke the API tokens of programs."""


@token.command(
    epilog=examples(
        "berrypod token create nightly --scope backup:read --scope backup:write",
        "TOKEN=$(berrypod token create monitor --scope stats:read --expires-in 1y)",
    )
)
@click.argument("name", metavar="NAME")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it may do. Give it several times for several scopes.",
)
@click.option(
    "--expires-in", type=_Duration(), help="For how long it is good: 12h, 30d, 8w, 1y. Without it, until it is revoked."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def create(name: str, scopes: tuple[str, ...], expires_in: timedelta | None, as_json: bool) -> None:
    """Make a token called NAME, with which a program may use the API as far as its scopes go.

    It is printed once, alone on standard output. What each scope allows is said on standard error.
    """

    async def run() -> NewToken:
        async with opened_parts() as parts:
            expires_at = datetime.now(UTC) + expires_in if expires_in else None
            new = await parts.accounts.tokens.create(
                name=name, scopes=scopes, expires_at=expires_at, created_by="command line"
            )
            parts.plugins.emit(TokenCreated(prefix=new.record.prefix, scopes=new.record.scopes, actor="cli"))
            return new

    new = asyncio.run(run())
    if as_json:
        echo_json({"token": new.token.reveal(), **_for_programs(new.record)})
        return
    click.echo(new.token.reveal())
    for scope in new.record.scopes:
        click.echo(f"{scope}: {SCOPE_MEANINGS[scope]}", err=True)
    click.echo("Keep it: the shop stores only its hash and cannot show it again.", err=True)


@token.command("list", epilog=examples("berrypod token list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_(as_json: bool) -> None:
    """List the tokens, revoked ones too, the newest first."""

    async def run() -> tuple[TokenRecord, ...]:
        async with opened_parts() as parts:
            return await parts.accounts.tokens.list()

    found = asyncio.run(run())
    if as_json:
        echo_json([_for_programs(one) for one in found])
        return
    if not found:
        click.echo("There are no tokens. `berrypod token create` makes one.")
        return
    table = Table("Prefix", "Name", "Scopes", "Last used (UTC)", "Expires (UTC)", "State")
    now = datetime.now(UTC)
    for one in found:
        table.add_row(
            f"bp_{one.prefix}",
            escape(one.name),
            " ".join(one.scopes),
            _minute(one.last_used_at),
            _minute(one.expires_at),
            one.state(now),
        )
    Console().print(table)


@token.command(epilog=examples("berrypod token revoke bp_a1b2c3d4"))
@click.argument("prefix", metavar="PREFIX")
def revoke(prefix: str) -> None:
    """Revoke the token with this PREFIX (`berrypod token list` shows it). It is worthless from the next request on."""

    async def run() -> TokenRecord:
        async with opened_parts() as parts:
            found = await parts.accounts.tokens.find(prefix)
            revoked = await parts.accounts.tokens.revoke(found.id)
            parts.plugins.emit(TokenRevoked(prefix=revoked.prefix, actor="cli"))
            return revoked

    click.echo(f"The token {asyncio.run(run()).name} is revoked.")


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "never"


def _for_programs(one: TokenRecord) -> dict[str, Any]:
    return {
        "prefix": one.prefix,
        "name": one.name,
        "scopes": list(one.scopes),
        "state": one.state(datetime.now(UTC)),
        "created_by": one.created_by,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "last_used_at": one.last_used_at,
        "revoked_at": one.revoked_at,
    }
