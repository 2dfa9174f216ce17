"""`berrypod_lifespan`: entered at start, left in reverse, each alone."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from berrypod.plugins import Plugins, PluginSource
from tests.plugins.conftest import Host
from tests.plugins.making import PATIENCE, assert_healthy, error_of, healthy, impatient, plugin


class Diary:
    """Plugins that write down what they do."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def keeper(self, name: str) -> PluginSource:
        @asynccontextmanager
        async def lifespan(context):
            self.entries.append(f"{name} enters")
            yield
            self.entries.append(f"{name} leaves")

        return plugin(name, berrypod_lifespan=lifespan)


def living(name: str, function) -> PluginSource:
    return plugin(name, berrypod_lifespan=asynccontextmanager(function))


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


async def test_lifespans_are_entered_in_order_and_left_in_reverse(host: Host) -> None:
    diary = Diary()
    plugins = host(diary.keeper("a"), diary.keeper("b"))
    async with plugins.lifespans():
        assert diary.entries == ["a enters", "b enters"]

    assert diary.entries[2:] == ["b leaves", "a leaves"]


async def test_lifespans_are_not_entered_by_declaring_them(host: Host) -> None:
    """The command line declares, and starts nothing."""
    diary = Diary()
    host(diary.keeper("a"))
    await asyncio.sleep(0)

    assert diary.entries == []


async def test_one_that_raises_at_start_is_quarantined_and_the_others_go_on(host: Host) -> None:
    async def raises(context):
        raise OSError("port taken")
        yield

    diary = Diary()
    plugins = host(diary.keeper("a"), living("broken", raises), diary.keeper("c"), healthy())
    async with plugins.lifespans():
        assert error_of(plugins, "broken") == "berrypod_lifespan, at start: OSError: port taken"
        await assert_healthy(plugins)

    assert diary.entries == ["a enters", "c enters", "c leaves", "a leaves"]


async def test_one_that_exits_at_start_does_not_end_the_shop(host: Host) -> None:
    async def exits(context):
        raise SystemExit(1)
        yield

    plugins = host(living("broken", exits), healthy())
    async with plugins.lifespans():
        assert error_of(plugins, "broken") == "berrypod_lifespan, at start: SystemExit: 1"
        await assert_healthy(plugins)


async def test_one_that_hangs_at_start_is_quarantined_and_the_others_go_on(host: Host) -> None:
    async def hangs(context):
        await asyncio.Event().wait()
        yield

    diary = Diary()
    plugins = host(living("broken", hangs), diary.keeper("c"), healthy(), limits=impatient("lifespan_enter"))
    async with plugins.lifespans():
        assert error_of(plugins, "broken") == f"berrypod_lifespan, at start: no answer within {PATIENCE:g} seconds"
        assert diary.entries == ["c enters"]
        await assert_healthy(plugins)


async def test_one_that_ends_while_the_shop_runs_is_quarantined_then(host: Host) -> None:
    crash = asyncio.Event()

    async def crashes(context):
        async with asyncio.TaskGroup() as group:
            group.create_task(self_destruct())
            yield

    async def self_destruct() -> None:
        await crash.wait()
        raise RuntimeError("the scheduler died")

    plugins = host(living("broken", crashes), healthy())
    async with plugins.lifespans():
        assert plugins.is_active("broken")
        crash.set()
        await until(lambda: not plugins.is_active("broken"))
        assert "while the shop was running" in error_of(plugins, "broken")
        await assert_healthy(plugins)


async def test_one_that_raises_when_the_shop_stops_is_noted_and_the_others_are_left(host: Host) -> None:
    async def raises(context):
        yield
        raise OSError("cannot say goodbye")

    diary = Diary()
    plugins = host(diary.keeper("a"), living("broken", raises), diary.keeper("c"))
    async with plugins.lifespans():
        pass

    assert diary.entries[2:] == ["c leaves", "a leaves"]
    (failure,) = plugins.report()[1].failures
    assert failure.what == "berrypod_lifespan, while the shop was stopping"
    assert failure.error == "OSError: cannot say goodbye"


async def test_one_that_hangs_when_the_shop_stops_is_cut_off_and_the_others_are_left(host: Host) -> None:
    async def hangs(context):
        yield
        await asyncio.Event().wait()

    diary = Diary()
    plugins = host(diary.keeper("a"), living("broken", hangs), limits=impatient("lifespan_leave"))
    async with plugins.lifespans():
        pass

    assert diary.entries == ["a enters", "a leaves"]
    assert plugins.report()[1].failures[0].timed_out


async def test_a_lifespan_is_left_in_the_task_that_entered_it(host: Host) -> None:
    """Cancel scopes and task groups insist on it."""
    tasks = []

    async def with_task_group(context):
        async with asyncio.TaskGroup():
            tasks.append(asyncio.current_task())
            yield
        tasks.append(asyncio.current_task())

    plugins = host(living("grouped", with_task_group))
    async with plugins.lifespans():
        pass

    assert tasks[0] is tasks[1]
    assert plugins.report()[0].failures == ()


async def test_an_error_of_the_shop_leaves_all_lifespans_and_passes(host: Host) -> None:
    diary = Diary()
    plugins = host(diary.keeper("a"))
    with pytest.raises(LookupError):
        async with plugins.lifespans():
            raise LookupError

    assert diary.entries == ["a enters", "a leaves"]


async def test_a_start_that_is_cancelled_leaves_what_was_entered(host: Host) -> None:
    async def hangs(context):
        await asyncio.Event().wait()
        yield

    diary = Diary()
    plugins = host(diary.keeper("a"), living("b", hangs))

    async def serve(plugins: Plugins) -> None:
        async with plugins.lifespans():
            raise AssertionError("started")

    serving = asyncio.create_task(serve(plugins))
    await until(lambda: diary.entries == ["a enters"])
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert diary.entries == ["a enters", "a leaves"]


async def test_any_async_context_manager_will_do(host: Host) -> None:
    diary = Diary()

    class Scheduler:
        async def __aenter__(self):
            diary.entries.append("in")

        async def __aexit__(self, *_: object):
            diary.entries.append("out")

    async with host(plugin("p", berrypod_lifespan=lambda context: Scheduler())).lifespans():
        pass
    assert diary.entries == ["in", "out"]
