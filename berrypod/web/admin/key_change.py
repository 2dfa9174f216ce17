"""`/admin/key/change`: another key for the shop's file. It is shown once, has to be entered from where it is kept, and
only then is the shop put under it.

Between the two the server knows nothing of the new key but its fingerprint, which is in the admin's encrypted cookie.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from berrypod.accounts import Accounts
from berrypod.accounts.principals import AdminPrincipal
from berrypod.errors import BerrypodError, Invalid, Throttled
from berrypod.keys.kit import Kit
from berrypod.settings import Secret
from berrypod.storage.keys import passphrase_fingerprint
from berrypod.web.admin.forms import Form, errors_of
from berrypod.web.admin.key import key_page
from berrypod.web.admin.pages import KEY_PAGE, headers_of, page, parts_of, to
from berrypod.web.admin.qr import qr_svg
from berrypod.web.admin.state import AnyRequest, flash, session_of, set_session

CHANGE: Final = f"{KEY_PAGE}/change"

GOOD_FOR: Final = timedelta(hours=1)

_BYTES: Final = 48
_LONGEST: Final = 1000
_NEW: Final = "new_key"


class KeyChangeController(Controller):
    path = CHANGE
    include_in_schema = False

    @post("/new", status_code=200)
    async def new(self, request: AnyRequest, accounts: NamedDependency[Accounts]) -> Template | Redirect:
        """Asks for the password: whoever finds a browser open must not be able to change the key.

        The answer itself shows the key: it is in no address, no cookie and no other page.
        """
        form = await Form.of(request)
        try:
            await accounts.sign_in.confirm_password(request.user, form.text("password"))
        except (Invalid, Throttled) as error:
            errors = errors_of(error) if isinstance(error, Invalid) else {"": f"{error.message}. {error.hint}"}
            return await key_page(
                request, status=error.status, headers=headers_of(error), errors=errors, error_form="change"
            )
        if await _in_the_way(request):
            return to(KEY_PAGE)
        key = Secret(secrets.token_urlsafe(_BYTES))
        kit = await asyncio.to_thread(Kit.of, key, parts_of(request).database.path)
        _remember(request, kit.fingerprint)
        return await page(request, "key_new", kit=kit, shown=key.reveal(), qr=qr_svg(key.reveal()))

    @get()
    async def show(self, request: AnyRequest) -> Template | Redirect:
        fingerprint = _remembered(request)
        return await page(request, "key_change", fingerprint=fingerprint) if fingerprint else to(KEY_PAGE)

    @post(status_code=200)
    async def begin(self, request: AnyRequest) -> Template | Redirect:
        """The new key is entered, from where it is kept; then the shop is put under it, while it sells."""
        admin: AdminPrincipal = request.user
        fingerprint = _remembered(request)
        if fingerprint is None:
            flash(request, "That took too long. Make a new key, and go on within an hour.", "warn")
            return to(KEY_PAGE)
        form = await Form.of(request)
        key = Secret(form.text("key")[:_LONGEST].strip())
        entered = await asyncio.to_thread(passphrase_fingerprint, key) if key else ""
        if not hmac.compare_digest(entered, fingerprint):
            words = f"That is another key. The new one has the fingerprint {fingerprint}."
            return await page(request, "key_change", status=422, fingerprint=fingerprint, errors={"key": words})
        parts = parts_of(request)
        try:
            await parts.key.note_next(fingerprint, by=admin.actor)
            await parts.rotation.begin(key, by=admin.actor)
        except BerrypodError as error:
            return await page(request, "key_change", status=error.status, fingerprint=fingerprint, refusal=error)
        _forget(request)
        return to(KEY_PAGE)

    @post("/confirm", status_code=303)
    async def confirm(self, request: AnyRequest) -> Redirect:
        """The server runs with the new key: the former one, and maybe the file under it, are not needed any more."""
        admin: AdminPrincipal = request.user
        form = await Form.of(request)
        try:
            await parts_of(request).rotation.confirm(by=admin.actor, remove_former=bool(form.text("remove_former")))
        except BerrypodError as error:
            flash(request, f"{error.message}. {error.hint}", "bad")
        else:
            flash(request, "The change of the key is confirmed.")
        return to(KEY_PAGE)


async def _in_the_way(request: AnyRequest) -> bool:
    """Something has to be ended before the key can be changed; the page of the key says what."""
    status = await parts_of(request).rotation.status()
    return status.fingerprint is None or status.running is not None or status.unconfirmed is not None


def _remember(request: AnyRequest, fingerprint: str) -> None:
    until = (datetime.now(UTC) + GOOD_FOR).timestamp()
    set_session(request, {**session_of(request), _NEW: {"fingerprint": fingerprint, "until": until}})


def _remembered(request: AnyRequest) -> str | None:
    match session_of(request).get(_NEW):
        case {"fingerprint": str(fingerprint), "until": int() | float() as until}:
            return fingerprint if datetime.now(UTC).timestamp() < until else None
        case _:
            return None


def _forget(request: AnyRequest) -> None:
    kept: dict[str, Any] = {name: value for name, value in session_of(request).items() if name != _NEW}
    set_session(request, kept)
