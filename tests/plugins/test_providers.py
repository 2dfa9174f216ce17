"""What plugins' functions do while the shop runs: a failure is data, and costs that call alone."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable

import pytest

from berrypod.declarations import (
    Figure,
    PanelRequest,
)
from berrypod.errors import OutOfStock
from berrypod.isolation import Isolation
from berrypod.plugins import Ok, Outcome, Plugins
from tests.plugins.conftest import Host
from tests.plugins.making import (
    ENOUGH,
    PATIENCE,
    QUICK,
    assert_healthy,
    failed,
    healthy,
    one_figure,
    panel,
    plugin,
    provider,
)

LATE = f"no answer within {PATIENCE:g} seconds"

REQUEST = PanelRequest(csrf_token="t", query={}, admin_email="a@example.org", path="/admin/backup")


def with_provider(host: Host, figures: Callable[[], object], **options: float) -> Plugins:
    declared = provider("figures", figures, **options)  # type: ignore[arg-type]
    return host(plugin("subject", berrypod_stats_providers=lambda context: [declared]), healthy())


async def figures_of(plugins: Plugins, name: str = "subject") -> Outcome[tuple[Figure, ...]]:
    (found,) = [one for one in plugins.stats_providers if one.plugin == name]
    return await plugins.figures(found)


async def async_figures() -> list[Figure]:
    return one_figure()


async def async_raises() -> list[Figure]:
    raise LookupError("no figures today")


async def async_exits() -> list[Figure]:
    sys.exit(1)


async def async_hangs() -> list[Figure]:
    await asyncio.Event().wait()
    return []


async def async_cancels_itself() -> list[Figure]:
    raise asyncio.CancelledError


async def async_ignores_cancellation() -> list[Figure]:
    for _ in range(2):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            continue
    return []


def returns_a_coroutine() -> Awaitable[list[Figure]]:
    return async_figures()


def returns_a_coroutine_that_hangs() -> Awaitable[list[Figure]]:
    return async_hangs()


def raises() -> list[Figure]:
    raise LookupError("no figures today")


class Provider:
    async def __call__(self) -> list[Figure]:
        return one_figure()

    async def method(self) -> list[Figure]:
        return one_figure()


@pytest.mark.parametrize(
    "figures",
    [
        one_figure,
        async_figures,
        returns_a_coroutine,
        functools.partial(async_figures),
        Provider(),
        Provider().method,
    ],
    ids=["plain", "async", "returning a coroutine", "partial", "object", "method"],
)
async def test_functions_of_every_kind_are_called(host: Host, figures) -> None:
    outcome = await figures_of(with_provider(host, figures))

    assert outcome == Ok(tuple(one_figure()))


@pytest.mark.parametrize(
    ("figures", "error"),
    [
        (raises, "LookupError: no figures today"),
        (async_raises, "LookupError: no figures today"),
        (lambda: sys.exit(1), "SystemExit: 1"),
        (async_exits, "SystemExit: 1"),
        (async_cancels_itself, "CancelledError: it cancelled itself"),
        (async_hangs, LATE),
        (async_ignores_cancellation, LATE),
        (returns_a_coroutine_that_hangs, LATE),
        (lambda: None, None),
        (lambda: 42, "it returned a int"),
        (lambda: [1, 2], "its answer contains a int"),
        (lambda: {"orders": 1}, "it returned a dict"),
        (lambda: (one_figure()[0] for _ in iter(int, 1)), "it returned more than 20 items"),
        (lambda: [one_figure()[0], one_figure()[0]], "it returned two figures of the code 'answer'"),
        (lambda: [Figure(code="x", label="X", value=float("nan"))], "Figure 'x': value is nan"),
    ],
)
async def test_a_provider_that_fails_says_so_in_its_place_and_the_others_work(
    host: Host, figures, error: str | None
) -> None:
    plugins = with_provider(host, figures, timeout_seconds=PATIENCE if error == LATE else ENOUGH)
    outcome = await figures_of(plugins)

    if error is None:
        assert outcome == Ok(())
    else:
        assert failed(outcome).error == error
        failure = plugins.report()[0].failures[0]
        assert (failure.what, failure.error) == ("stats provider figures", error)
    assert plugins.is_active("subject")
    await assert_healthy(plugins)


async def test_a_plain_function_that_hangs_is_left_behind_and_the_others_work(host: Host, hang) -> None:
    plugins = with_provider(host, hang, timeout_seconds=PATIENCE)

    assert failed(await figures_of(plugins)).timed_out
    await assert_healthy(plugins)


async def test_a_plain_function_that_blocks_does_not_block_the_event_loop(host: Host) -> None:
    begun, release = threading.Event(), threading.Event()

    def block() -> list[Figure]:
        begun.set()
        release.wait(30)
        return one_figure()

    call = asyncio.create_task(figures_of(with_provider(host, block)))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    for _ in range(5):
        await asyncio.sleep(0.001)
    assert not call.done(), "the loop goes on, and it blocks"
    release.set()
    assert isinstance(await call, Ok)


async def test_after_too_many_hangs_no_more_threads_are_spent_until_some_have_ended(host: Host) -> None:
    release, begun = threading.Event(), 0

    def hang() -> list[Figure]:
        nonlocal begun
        begun += 1
        release.wait(30)
        return one_figure()

    plugins = with_provider(host, hang, timeout_seconds=0.02)
    outcomes = [failed(await figures_of(plugins)) for _ in range(5)]

    async with asyncio.timeout(30):
        while begun < 3:  # A thread that was begun may be late.
            await asyncio.sleep(0.005)
    assert begun == QUICK.stuck_calls == 3
    assert outcomes[-1].error == "not called: 3 earlier calls have not ended"
    await assert_healthy(plugins)

    release.set()
    async with asyncio.timeout(30):
        while not isinstance(await figures_of(plugins), Ok):
            await asyncio.sleep(0.005)


async def test_an_async_function_that_is_too_late_is_cancelled_and_may_clean_up(host: Host) -> None:
    cleaned = []

    async def tidy() -> list[Figure]:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)
        return []

    assert failed(await figures_of(with_provider(host, tidy, timeout_seconds=PATIENCE))).timed_out
    assert cleaned == [True]


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_a_cancellation_from_outside_passes_through(host: Host, hang, kind: str) -> None:
    """A client that went away, or a server that stops: nobody may take that for a plugin's failure."""
    plugins = with_provider(host, hang if kind == "plain" else async_hangs, timeout_seconds=30.0)
    call = asyncio.create_task(figures_of(plugins))
    await asyncio.sleep(0.01)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert plugins.report()[0].failures == ()


async def test_a_cancellation_reaches_the_plugins_function(host: Host) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def waits() -> list[Figure]:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return []

    call = asyncio.create_task(figures_of(with_provider(host, waits, timeout_seconds=30.0)))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert cancelled.is_set()


async def test_an_error_of_ours_keeps_its_hint(host: Host) -> None:
    def refuse() -> list[Figure]:
        raise OutOfStock("None left", hint="Wait for Tuesday.")

    outcome = failed(await figures_of(with_provider(host, refuse)))
    assert (outcome.error, outcome.hint) == ("None left", "Wait for Tuesday.")


async def test_secrets_are_taken_out_of_what_a_page_shows_and_of_the_report(host: Host) -> None:
    def tell() -> list[Figure]:
        raise RuntimeError("cannot log in with hunter22")

    declared = provider("figures", tell)
    from berrypod.declarations import SettingDeclaration

    plugins = host(
        plugin(
            "subject",
            berrypod_settings=lambda: [SettingDeclaration(name="PASSWORD", help="of the store", secret=True)],
            berrypod_stats_providers=lambda: [declared],
        ),
        environ={"PASSWORD": "hunter22"},
    )

    assert failed(await figures_of(plugins)).error == "RuntimeError: cannot log in with ***"
    assert "hunter22" not in repr(plugins.report())


async def test_the_traceback_goes_to_the_log_of_a_server_and_the_error_to_any_terminal(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """The command line shows warnings alone: there, each command would print the tracebacks of all plugins."""
    with caplog.at_level(logging.INFO, "berrypod.plugins"):
        await figures_of(with_provider(host, raises))

    by_level = {record.levelno: record.getMessage() for record in caplog.records}
    assert "stats provider figures: LookupError: no figures today" in by_level[logging.WARNING]
    assert "\n" not in by_level[logging.WARNING]
    assert 'raise LookupError("no figures today")' in by_level[logging.INFO]


async def test_the_same_failure_again_is_counted_so_that_it_does_not_push_out_others(host: Host) -> None:
    plugins = with_provider(host, raises)
    for _ in range(4):
        await figures_of(plugins)

    (failure,) = plugins.report()[0].failures
    assert failure.times == 4


async def test_panels_render_and_fail_alone(host: Host) -> None:
    async def good(request: PanelRequest) -> str:
        return f"<p>{request.path}</p>"

    def bad(request: PanelRequest) -> str:
        return request.query["missing"]

    def wrong(request: PanelRequest) -> int:
        return 3

    plugins = host(plugin("p", berrypod_admin_panels=lambda: [panel("a", good), panel("b", bad), panel("c", wrong)]))
    first, second, third = [await plugins.render(one, REQUEST) for one in plugins.admin_panels]

    assert first == Ok("<p>/admin/backup</p>")
    assert failed(second).error == "KeyError: 'missing'"
    assert failed(third).error == "it returned a int"


async def test_a_files_name_that_is_no_utf_8_costs_no_more_than_the_part_that_it_is_in(host: Host) -> None:
    """Neither a page nor JSON has bytes for it: in any plugin's error, it made a 500 of /admin."""
    name = os.fsdecode(b"caf\xe9")

    def fail() -> list[Figure]:
        raise OutOfStock(f"There is no {name}", hint=f"Look for {name}.")

    plugins = host(
        plugin(
            "subject",
            berrypod_stats_providers=lambda: [
                provider("raises", fail),
                provider("text", lambda: [Figure(code="x", label="Name", text=name)]),
                provider("value", lambda: [Figure(code="x", label="Name", value=name)]),
            ],
            berrypod_admin_panels=lambda: [panel("panel", lambda request: f"<p>{name}</p>")],
        )
    )
    outcomes = [failed(await plugins.figures(one)) for one in plugins.stats_providers]
    html = await plugins.render(plugins.admin_panels[0], REQUEST)

    told = [
        outcomes[0].error,
        outcomes[0].hint or "",
        outcomes[1].error,
        outcomes[2].error,
        str(getattr(html, "value", "")),
    ]
    told += [failure.error for failure in plugins.report()[0].failures]
    assert "caf\\udce9" in "".join(told)
    assert "".join(told).encode()
    assert "os.fsencode" in (outcomes[1].hint or "")


async def test_a_panel_that_no_browser_can_show_is_left_out(host: Host) -> None:
    plugins = host(plugin("subject", berrypod_admin_panels=lambda: [panel("panel", lambda request: "<p>" * 2_000_000)]))

    assert "6,000,000 characters" in failed(await plugins.render(plugins.admin_panels[0], REQUEST)).error


async def test_a_quarantined_plugin_is_not_called(host: Host) -> None:
    plugins = host(plugin("broken", berrypod_admin_panels=lambda: 1))

    outcome = failed(await plugins.call("broken", one_figure, timeout_seconds=ENOUGH))
    assert outcome.error == "the plugin broken is quarantined"


async def test_any_function_of_a_plugin_can_be_called_through_the_isolation(host: Host) -> None:
    plugins = host(healthy())

    async def add(a: int, b: int) -> int:
        return a + b

    assert await plugins.call("healthy", add, 1, 2, timeout_seconds=ENOUGH) == Ok(3)
    assert await plugins.call("healthy", max, 1, 2, timeout_seconds=ENOUGH) == Ok(2)
    outcome = await plugins.call("healthy", int, "x", timeout_seconds=ENOUGH, what="counting")
    assert failed(outcome).error.startswith("ValueError: invalid literal")
    assert plugins.report()[0].failures[0].what == "counting"


def test_calls_of_many_threads_at_once_are_all_answered() -> None:
    isolation = Isolation(QUICK)
    results: list[object] = []

    def work(number: int) -> None:
        results.append(isolation.run("p", lambda: number, timeout_seconds=ENOUGH))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.value for outcome in results) == list(range(50))  # type: ignore[attr-defined]
    assert isolation.stuck("p") == 0
