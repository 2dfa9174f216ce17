"""The first run as it really is: a server with two workers prints a link, and whoever opens it becomes the admin."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from berrypod.settings import Settings
from tests.accounts.conftest import EMAIL, PASSWORD
from tests.support.server import RunningServer

_CSRF = re.compile(r'name="_csrf_token" value="([^"]+)"')


@pytest.mark.slow
def test_the_printed_link_makes_the_first_admin_whichever_worker_answers(
    settings: Settings, serve: Callable[..., RunningServer]
) -> None:
    server = serve(settings, workers=2)
    printed = re.search(r"(http://\S+/admin/setup)\?token=(\S+)", server.output)
    assert printed, server.output
    with httpx.Client(base_url=server.url, follow_redirects=True, timeout=60) as client:
        form = client.get("/admin/setup", params={"token": printed[2]})
        token = _CSRF.search(form.text)
        assert token, form.text
        fields = {"email": EMAIL, "password": PASSWORD, "password_again": PASSWORD, "_csrf_token": token[1]}
        assert "Hello" in client.post("/admin/setup", data=fields).text
        for _ in range(20):  # connections anew, so that both workers get some
            with httpx.Client(base_url=server.url, cookies=client.cookies, timeout=60) as again:
                assert again.get("/admin").status_code == 200
                assert again.get("/admin/setup", params={"token": printed[2]}).status_code == 403
    assert printed[2] not in "\n".join(line for line in server.lines if printed[0] not in line)
