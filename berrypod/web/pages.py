"""Pages of their own for plugins: HTML that a plugin has rendered, with the administration around it.

A panel is a section of a page; what has an address of its own (`/admin/backup/restores/...`) is a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request
from litestar.response import Template
from litestar.template.base import csrf_token
from markupsafe import Markup

from berrypod.web.admin.pages import page
from berrypod.web.form_tokens import rules_of

# In the `opt` of a handler that reads its body itself, piece by piece, and so calls `is_form_token` itself.
CHECKS_FORM_TOKEN: Final = {"exclude_from_csrf": True}


async def admin_page(
    request: Request[Any, Any, Any], *, title: str, html: str, style_sheets: Sequence[str] = (), status: int = 200
) -> Template:
    """A page for the signed-in admin: `html` below the navigation, `title` in the browser's title bar.

    `html` is trusted, as that of a panel is: make it with `PluginContext.templates`, which escape. It begins with a
    heading (`<header class="admin__head"><h1>...`). `style_sheets` are addresses of this shop.
    """
    trusted = Markup(html)  # noqa: S704 - plugins are trusted code; their templates escape
    return await page(request, "of_plugin", status=status, title=title, html=trusted, style_sheets=style_sheets)


def form_token(request: Request[Any, Any, Any]) -> str:
    """For the hidden field `_csrf_token` of each form that posts, or for the header `x-csrftoken` of a script."""
    return csrf_token({"request": request})


def is_form_token(request: Request[Any, Any, Any], token: str) -> bool:
    """Whether a form that was sent is one of this shop's, made for this visitor.

    The shop checks all forms; a handler with `CHECKS_FORM_TOKEN` does it itself. It must not act on a form before.
    """
    rules = rules_of(request)
    cookie = request.cookies.get(rules.config.cookie_name, "") if rules else ""
    return rules is not None and rules.match(token, cookie)
