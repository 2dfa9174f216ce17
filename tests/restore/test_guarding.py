"""Guards are asked one by one, and whoever cannot answer refuses."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import pytest
from berrypod_restore.guarding import GuardResult, ask, refused

from berrypod.declarations import Allow, Judgement, Refuse, RestoreCandidate, RestoreGuard, SettingDeclaration, Warn
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from berrypod.testing_tools import CheckPlugin, MakeCandidate
from tests.plugins.conftest import hang
from tests.plugins.making import ENOUGH, PATIENCE, QUICK, failing_at_import, plugin

__all__ = ["hang"]

WARN = Warn(code="old", message="It is old.", hint="Look for a newer one.")
REFUSE = Refuse(code="other_shop", message="It is of another shop.", hint="Choose another file.")

Asked = Callable[..., Plugins]


def guard(name: str, check: Any = lambda candidate: Allow(), **more: Any) -> RestoreGuard:
    fields: dict[str, Any] = {"timeout_seconds": ENOUGH, **more}
    return RestoreGuard(name=name, title=f"Title of {name}", check=check, **fields)


def guarded(name: str, *guards: RestoreGuard) -> PluginSource:
    return plugin(name, berrypod_restore_guards=lambda: guards)


def raise_(error: BaseException) -> Judgement:
    raise error


@pytest.fixture
def hosted(settings: Settings, check_plugin: CheckPlugin) -> Iterator[Asked]:
    """Plugins as a shop has them."""
    all_hosted: list[Plugins] = []

    def host(*sources: PluginSource, **environ: str) -> Plugins:
        own = Settings(
            environment="test",
            database_path=settings.database_path,
            environment_values=environ,
            disabled_plugins=frozenset(filter(None, [environ.get("BERRYPOD_DISABLED_PLUGINS")])),
        )
        plugins = Plugins.discover(own, sources, installed=False, limits=QUICK)
        plugins.declare(lambda name: check_plugin.shop.context(plugins))
        all_hosted.append(plugins)
        return plugins

    yield host
    for plugins in all_hosted:
        plugins.close(0)


def told(results: Iterable[GuardResult]) -> list[tuple[str, str, str]]:
    return [(result.plugin, result.guard, result.answer) for result in results]


async def test_each_answers_for_itself_and_in_the_order_that_it_asks_for(
    hosted: Asked, berrypod_candidate: MakeCandidate
) -> None:
    async def slowly(candidate: RestoreCandidate) -> Judgement:
        await asyncio.sleep(0.01)
        return WARN

    plugins = hosted(
        guarded("a", guard("last", lambda candidate: REFUSE, order=900), guard("slow", slowly)),
        guarded("b", guard("first", order=1)),
    )
    results = await ask(plugins, berrypod_candidate())

    assert told(results) == [("b", "first", "allow"), ("a", "slow", "warn"), ("a", "last", "refuse")]
    assert results[0] == GuardResult(plugin="b", guard="first", title="Title of first", answer="allow")
    assert (results[1].code, results[1].message, results[1].hint) == ("old", "It is old.", "Look for a newer one.")
    assert (results[2].code, results[2].message) == ("other_shop", "It is of another shop.")
    assert refused(results)
    assert not refused(results[:2])


async def test_without_guards_nothing_speaks_against_it(hosted: Asked, berrypod_candidate: MakeCandidate) -> None:
    results = await ask(hosted(), berrypod_candidate())

    assert (results, refused(results)) == ((), False)


async def test_all_get_the_file_that_is_to_be_restored(hosted: Asked, berrypod_candidate: MakeCandidate) -> None:
    seen: list[RestoreCandidate] = []

    def look(candidate: RestoreCandidate) -> Judgement:
        seen.append(candidate)
        return Allow()

    candidate = berrypod_candidate()
    await ask(hosted(guarded("a", guard("one", look)), guarded("b", guard("two", look))), candidate)

    assert seen == [candidate, candidate]


@pytest.mark.parametrize(
    ("check", "error"),
    [
        (lambda candidate: raise_(ValueError("no luck")), "ValueError: no luck"),
        (lambda candidate: raise_(KeyboardInterrupt()), "KeyboardInterrupt"),
        (lambda candidate: sys.exit(0), "SystemExit: 0"),
        (lambda candidate: None, "it returned a NoneType"),
        (lambda candidate: True, "it returned a bool"),
        (lambda candidate: "allow", "it returned a str"),
        (lambda candidate: Allow, "it returned the class Allow"),
        (lambda candidate: Warn(code="No code", message="x", hint="x"), "Warn: code: 'No code' is not a name"),
        (lambda candidate: candidate.no_such_thing, "AttributeError"),
        (Allow, "TypeError"),
    ],
)
async def test_who_raises_or_answers_nonsense_refuses_and_is_named(
    hosted: Asked, berrypod_candidate: MakeCandidate, check: Any, error: str
) -> None:
    plugins = hosted(guarded("broken", guard("subject", check)), guarded("whole", guard("other")))
    broken, whole = await ask(plugins, berrypod_candidate())

    assert (broken.answer, broken.code, broken.title) == ("refuse", "guard_failed", "Title of subject")
    assert broken.message.startswith(f"The guard subject of the plugin broken could not look at the file: {error}")
    assert "BERRYPOD_DISABLED_PLUGINS=broken" in broken.hint
    assert whole.answer == "allow"


async def test_an_async_guard_that_raises_refuses_too(hosted: Asked, berrypod_candidate: MakeCandidate) -> None:
    async def check(candidate: RestoreCandidate) -> Judgement:
        raise ValueError("no luck")

    (result,) = await ask(hosted(guarded("broken", guard("subject", check))), berrypod_candidate())
    assert (result.answer, result.code) == ("refuse", "guard_failed")


async def test_who_hangs_refuses_in_time_and_holds_up_nobody(
    hosted: Asked, berrypod_candidate: MakeCandidate, hang: Callable[..., None]
) -> None:
    async def for_ever(candidate: RestoreCandidate) -> Judgement:
        await asyncio.Event().wait()
        return Allow()

    plugins = hosted(
        guarded(
            "a", guard("plain", hang, timeout_seconds=PATIENCE), guard("async", for_ever, timeout_seconds=PATIENCE)
        ),
        guarded("b", guard("other", order=200)),
    )
    async with asyncio.timeout(60):
        results = await ask(plugins, berrypod_candidate())

    assert told(results) == [("a", "plain", "refuse"), ("a", "async", "refuse"), ("b", "other", "allow")]
    assert {result.code for result in results[:2]} == {"guard_failed"}
    assert f"no answer within {PATIENCE:g} seconds" in results[0].message


async def test_who_hangs_again_and_again_is_not_asked_any_more_and_still_refuses(
    hosted: Asked, berrypod_candidate: MakeCandidate, hang: Callable[..., None]
) -> None:
    plugins, candidate = hosted(guarded("a", guard("plain", hang, timeout_seconds=0.01))), berrypod_candidate()
    for _ in range(QUICK.stuck_calls):
        await ask(plugins, candidate)
    (result,) = await ask(plugins, candidate)

    assert (result.answer, result.code) == ("refuse", "guard_failed")
    assert "earlier calls have not ended" in result.message


async def test_a_plugin_in_quarantine_that_has_guards_refuses(hosted: Asked, berrypod_candidate: MakeCandidate) -> None:
    """It was found at start, and may be the one thing between the shop and the wrong file."""
    plugins = hosted(
        plugin("half", berrypod_restore_guards=lambda: [guard("fine")], berrypod_admin_panels=lambda: 7),
        guarded("whole", guard("other")),
    )
    results = await ask(plugins, berrypod_candidate())

    assert told(results) == [("whole", "other", "allow"), ("half", "", "refuse")]
    assert results[1].code == "guard_failed"
    assert "The guards of the plugin half could not be asked: berrypod_admin_panels: it returned" in results[1].message
    assert "BERRYPOD_DISABLED_PLUGINS=half" in results[1].hint


async def test_of_a_plugin_that_could_not_even_be_imported_the_admin_is_told(
    hosted: Asked, berrypod_candidate: MakeCandidate
) -> None:
    """It may be no guard at all: that must not stand in the way of a rescue."""
    plugins = hosted(failing_at_import("gone", lambda: raise_(ImportError("no module named boto"))))
    results = await ask(plugins, berrypod_candidate())

    assert told(results) == [("gone", "", "warn")]
    assert (results[0].code, refused(results)) == ("plugin_not_asked", False)
    assert "ImportError: no module named boto" in results[0].message


async def test_a_plugin_in_quarantine_that_is_known_to_have_no_guards_is_not_mentioned(
    hosted: Asked, berrypod_candidate: MakeCandidate
) -> None:
    plugins = hosted(plugin("panels", berrypod_admin_panels=lambda: 7))

    assert plugins.report()[0].state == "quarantined"
    assert await ask(plugins, berrypod_candidate()) == ()


async def test_the_kill_switch_is_the_way_out_that_the_hint_promises(
    hosted: Asked, berrypod_candidate: MakeCandidate
) -> None:
    source = guarded("broken", guard("subject", lambda candidate: raise_(ValueError("no luck"))))
    candidate = berrypod_candidate()
    (result,) = await ask(hosted(source), candidate)
    name, _, value = next(word for word in result.hint.split() if "=" in word).partition("=")

    assert await ask(hosted(source, **{name: value}), candidate) == ()


async def test_a_guard_of_the_restore_plugin_itself_is_not_to_be_switched_off(
    hosted: Asked, berrypod_candidate: MakeCandidate
) -> None:
    source = guarded("restore", guard("subject", lambda candidate: raise_(ValueError("no luck"))))
    (result,) = await ask(hosted(source), berrypod_candidate())

    assert result.answer == "refuse"
    assert "DISABLED" not in result.hint


async def test_secrets_of_settings_are_not_told(hosted: Asked, berrypod_candidate: MakeCandidate) -> None:
    source = plugin(
        "leaky",
        berrypod_settings=lambda: [SettingDeclaration(name="LEAKY_TOKEN", help="a token", secret=True)],
        berrypod_restore_guards=lambda: [guard("subject", lambda candidate: raise_(ValueError("not hush-hush")))],
    )
    (result,) = await ask(hosted(source, LEAKY_TOKEN="hush-hush"), berrypod_candidate())

    assert "hush-hush" not in str(result)
    assert "ValueError: not ***" in result.message


async def test_a_cancellation_passes_through_and_ends_the_guards(
    hosted: Asked, berrypod_candidate: MakeCandidate
) -> None:
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def check(candidate: RestoreCandidate) -> Judgement:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return Allow()

    task = asyncio.create_task(
        ask(hosted(guarded("a", guard("slow", check, timeout_seconds=60))), berrypod_candidate())
    )
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_only_a_few_read_the_file_at_a_time_and_waiting_costs_no_guard_its_time(
    hosted: Asked, berrypod_candidate: MakeCandidate
) -> None:
    """With more patience where the machine is too busy for one of them alone."""
    running, most, seconds = 0, 0, PATIENCE

    async def check(candidate: RestoreCandidate) -> Judgement:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        try:
            await asyncio.sleep(seconds / 4)
        finally:
            running -= 1
        return Allow()

    for number, seconds in enumerate((PATIENCE, 3, 20)):
        guards = [guard(f"guard-{guard_number}", check, timeout_seconds=seconds) for guard_number in range(12)]
        results = await ask(hosted(guarded(f"try-{number}", *guards)), berrypod_candidate())
        assert most == 2
        if {result.answer for result in results} == {"allow"}:
            break
    else:
        raise AssertionError("each would have had the time, had it not waited for others")


async def test_results_are_data(hosted: Asked, berrypod_candidate: MakeCandidate) -> None:
    results = await ask(hosted(guarded("a", guard("one", lambda candidate: WARN))), berrypod_candidate())

    assert msgspec.json.decode(msgspec.json.encode(results)) == [
        {
            "plugin": "a",
            "guard": "one",
            "title": "Title of one",
            "answer": "warn",
            "code": "old",
            "message": "It is old.",
            "hint": "Look for a newer one.",
        }
    ]
