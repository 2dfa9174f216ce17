"""`/admin/tokens`: the tokens of programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from berrypod.accounts import Accounts
from berrypod.accounts.principals import SCOPE_MEANINGS, AdminPrincipal
from berrypod.errors import Invalid
from berrypod.events import TokenCreated, TokenRevoked
from berrypod.plugins import Plugins
from berrypod.web.access import address_of
from berrypod.web.admin.describe import ago
from berrypod.web.admin.forms import Form, errors_of
from berrypod.web.admin.pages import page, to
from berrypod.web.admin.state import AnyRequest, flash

_NEVER: Final = "never"

# In days.
LIFETIMES: Final[Mapping[str, str]] = {
    "30": "30 days",
    "90": "90 days",
    "365": "A year",
    _NEVER: "For ever: until I revoke it",
}
_USUAL: Final = "90"


class TokensController(Controller):
    path = "/admin/tokens"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Template:
        return await _tokens_page(request, accounts)

    @post(status_code=200)
    async def create(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], plugins: NamedDependency[Plugins]
    ) -> Template:
        """The answer itself shows the token: it is in no address, no cookie and no other page."""
        admin: AdminPrincipal = request.user
        form = await Form.of(request)
        name, scopes, days = form.text("name"), form.texts("scopes"), form.text("expires_in")
        try:
            new = await accounts.tokens.create(
                name=name, scopes=scopes, expires_at=_expiry(days), created_by=admin.email
            )
        except Invalid as error:
            return await _tokens_page(
                request,
                accounts,
                status=error.status,
                errors=errors_of(error),
                values={"name": name, "expires_in": days},
                chosen=scopes,
            )
        record = new.record
        plugins.emit(
            TokenCreated(prefix=record.prefix, scopes=record.scopes, actor=admin.actor, address=address_of(request))
        )
        return await page(request, "token_created", token=new.token.reveal(), record=record)

    @post("/{token_id:int}/revoke", status_code=303)
    async def revoke(
        self,
        request: AnyRequest,
        accounts: NamedDependency[Accounts],
        plugins: NamedDependency[Plugins],
        token_id: FromPath[int],
    ) -> Redirect:
        """:raises NotFound: there is no such token."""
        admin: AdminPrincipal = request.user
        record = await accounts.tokens.revoke(token_id)
        plugins.emit(TokenRevoked(prefix=record.prefix, actor=admin.actor, address=address_of(request)))
        flash(request, f"The token “{record.name}” is revoked. Programs that use it get no answer any more.")
        return to("/admin/tokens")


async def _tokens_page(request: AnyRequest, accounts: Accounts, **context: Any) -> Template:
    now = datetime.now(UTC)
    listed = [
        {"record": record, "state": record.state(now), "used": ago(record.last_used_at, now)}
        for record in await accounts.tokens.list()
    ]
    defaults: dict[str, Any] = {"values": {"name": "", "expires_in": _USUAL}, "chosen": ()}
    return await page(
        request,
        "tokens",
        tokens=[entry for entry in listed if entry["state"] != "revoked"],
        revoked=[entry for entry in listed if entry["state"] == "revoked"],
        scopes=SCOPE_MEANINGS,
        lifetimes=tuple(LIFETIMES.items()),
        **{**defaults, **context},
    )


def _expiry(days: str) -> datetime | None:
    """:raises Invalid: none of the choices."""
    if days not in LIFETIMES:
        raise Invalid("The token cannot be made like this", fields={"expires_in": "Choose one of the list."})
    return datetime.now(UTC) + timedelta(days=int(days)) if days != _NEVER else None
