"""Errors as answers: problem details (RFC 9457) for programs, a page for people. Nothing internal in either."""

from __future__ import annotations

import http
import logging
import re
from typing import Annotated, Any, cast
from urllib.parse import quote

import msgspec
from advanced_alchemy.exceptions import DuplicateKeyError, ForeignKeyError, NotFoundError
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect, Template
from sqlalchemy.exc import IntegrityError

from berrypod import errors
from berrypod.shop.fields import described
from berrypod.web.access import Scope, rule_of
from berrypod.web.form_tokens import expired_csrf_cookie

log = logging.getLogger("berrypod.web")

PROBLEM_JSON = "application/problem+json"

_SERVER_ERROR = 500
_MISSING = re.compile(r"Missing required \w+ parameter '([^']+)'")
_OF_A_FIELD = re.compile(r"(?P<words>.+) - at `\$\.data\.(?P<field>[^`]+)`")


class Problem(msgspec.Struct, omit_defaults=True):
    """An error as the API tells it (RFC 9457, with `code`, `hint` and, for bad input, `fields`)."""

    title: Annotated[str, described("What kind of problem it is", "Some of the input cannot be accepted")]
    status: Annotated[int, described("The HTTP status", 422)]
    detail: Annotated[str, described("What happened this time", "The order is not complete yet")]
    code: Annotated[str, described("For programs; it stays the same", "invalid")]
    hint: Annotated[str, described("What to do now", "Correct the fields named and send it again.")]
    type: Annotated[str, described("Always about:blank: the code tells kinds apart", "about:blank")] = "about:blank"
    fields: Annotated[dict[str, str], described("What is wrong, by field", {"email": "Please fill this in."})] = {}


def wants_problem(request: Request[Any, Any, Any]) -> bool:
    """True for programs: under /api, at what a token is needed for, or whoever asks for JSON and not for a page."""
    accept = request.headers.get("accept", "")
    if request.url.path.startswith("/api/") or _takes_token(request):
        return True
    return "json" in accept and "text/html" not in accept


def _takes_token(request: Request[Any, Any, Any]) -> bool:
    handler = cast("dict[str, Any]", request.scope).get("route_handler")  # none where nothing has this address
    return isinstance(handler, BaseRouteHandler) and isinstance(rule_of(handler), Scope)


def handle_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The app's one exception handler."""
    known = to_berrypod_error(error)
    if known.status >= _SERVER_ERROR and not isinstance(known, errors.UnderMaintenance):
        log.error(
            "%s %s: %s", request.method, request.url.path, known.message, exc_info=error if known is not error else None
        )
    if wants_problem(request):
        return problem_response(known)
    if isinstance(known, errors.Unauthenticated) and request.url.path.startswith("/admin"):
        return _to_login(request)
    page = Template(
        template_name=_template_of(known, request.url.path),
        context={"error": known, "status": known.status, "reason": _reason(known.status)},
        status_code=known.status,
        headers=_headers(known),
    )
    if isinstance(error, HTTPException) and _is_csrf(error):
        # A token that was made under another secret would be refused for as long as the browser keeps it.
        page.cookies.extend(expired_csrf_cookie(request))
    return page


def _template_of(error: errors.BerrypodError, path: str) -> str:
    if isinstance(error, errors.UnderMaintenance):
        return "shared/maintenance.html"
    return "admin/error.html" if path.startswith("/admin") else "shared/error.html"


def problem_response(error: errors.BerrypodError) -> Response[bytes]:
    body = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
        **error.details,
    }
    return Response(
        msgspec.json.encode(body), status_code=error.status, media_type=PROBLEM_JSON, headers=_headers(error)
    )


def to_berrypod_error(error: Exception) -> errors.BerrypodError:
    """Any exception as one of ours. What nobody foresaw says nothing of its inside."""
    match error:
        case errors.BerrypodError():
            return error
        case ValidationException():
            return errors.Invalid(_sentence(error.detail), fields=_fields(error.extra) or _missing(error.detail))
        case HTTPException() if not isinstance(error, InternalServerException):
            return _from_http(error)
        case DuplicateKeyError() | ForeignKeyError() | IntegrityError():
            return errors.Conflict("It contradicts something that is there already")
        case NotFoundError():
            return errors.NotFound()
        case _:
            return _unforeseen(error)


def _unforeseen(error: Exception) -> errors.BerrypodError:
    if isinstance(error, RecursionError) and "deserializing" in str(error):  # msgspec, of JSON of a thousand brackets
        return errors.Invalid("The body is nested too deeply")
    # A field of a body that has the name of something that handlers are given: Litestar calls what is wrong with it a
    # mistake of ours.
    if isinstance(cause := error.__cause__, msgspec.ValidationError) and (found := _OF_A_FIELD.fullmatch(str(cause))):
        return errors.Invalid("The body cannot be accepted", fields={found["field"]: found["words"]})
    return errors.BerrypodError(
        "Something went wrong on our side", hint="Try again in a moment. The cause is in the server's log."
    )


def _from_http(error: HTTPException) -> errors.BerrypodError:
    """Litestar's own: no such route, wrong method, a body that is too large, a forged form."""
    status = error.status_code
    if status == http.HTTPStatus.NOT_FOUND:
        return errors.NotFound("There is no such page")
    kind = _HttpProblem("The form is no longer valid" if _is_csrf(error) else _sentence(error.detail))
    kind.status_code = status
    if _is_csrf(error):
        kind.hint = "Go back, reload that page and send the form again. Cookies must be allowed for this."
    kind.extra_headers = dict(error.headers or {})
    return kind


class _HttpProblem(errors.BerrypodError):
    """An error of the HTTP layer, with the status that Litestar gave it."""

    title = "The request cannot be answered"
    default_hint = "Check the address, the method and the headers of the request."

    status_code: int = 400
    extra_headers: dict[str, str]

    @property
    def status(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.status_code

    @property
    def code(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return "http_" + http.HTTPStatus(self.status_code).name.lower()


def _is_csrf(error: HTTPException) -> bool:
    return error.status_code == http.HTTPStatus.FORBIDDEN and "CSRF" in error.detail


def _headers(error: errors.BerrypodError) -> dict[str, str]:
    headers: dict[str, str] = dict(getattr(error, "extra_headers", {}))
    if isinstance(error, (errors.Throttled, errors.UnderMaintenance)):
        headers["retry-after"] = str(error.retry_after)
    elif error.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "2"
    if isinstance(error, errors.Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return headers


def _fields(extra: Any) -> dict[str, str]:
    """Litestar's list of what is wrong, by field."""
    found: dict[str, str] = {}
    for item in extra if isinstance(extra, list) else []:  # pyright: ignore[reportUnknownVariableType]
        if isinstance(item, dict):
            entry: dict[str, Any] = item  # pyright: ignore[reportUnknownVariableType]
            key, message = str(entry.get("key", "body")), str(entry.get("message", "is not valid"))
            # `data` is what a body is called within a handler; a client never heard of it.
            found["body" if key == "data" else key] = "There is no body" if message == "'data'" else message
    return found


def _missing(detail: str) -> dict[str, str]:
    """Of a parameter that is not there, Litestar says so in words alone."""
    found = _MISSING.match(detail)
    return {found[1]: "Please give this."} if found else {}


def _sentence(text: str) -> str:
    return text.split("\n", 1)[0][:300] or "The request cannot be understood"


def _reason(status: int) -> str:
    return http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else "Error"


def _to_login(request: Request[Any, Any, Any]) -> Response[Any]:
    path = request.url.path
    query = f"?{request.url.query}" if request.url.query else ""
    target = f"?next={quote(path + query)}" if request.method == "GET" and path != "/admin" else ""
    return Redirect(f"/admin/login{target}", status_code=303)
