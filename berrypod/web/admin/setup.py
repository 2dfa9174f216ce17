"""The first run: whoever has the link that the server printed makes the first admin."""

from __future__ import annotations

from typing import Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from berrypod.accounts import Accounts
from berrypod.accounts.setup import SetupClosed
from berrypod.errors import Conflict, Invalid
from berrypod.events import AdminCreated
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.web.access import PUBLIC, address_of
from berrypod.web.admin.forms import Form, errors_of, same_twice
from berrypod.web.admin.login import enter, visitor_of
from berrypod.web.admin.pages import entrance, to
from berrypod.web.admin.state import AnyRequest, session_of, set_session

SETUP: Final = "/admin/setup"

_TOKEN: Final = "setup"  # noqa: S105 - the name of the entry


class SetupController(Controller):
    """`/admin/setup`. Open as long as there is no admin, to whoever has a good token."""

    path = SETUP
    include_in_schema = False

    @get(opt={"access": PUBLIC})
    async def show(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Template | Redirect:
        """The token leaves the address at once, so that it stays in no history and goes out with no link."""
        token = request.query_params.get("token", "")
        if token and await accounts.setup.good(token):
            set_session(request, {_TOKEN: token})
            return to(SETUP)
        if not await accounts.setup.good(_token_of(request)):
            return await entrance(
                request, "setup_closed", status=SetupClosed.status, first_run=await accounts.setup.needed()
            )
        return await entrance(request, "setup")

    @post(opt={"access": PUBLIC}, status_code=200)
    async def complete(
        self,
        request: AnyRequest,
        accounts: NamedDependency[Accounts],
        plugins: NamedDependency[Plugins],
        settings: NamedDependency[Settings],
    ) -> Template | Redirect:
        form = await Form.of(request)
        values = {"email": form.text("email"), "name": form.text("name")}
        password = form.text("password")
        try:
            same_twice(password, form.text("password_again"), field="password_again")
            admin = await accounts.setup.complete(_token_of(request), password=password, **values)
        except Invalid as error:
            return await entrance(request, "setup", status=error.status, values=values, errors=errors_of(error))
        except (SetupClosed, Conflict):
            return await entrance(
                request, "setup_closed", status=SetupClosed.status, first_run=await accounts.setup.needed()
            )
        plugins.emit(AdminCreated(email=admin.email, actor=f"admin:{admin.email}", address=address_of(request)))
        signed_in = await accounts.sign_in.newcomer(admin, visitor_of(request))
        return enter(request, signed_in, "/admin", plugins=plugins, settings=settings)


def _token_of(request: AnyRequest) -> str:
    token = session_of(request).get(_TOKEN)
    return token if isinstance(token, str) else ""
