"""The whole shop with two workers: one of them tells, and a kill -9 of all of it makes nothing told twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest

from berrypod.settings import Settings
from tests.notify.servers import WebServer
from tests.support.server import start_server

pytestmark = pytest.mark.slow

_SECONDS = 60


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_of_two_workers_one_tells_and_a_restart_tells_nothing_twice(
    settings: Settings, web_server: Callable[..., WebServer]
) -> None:
    """A new shop has no backup: that is what there is to tell."""
    receiver = web_server()
    environ = {
        "BERRYPOD_NOTIFY_WEBHOOK_URL": receiver.url,
        "BERRYPOD_NOTIFY_LOOK_SECONDS": "1",
        "NO_PROXY": "*",
    }
    told = settings.database_path.with_name(f"{settings.database_path.name}-work") / "notify" / "told.json"

    def looks_go_on(times: int) -> None:
        for _ in range(times):
            before = told.stat().st_mtime_ns
            _wait(lambda before=before: told.stat().st_mtime_ns != before)

    for _ in range(2):
        server = start_server(settings, workers=2, env=environ)
        try:
            _wait(lambda: len(receiver.taken) > 0)
            looks_go_on(4)
        finally:
            server.kill()
    counted = Counter((one["kind"], one["part"], one["condition"]["code"]) for one in receiver.documents())
    assert {kind for kind, _, _ in counted} == {"alarm"}
    assert set(counted.values()) == {1}
