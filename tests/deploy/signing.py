"""Somebody at the sign-in page of a shop that runs, who does not know the password."""

from __future__ import annotations

import re

import httpx
import msgspec

from berrypod.settings import Settings

_CSRF = re.compile(r'name="_csrf_token" value="([^"]+)"')


def guess(client: httpx.Client, password: str = "a wrong guess", **headers: str) -> httpx.Response:
    """Try to sign in, with these headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"accept": "text/html"}
    found = _CSRF.search(client.get("/admin/login", headers=sent).text)
    token = found[1] if found else client.cookies.get("berrypod_csrf", path="/")
    form = {"_csrf_token": token, "email": "ada@example.org", "password": password}
    return client.post("/admin/login", data=form, headers=sent)


def addresses(settings: Settings) -> list[str | None]:
    """Where the audit log says that failed attempts came from, the oldest first: all, when the server has stopped."""
    path = settings.database_path.with_name(f"{settings.database_path.name}-audit.jsonl")
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    return [line.get("address") or line.get("details", {}).get("address") for line in lines if "failed" in str(line)]
