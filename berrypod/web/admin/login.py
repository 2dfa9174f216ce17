"""Signing in and out."""

from __future__ import annotations

from typing import Final

from litestar import Controller, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from berrypod.accounts import Accounts
from berrypod.accounts.devices import KEPT
from berrypod.accounts.principals import AdminPrincipal
from berrypod.accounts.sign_in import CodeRefused, SignedIn, SignInRefused, Visitor
from berrypod.errors import AccessError, NotFound, Throttled, Unauthenticated
from berrypod.events import AdminSignedIn, AdminSignedOut, AdminSignInFailed
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.web.access import PUBLIC, address_of
from berrypod.web.admin.forms import Form
from berrypod.web.admin.local_path import local_path
from berrypod.web.admin.pages import entrance, headers_of, to
from berrypod.web.admin.state import (
    AnyRequest,
    Step,
    begin_session,
    begin_step,
    current_step,
    end_session,
    flash,
    session_token,
)

LOGIN: Final = "/admin/login"
CODE: Final = "/admin/login/code"
DEVICE_COOKIE: Final = "berrypod_device"


class LoginController(Controller):
    """`/admin/login`, its second step, and the way out."""

    path = "/admin"
    include_in_schema = False

    @get("/login", opt={"access": PUBLIC})
    async def show(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Template | Redirect:
        next_path = local_path(request.query_params.get("next"))
        if await accounts.sessions.authenticate(session_token(request)):
            return to(next_path)
        return await entrance(request, "login", next_path=next_path, first_run=await accounts.setup.needed())

    @post("/login", opt={"access": PUBLIC}, status_code=200)
    async def password(
        self,
        request: AnyRequest,
        accounts: NamedDependency[Accounts],
        plugins: NamedDependency[Plugins],
        settings: NamedDependency[Settings],
    ) -> Template | Redirect:
        form = await Form.of(request)
        next_path, email = local_path(form.text("next")), form.text("email")
        try:
            found = await accounts.sign_in.with_password(email, form.text("password"), visitor_of(request))
        except (SignInRefused, Throttled) as error:
            _tell_of_failure(request, plugins, error)
            return await entrance(
                request,
                "login",
                status=error.status,
                headers=headers_of(error),
                next_path=next_path,
                first_run=False,
                values={"email": email},
                error=error,
            )
        if isinstance(found, SignedIn):
            return enter(request, found, next_path, plugins=plugins, settings=settings)
        begin_step(request, Step(found, next_path))
        return to(CODE)

    @get("/login/code", opt={"access": PUBLIC})
    async def show_code(self, request: AnyRequest) -> Template | Redirect:
        if current_step(request) is None:
            return to(LOGIN)
        return await entrance(request, "code", recovery=request.query_params.get("recovery") == "1")

    @post("/login/code", opt={"access": PUBLIC}, status_code=200)
    async def code(
        self,
        request: AnyRequest,
        accounts: NamedDependency[Accounts],
        plugins: NamedDependency[Plugins],
        settings: NamedDependency[Settings],
    ) -> Template | Redirect:
        step = current_step(request)
        if step is None:
            return _begin_again(request)
        form = await Form.of(request)
        try:
            found = await accounts.sign_in.with_code(step.code_needed, form.text("code"), visitor_of(request))
        except (CodeRefused, Throttled) as error:
            _tell_of_failure(request, plugins, error)
            return await entrance(
                request,
                "code",
                status=error.status,
                headers=headers_of(error),
                error=error,
                recovery=form.text("recovery") == "1",
            )
        except (Unauthenticated, NotFound):
            return _begin_again(request)
        return enter(request, found, step.next_path, plugins=plugins, settings=settings)

    @post("/logout", status_code=303)
    async def logout(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], plugins: NamedDependency[Plugins]
    ) -> Redirect:
        admin: AdminPrincipal = request.user
        await accounts.sessions.revoke(admin.admin_id, admin.session_id)
        return _leave(request, plugins, "You are signed out.", everywhere=False)

    @post("/logout-everywhere", status_code=303)
    async def logout_everywhere(
        self, request: AnyRequest, accounts: NamedDependency[Accounts], plugins: NamedDependency[Plugins]
    ) -> Redirect:
        admin: AdminPrincipal = request.user
        ended = await accounts.sessions.revoke_all(admin.admin_id)
        sessions = "one session has" if ended == 1 else f"all {ended} sessions have"
        return _leave(request, plugins, f"You are signed out everywhere: {sessions} ended.", everywhere=True)


def visitor_of(request: AnyRequest) -> Visitor:
    """Whom to charge for an attempt."""
    return Visitor(
        address=address_of(request) or "",
        user_agent=request.headers.get("user-agent", ""),
        device=request.cookies.get(DEVICE_COOKIE),
    )


def enter(
    request: AnyRequest, signed_in: SignedIn, next_path: str, *, plugins: Plugins, settings: Settings
) -> Redirect:
    """Hand out the session cookie and the device cookie, and go on."""
    begin_session(request, signed_in.token)
    email = signed_in.admin.email
    plugins.emit(AdminSignedIn(email=email, address=address_of(request), actor=f"admin:{email}"))
    redirect = to(next_path)
    redirect.cookies.append(
        Cookie(
            key=DEVICE_COOKIE,
            value=signed_in.device,
            path=LOGIN,
            max_age=int(KEPT.total_seconds()),
            secure=settings.production,
            httponly=True,
            samesite="strict",
        )
    )
    return redirect


def _begin_again(request: AnyRequest) -> Redirect:
    end_session(request)
    flash(request, "That took a while, or something changed meanwhile. Please sign in again.", "info")
    return to(LOGIN)


def _leave(request: AnyRequest, plugins: Plugins, words: str, *, everywhere: bool) -> Redirect:
    admin: AdminPrincipal = request.user
    end_session(request)
    flash(request, words)
    plugins.emit(
        AdminSignedOut(email=admin.email, everywhere=everywhere, actor=admin.actor, address=address_of(request))
    )
    return to(LOGIN)


def _tell_of_failure(request: AnyRequest, plugins: Plugins, error: AccessError) -> None:
    match error:
        case Throttled():
            reason = "throttled"
        case CodeRefused():
            reason = "totp"
        case _:
            reason = "password"
    plugins.emit(AdminSignInFailed(reason=reason, address=address_of(request)))
