"""Restore guards: who is asked, and that nothing but a judgement counts as one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from berrypod.declarations import Allow, Declared, Judgement, Refuse, RestoreCandidate, RestoreGuard, Warn
from berrypod.plugins import Ok, Plugins
from berrypod.testing_tools import CheckPlugin, MakeCandidate
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, PATIENCE, error_of, failed, plugin

WARN = Warn(code="old", message="It is old.", hint="Look for a newer one.")
REFUSE = Refuse(code="other_shop", message="It is of another shop.", hint="Choose another file.")


def guard(name: str, check: Any = lambda candidate: Allow(), **more: Any) -> RestoreGuard:
    fields: dict[str, Any] = {"timeout_seconds": ENOUGH, **more}
    return RestoreGuard(name=name, title=name.capitalize(), check=check, **fields)


def guards(plugins: Plugins) -> list[tuple[str, str]]:
    return [(one.plugin, one.declaration.name) for one in plugins.restore_guards]


async def later(judgement: Judgement) -> Judgement:
    await asyncio.sleep(0)
    return judgement


class TestWhoIsAsked:
    def test_guards_come_in_the_order_that_they_ask_for_then_by_their_plugins(self, host: Host) -> None:
        plugins = host(
            plugin("b", berrypod_restore_guards=lambda: [guard("z"), guard("first", order=-1)]),
            plugin("a", berrypod_restore_guards=lambda context: [guard("last", order=900), guard("a")]),
        )

        assert guards(plugins) == [("b", "first"), ("b", "z"), ("a", "a"), ("a", "last")]

    def test_two_plugins_may_have_guards_of_the_same_name_and_both_are_asked(self, host: Host) -> None:
        """Of other declarations the second is left out: a guard that is left out is one that nobody asks."""
        plugins = host(*(plugin(name, berrypod_restore_guards=lambda: [guard("same")]) for name in ("a", "b")))

        assert guards(plugins) == [("a", "same"), ("b", "same")]

    def test_two_guards_of_one_name_in_one_plugin_are_a_mistake_that_silences_neither(self, host: Host) -> None:
        plugins = host(plugin("double", berrypod_restore_guards=lambda: [guard("same"), guard("same")]))

        assert "two guards of the name 'same'" in error_of(plugins, "double")
        assert [report.name for report in plugins.silent_guards] == ["double"]

    @pytest.mark.parametrize(
        ("hooks", "silent"),
        [
            ({"berrypod_restore_guards": lambda: [object()]}, ["broken"]),
            ({"berrypod_restore_guards": lambda: [guard("fine")], "berrypod_admin_panels": lambda: 7}, ["broken"]),
            ({"berrypod_admin_panels": lambda: 7}, []),
        ],
    )
    def test_plugins_in_quarantine_are_told_if_they_have_guards(
        self, host: Host, hooks: dict[str, Callable[..., object]], silent: list[str]
    ) -> None:
        plugins = host(plugin("broken", **hooks), plugin("whole", berrypod_restore_guards=lambda: [guard("fine")]))

        assert error_of(plugins, "broken")
        assert [report.name for report in plugins.silent_guards] == silent
        assert guards(plugins) == [("whole", "fine")]

    def test_a_plugin_that_is_switched_off_has_no_say(self, host: Host) -> None:
        plugins = host(plugin("off", berrypod_restore_guards=lambda: [guard("fine")]), disabled=("off",))

        assert (guards(plugins), plugins.silent_guards) == ([], ())


class TestWhatTheyAnswer:
    def declared(self, check: Callable[..., object], **more: float) -> Declared[RestoreGuard]:
        return Declared(plugin="p", declaration=guard("subject", check, **more))

    @pytest.mark.parametrize("judgement", [Allow(), WARN, REFUSE])
    @pytest.mark.parametrize("function", [lambda judgement: judgement, later])
    async def test_a_judgement_is_handed_over_from_plain_and_from_async_functions(
        self,
        host: Host,
        berrypod_candidate: MakeCandidate,
        judgement: Judgement,
        function: Callable[[Judgement], Judgement | Awaitable[Judgement]],
    ) -> None:
        outcome = await host().judge(self.declared(lambda candidate: function(judgement)), berrypod_candidate())

        assert outcome == Ok(judgement)

    @pytest.mark.parametrize(
        ("answer", "words", "hint"),
        [
            (None, "it returned a NoneType", "in each branch of the function"),
            (True, "it returned a bool", "Return Allow()"),
            ("allow", "it returned a str", "Return Allow()"),
            (Allow, "it returned the class Allow", "Call it: Allow(...)."),
            (Refuse, "it returned the class Refuse", "Call it: Refuse(...)."),
            ([Allow()], "it returned a list", "Return Allow()"),
        ],
    )
    async def test_what_is_no_judgement_is_a_failure(
        self, host: Host, berrypod_candidate: MakeCandidate, answer: object, words: str, hint: str
    ) -> None:
        outcome = failed(await host().judge(self.declared(lambda candidate: answer), berrypod_candidate()))

        assert outcome.error == words
        assert hint in (outcome.hint or "")

    async def test_a_guard_that_hangs_fails_in_time(
        self, host: Host, berrypod_candidate: MakeCandidate, hang: Callable[..., None]
    ) -> None:
        declared = self.declared(hang, timeout_seconds=PATIENCE)
        assert failed(await host().judge(declared, berrypod_candidate())).timed_out

    async def test_a_failure_is_noted_in_the_report_of_the_plugin(
        self, host: Host, berrypod_candidate: MakeCandidate
    ) -> None:
        def check(candidate: RestoreCandidate) -> Judgement:
            raise ValueError("no luck")

        plugins = host(plugin("p", berrypod_restore_guards=lambda: [guard("subject", check)]))
        failed(await plugins.judge(plugins.restore_guards[0], berrypod_candidate()))

        (failure,) = plugins.report()[0].failures
        assert (failure.what, failure.error) == ("restore guard subject", "ValueError: no luck")


class TestTryingAGuard:
    """What authors do in their own tests."""

    def test_a_candidate_is_the_shop_but_for_what_the_statements_change(
        self, check_plugin: CheckPlugin, berrypod_candidate: MakeCandidate
    ) -> None:
        before = check_plugin.shop.path.read_bytes()
        candidate = berrypod_candidate("DELETE FROM orders", "UPDATE products SET title = 'Plum jam'")
        with candidate.connection() as file:
            titles = file.execute("SELECT DISTINCT title FROM products").fetchall()

        assert titles == [("Plum jam",)]
        assert (candidate.row_counts["orders"], candidate.row_counts["order_items"]) == (0, 0)
        assert candidate.current_row_counts is not None
        assert candidate.current_row_counts["orders"] == 2
        assert candidate.size_bytes == candidate.path.stat().st_size
        assert check_plugin.shop.path.read_bytes() == before

    def test_several_candidates_do_not_get_into_each_others_way(self, berrypod_candidate: MakeCandidate) -> None:
        empty, whole = berrypod_candidate("DELETE FROM orders"), berrypod_candidate()

        assert empty.path != whole.path
        assert (empty.row_counts["orders"], whole.row_counts["orders"]) == (0, 2)

    def test_a_candidate_cannot_be_written_and_nothing_is_left_beside_it(
        self, berrypod_candidate: MakeCandidate
    ) -> None:
        candidate = berrypod_candidate()
        before = sorted(path.name for path in candidate.path.parent.iterdir())
        with candidate.connection() as file, pytest.raises(Exception, match="readonly"):
            file.execute("DELETE FROM orders")

        assert sorted(path.name for path in candidate.path.parent.iterdir()) == before

    def test_a_guard_is_asked_with_the_shop_open_and_without(
        self, check_plugin: CheckPlugin, berrypod_candidate: MakeCandidate
    ) -> None:
        async def check(candidate: RestoreCandidate) -> Judgement:
            if candidate.current_row_counts is None:
                return WARN
            database = subject.context.database
            orders = await database.fetch(lambda shop: shop.execute("SELECT count(*) FROM orders").fetchone()[0])
            return REFUSE if orders == 2 else Allow()

        source = plugin("subject", berrypod_restore_guards=lambda: [guard("subject", check)])
        subject = check_plugin(source.load())

        assert [one.name for one in subject.restore_guards] == ["subject"]
        assert subject.judge("subject", berrypod_candidate()) == REFUSE
        assert subject.judge("subject", berrypod_candidate(), shop_opens=False) == WARN

    def test_a_guard_that_fails_without_the_shop_fails_the_test(
        self, check_plugin: CheckPlugin, berrypod_candidate: MakeCandidate
    ) -> None:
        async def check(candidate: RestoreCandidate) -> Judgement:
            await subject.context.database.fetch(lambda shop: None)
            return Allow()

        source = plugin("subject", berrypod_restore_guards=lambda: [guard("subject", check)])
        subject = check_plugin(source.load())

        assert subject.judge("subject", berrypod_candidate()) == Allow()
        with pytest.raises(AssertionError, match="subject: The database is not open"):
            subject.judge("subject", berrypod_candidate(), shop_opens=False)
