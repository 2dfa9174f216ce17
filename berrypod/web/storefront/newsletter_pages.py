"""Signing up for the newsletter, and leaving it by the link in each letter."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from berrypod.errors import Invalid, NotFound
from berrypod.web.access import PUBLIC
from berrypod.web.storefront.forms import read_form
from berrypod.web.storefront.session import AnyRequest
from berrypod.web.storefront.site import SiteDependency, see

_DONE = "/newsletter/thanks"


@get("/newsletter", opt={"access": PUBLIC}, include_in_schema=False)
async def invitation(request: AnyRequest, site: SiteDependency) -> Response[bytes]:
    return await site.answer(request, "storefront/newsletter.html", {"state": "form", "values": {}, "errors": {}})


@post("/newsletter", opt={"access": PUBLIC}, include_in_schema=False)
async def sign_up(request: AnyRequest, site: SiteDependency) -> Response[Any]:
    """The answer is the same for those who are on the list already: the form must not tell who is."""
    form = await read_form(request)
    try:
        await site.shop.subscribers.subscribe(form.get("email", ""))
    except Invalid as error:
        context = {"state": "form", "values": form, "errors": error.fields}
        return await site.answer(request, "storefront/newsletter.html", context, status=422)
    return see(_DONE)


@get(_DONE, opt={"access": PUBLIC}, include_in_schema=False)
async def signed_up(request: AnyRequest, site: SiteDependency) -> Response[bytes]:
    return await site.answer(request, "storefront/newsletter.html", {"state": "done"})


@get("/newsletter/unsubscribe/{token:str}", opt={"access": PUBLIC}, include_in_schema=False)
async def ask_to_leave(request: AnyRequest, site: SiteDependency, token: FromPath[str]) -> Response[bytes]:
    """Asks first: programs that look at mails open their links, and must not end anything by it."""
    try:
        subscriber = await site.shop.subscribers.by_token(token)
    except NotFound:
        return await site.answer(request, "storefront/unsubscribe.html", {"state": "unknown"}, status=404)
    state = "ask" if subscriber.status == "subscribed" else "done"
    return await site.answer(request, "storefront/unsubscribe.html", {"state": state, "email": subscriber.email})


@post("/newsletter/unsubscribe/{token:str}", opt={"access": PUBLIC}, include_in_schema=False)
async def leave(request: AnyRequest, site: SiteDependency, token: FromPath[str]) -> Response[Any]:
    try:
        await site.shop.subscribers.unsubscribe(token)
    except NotFound:
        return await site.answer(request, "storefront/unsubscribe.html", {"state": "unknown"}, status=404)
    return see(f"/newsletter/unsubscribe/{token}")
