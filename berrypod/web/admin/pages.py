"""What every page of the administration has around it: navigation, messages, the admin's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from litestar.response import Redirect, Template

from berrypod.accounts.principals import AdminPrincipal
from berrypod.errors import BerrypodError, Throttled
from berrypod.plugins import Plugins
from berrypod.web.admin.state import AnyRequest, take_flashes

if TYPE_CHECKING:
    from berrypod.parts import Parts

NO_ERRORS: Final[Mapping[str, str]] = {}

# Pages that are there whatever plugins do; panels of other names make pages of their own.
DASHBOARD: Final = "dashboard"
BACKUP: Final = "backup"

KEY_PAGE: Final = "/admin/key"


@dataclass(frozen=True)
class Link:
    """An entry of the navigation. `icon` is one of admin/icons.html; `about` says what is there."""

    path: str
    title: str
    icon: str
    about: str = ""


def title_of(page: str) -> str:
    """The title of a page of panels: `stock-takes` is `Stock takes`."""
    return page.replace("-", " ").replace("_", " ").strip().capitalize()


def extra_pages(plugins: Plugins) -> tuple[str, ...]:
    """The pages that exist because a plugin has a panel for them."""
    pages = dict.fromkeys(panel.declaration.page for panel in plugins.admin_panels)
    return tuple(page for page in pages if page not in (DASHBOARD, BACKUP))


def navigation(plugins: Plugins) -> tuple[Sequence[Link], Sequence[Link]]:
    """Links to what the shop is about, and to how it is run."""
    shop = [
        Link("/admin", "Dashboard", "home"),
        Link("/admin/backup", "Backup", "archive", "What is in the file, and a copy of it"),
        *(Link(f"/admin/{page}", title_of(page), "panel", _panels_of(plugins, page)) for page in extra_pages(plugins)),
    ]
    running = [
        Link("/admin/audit", "Audit log", "list", "Who did what, when and from where"),
        Link("/admin/plugins", "Plugins", "plug", "What is installed, and what failed"),
        Link(KEY_PAGE, "Encryption key", "lock", "What opens the file, and whether it is kept elsewhere"),
        Link("/admin/tokens", "API tokens", "key", "For programs that use the API"),
        Link("/admin/account", "Your account", "person", "Password, second factor, sessions"),
    ]
    return shop, running


def _panels_of(plugins: Plugins, page: str) -> str:
    """What a page of plugins shows: the titles of its panels, in their order."""
    return " · ".join(one.declaration.title for one in plugins.admin_panels if one.declaration.page == page)


async def page(
    request: AnyRequest, name: str, *, status: int = 200, headers: dict[str, str] | None = None, **context: Any
) -> Template:
    """A page for a signed-in admin."""
    parts = parts_of(request)
    admin: AdminPrincipal = request.user
    return Template(
        f"admin/{name}.html",
        context={
            "admin": admin,
            "here": request.url.path.rstrip("/"),
            "navigation": navigation(parts.plugins),
            "shop_name": await shop_name(request),
            "flashes": take_flashes(request),
            "errors": NO_ERRORS,
            "error_form": "",
            **context,
        },
        status_code=status,
        headers=headers,
    )


async def entrance(
    request: AnyRequest, name: str, *, status: int = 200, headers: dict[str, str] | None = None, **context: Any
) -> Template:
    """A page for whoever is not signed in yet."""
    return Template(
        f"admin/{name}.html",
        context={
            "shop_name": await shop_name(request),
            "flashes": take_flashes(request),
            "errors": NO_ERRORS,
            "values": {},
            "error": None,
            **context,
        },
        status_code=status,
        headers=headers,
    )


def parts_of(request: AnyRequest) -> Parts:
    return cast("Parts", request.app.state.parts)


async def shop_name(request: AnyRequest) -> str:
    return str(await parts_of(request).shop.settings.get("shop.name"))


def headers_of(error: BerrypodError) -> dict[str, str]:
    return {"retry-after": str(error.retry_after)} if isinstance(error, Throttled) else {}


def to(path: str) -> Redirect:
    """Go on to a page after a form: reloading it does not send the form again."""
    return Redirect(path, status_code=303)
