"""`/admin/account`: the admin's own password and sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from berrypod.accounts import Accounts
from berrypod.accounts.principals import AdminPrincipal
from berrypod.errors import Invalid, Throttled
from berrypod.events import AdminChanged
from berrypod.events.access import Change
from berrypod.plugins import Plugins
from berrypod.web.access import address_of
from berrypod.web.admin.describe import ago, browser
from berrypod.web.admin.forms import Form, errors_of, same_twice
from berrypod.web.admin.pages import headers_of, page, to
from berrypod.web.admin.state import AnyRequest, flash


class AccountController(Controller):
    path = "/admin/account"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Template:
        return await account_page(request, accounts)

    @post("/password", status_code=200)
    async def change_password(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], plugins: NamedDependency[Plugins]
    ) -> Template | Redirect:
        """The other sessions end: whoever knew the old password is out."""
        admin: AdminPrincipal = request.user
        form = await Form.of(request)
        new = form.text("new_password")
        try:
            same_twice(new, form.text("new_password_again"), field="new_password_again")
            await accounts.sign_in.confirm_password(admin, form.text("password"))
            await accounts.admins.change_password(admin.admin_id, new, keep_session=admin.session_id)
        except (Invalid, Throttled) as error:
            return await refused(request, accounts, error, error_form="password")
        tell_of_change(request, plugins, "password")
        flash(request, "The password is changed. Your other sessions have ended.")
        return to("/admin/account")

    @post("/sessions/{session_id:int}/revoke", status_code=303)
    async def revoke(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], session_id: FromPath[int]
    ) -> Redirect:
        """:raises NotFound: the session has ended already, or is another admin's."""
        admin: AdminPrincipal = request.user
        await accounts.sessions.revoke(admin.admin_id, session_id)
        flash(request, "That session has ended.")
        return to("/admin/account#sessions")


def tell_of_change(request: AnyRequest, plugins: Plugins, change: Change) -> None:
    """Tell observers and the audit log what admins did to their own account."""
    admin: AdminPrincipal = request.user
    plugins.emit(AdminChanged(email=admin.email, change=change, actor=admin.actor, address=address_of(request)))


async def account_page(request: AnyRequest, accounts: Accounts, *, status: int = 200, **context: Any) -> Template:
    admin: AdminPrincipal = request.user
    now = datetime.now(UTC)
    sessions = [
        {
            "id": session.id,
            "current": session.id == admin.session_id,
            "browser": browser(session.user_agent),
            "address": session.address,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "last_seen": ago(session.last_seen_at, now),
        }
        for session in await accounts.sessions.list(admin.admin_id)
    ]
    return await page(
        request,
        "account",
        status=status,
        sessions=sessions,
        totp=await accounts.totp.status(admin.admin_id),
        **context,
    )


async def refused(request: AnyRequest, accounts: Accounts, error: Invalid | Throttled, *, error_form: str) -> Template:
    """The account page again, with the error in the form where it belongs."""
    errors = errors_of(error) if isinstance(error, Invalid) else {"": f"{error.message}. {error.hint}"}
    return await account_page(
        request,
        accounts,
        status=error.status,
        headers=headers_of(error),
        errors=errors,
        error_form=error_form,
    )
