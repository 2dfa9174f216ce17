"""`/admin/key`: the key of the shop's file, by its fingerprint, and whether it is kept elsewhere."""

from __future__ import annotations

from typing import Any, Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from berrypod.accounts.principals import AdminPrincipal
from berrypod.errors import Conflict, Invalid, Throttled
from berrypod.events import KeyKept, KeyNotRecognised
from berrypod.keys.backups import backups_under
from berrypod.keys.kept import in_words
from berrypod.keys.kit import NoKey
from berrypod.plugins import Plugins
from berrypod.web.access import address_of
from berrypod.web.admin.forms import Form, errors_of
from berrypod.web.admin.pages import KEY_PAGE, headers_of, page, parts_of, to
from berrypod.web.admin.state import AnyRequest, flash

# A page is not kept waiting by an archive that does not answer: it is named.
_LOOK_SECONDS: Final = 3.0

_STAGES: Final = {
    "copying": "The shop is written anew under the new key",
    "catching_up": "What has changed meanwhile is written anew",
    "verifying": "Every page of it is checked",
    "replacing": "It takes the place of the former one",
}


class KeyController(Controller):
    path = KEY_PAGE
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest) -> Template:
        return await key_page(request)

    @post("/kept", status_code=200)
    async def kept(self, request: AnyRequest, plugins: NamedDependency[Plugins]) -> Template | Redirect:
        """The admin enters the key that is kept. It is compared, and neither shown nor stored."""
        admin: AdminPrincipal = request.user
        form = await Form.of(request)
        keeping = parts_of(request).key
        who: dict[str, Any] = {"actor": admin.actor, "address": address_of(request)}
        try:
            kept = await keeping.confirm(form.text("key"), by=admin.actor, attempts_of=str(admin.admin_id))
        except Invalid as error:
            plugins.emit(KeyNotRecognised(fingerprint=(await keeping.state()).fingerprint or "", **who))
            return await key_page(request, status=error.status, errors=errors_of(error), error_form="kept")
        except Throttled as error:
            errors = {"": f"{error.message}. {error.hint}"}
            return await key_page(
                request, status=error.status, headers=headers_of(error), errors=errors, error_form="kept"
            )
        except NoKey as error:
            raise Conflict(error.message, hint=error.hint) from None
        plugins.emit(KeyKept(fingerprint=kept.fingerprint, **who))
        flash(request, "That is the key. You will not be asked again until it is changed.")
        return to(KEY_PAGE)


async def key_page(request: AnyRequest, **context: Any) -> Template:
    parts = parts_of(request)
    state, status = await parts.key.state(), await parts.rotation.status()
    changed = status.unconfirmed
    former = changed and await backups_under(parts.plugins, changed.former_fingerprint, seconds=_LOOK_SECONDS)
    return await page(
        request,
        "key",
        key=state,
        kept_by=by_in_words(state.kept.by) if state.kept else "",
        status=context.pop("status", 200),
        change=status,
        changed_by=by_in_words(changed.by) if changed else "",
        under_former_key=former.told if former else "",
        stage=_STAGES.get(status.running.stage, status.running.stage) if status.running else "",
        **context,
    )


def by_in_words(by: str) -> str:
    """As `in_words`, at the beginning of a sentence."""
    return "The command line" if by == "cli" else in_words(by)
