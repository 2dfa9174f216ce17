"""`/admin/account/authenticator`: the second factor is set up, renewed and disabled."""

from __future__ import annotations

from typing import Any, Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from berrypod.accounts import Accounts
from berrypod.accounts.principals import AdminPrincipal
from berrypod.accounts.totp import TotpSetup
from berrypod.errors import Conflict, Invalid, Throttled
from berrypod.plugins import Plugins
from berrypod.web.admin.account import refused, tell_of_change
from berrypod.web.admin.forms import Form, errors_of
from berrypod.web.admin.pages import page, shop_name, to
from berrypod.web.admin.qr import qr_svg
from berrypod.web.admin.state import AnyRequest, flash

ACCOUNT: Final = "/admin/account#authenticator"
SET_UP: Final = "/admin/account/authenticator"

_GROUP: Final = 4


class AuthenticatorController(Controller):
    path = SET_UP
    include_in_schema = False

    @post(status_code=200)
    async def begin(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Template | Redirect:
        """Asks for the password: whoever finds a browser open must not be able to lock the admin out."""
        admin: AdminPrincipal = request.user
        try:
            await _confirm_password(request, accounts)
            await accounts.totp.begin(admin.admin_id)
        except (Invalid, Throttled) as error:
            return await refused(request, accounts, error, error_form="authenticator")
        except Conflict:
            return to(ACCOUNT)
        return to(SET_UP)

    @get()
    async def show(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Template | Redirect:
        setup = await _pending(request, accounts)
        return await _set_up_page(request, setup) if setup else to(ACCOUNT)

    @post("/confirm", status_code=200)
    async def confirm(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], plugins: NamedDependency[Plugins]
    ) -> Template | Redirect:
        admin: AdminPrincipal = request.user
        form = await Form.of(request)
        try:
            codes = await accounts.totp.confirm(admin.admin_id, form.text("code"))
        except Invalid as error:
            setup = await _pending(request, accounts)
            if setup is None:
                return to(ACCOUNT)
            return await _set_up_page(request, setup, status=error.status, errors=errors_of(error))
        except Conflict:
            return to(ACCOUNT)
        tell_of_change(request, plugins, "totp_enabled")
        return await page(request, "recovery_codes", codes=codes, first=True)

    @post("/cancel", status_code=303)
    async def cancel(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Redirect:
        admin: AdminPrincipal = request.user
        await accounts.totp.cancel(admin.admin_id)
        return to(ACCOUNT)

    @post("/disable", status_code=200)
    async def disable(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], plugins: NamedDependency[Plugins]
    ) -> Template | Redirect:
        admin: AdminPrincipal = request.user
        try:
            await _confirm_password(request, accounts)
        except (Invalid, Throttled) as error:
            return await refused(request, accounts, error, error_form="disable")
        await accounts.totp.disable(admin.admin_id)
        tell_of_change(request, plugins, "totp_disabled")
        flash(request, "The second factor is off: the password alone is enough to sign in.", "warn")
        return to(ACCOUNT)

    @post("/recovery-codes", status_code=200)
    async def renew(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], plugins: NamedDependency[Plugins]
    ) -> Template | Redirect:
        admin: AdminPrincipal = request.user
        try:
            await _confirm_password(request, accounts)
            codes = await accounts.totp.renew_recovery_codes(admin.admin_id)
        except (Invalid, Throttled) as error:
            return await refused(request, accounts, error, error_form="codes")
        except Conflict:
            return to(ACCOUNT)
        tell_of_change(request, plugins, "recovery_codes")
        return await page(request, "recovery_codes", codes=codes, first=False)


async def _confirm_password(request: AnyRequest, accounts: Accounts) -> None:
    form = await Form.of(request)
    await accounts.sign_in.confirm_password(request.user, form.text("password"))


async def _pending(request: AnyRequest, accounts: Accounts) -> TotpSetup | None:
    admin: AdminPrincipal = request.user
    return await accounts.totp.pending(admin.admin_id, issuer=await shop_name(request))


async def _set_up_page(request: AnyRequest, setup: TotpSetup, **context: Any) -> Template:
    secret = setup.secret.reveal()
    grouped = " ".join(secret[start : start + _GROUP] for start in range(0, len(secret), _GROUP))
    return await page(request, "authenticator", qr=qr_svg(setup.uri.reveal()), secret=grouped, **context)
