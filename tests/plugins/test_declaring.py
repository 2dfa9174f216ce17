"""What hooks return at start: nonsense costs its plugin, and nothing else."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace

import pytest

from berrypod.declarations import AdminPanel, BackupExporter, Delivered
from berrypod.hookspecs import hookimpl
from berrypod.plugins import PluginSource
from tests.plugins.conftest import Host
from tests.plugins.making import PATIENCE, assert_healthy, error_of, healthy, impatient, panel, plugin, provider


def exporter(name: str) -> BackupExporter:
    return BackupExporter(
        name=name, title="Away", description="Takes it away", export=lambda snapshot, folder: Delivered(message="gone")
    )


def raise_(error: BaseException):
    raise error


def generator_that_raises(context):
    yield provider("first")
    raise RuntimeError("after the first one")


HOOKS = [
    "berrypod_stats_providers",
    "berrypod_backup_exporters",
    "berrypod_restore_guards",
    "berrypod_doctor_checks",
    "berrypod_admin_panels",
    "berrypod_route_handlers",
]


# What these return has names, each of which one plugin alone can have.
HOOKS_OF_NAMES = [
    "berrypod_stats_providers",
    "berrypod_backup_exporters",
    "berrypod_archive_sources",
    "berrypod_restore_rehearsals",
    "berrypod_health_parts",
    "berrypod_notifiers",
    "berrypod_doctor_checks",
    "berrypod_admin_panels",
    "berrypod_register_commands",
]


@pytest.mark.parametrize("hook", [*HOOKS, "berrypod_lifespan"])
async def test_a_plugin_that_raises_in_a_hook_is_quarantined_and_the_others_work(host: Host, hook: str) -> None:
    plugins = host(plugin("broken", **{hook: lambda context: raise_(ValueError("no luck"))}), healthy())

    assert error_of(plugins, "broken") == f"{hook}: ValueError: no luck"
    await assert_healthy(plugins)


@pytest.mark.parametrize("hook", [*HOOKS, "berrypod_lifespan"])
async def test_a_plugin_that_hangs_in_a_hook_is_quarantined_and_the_others_work(host: Host, hook: str, hang) -> None:
    plugins = host(plugin("broken", **{hook: lambda context: hang()}), healthy(), limits=impatient("hook"))

    assert error_of(plugins, "broken") == f"{hook}: no answer within {PATIENCE:g} seconds"
    await assert_healthy(plugins)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda context: 7, "it returned a int"),
        (lambda context: "figures", "it returned a str"),
        (lambda context: {"name": "x"}, "it returned a dict"),
        (lambda context: provider("not-in-a-list"), "it returned a StatsProvider"),
        (lambda context: [None], "its answer contains a NoneType"),
        (lambda context: [panel("a-panel", lambda request: "")], "its answer contains a AdminPanel"),
        (lambda context: itertools.repeat(provider("endless")), "it returned more than 20 items"),
        (generator_that_raises, "RuntimeError: after the first one"),
        (lambda context: [provider("No Name")], "'No Name' is not a name"),
        (lambda context: sys.exit(4), "SystemExit: 4"),
    ],
)
async def test_a_plugin_that_answers_nonsense_is_quarantined_and_the_others_work(
    host: Host, answer: Callable[..., object], words: str
) -> None:
    plugins = host(plugin("broken", berrypod_stats_providers=answer), healthy())

    assert words in error_of(plugins, "broken")
    await assert_healthy(plugins)


@pytest.mark.parametrize(("hook", "answer"), [(hook, lambda context: [object()]) for hook in HOOKS])
async def test_every_hook_checks_what_it_is_given(host: Host, hook: str, answer: Callable[..., object]) -> None:
    plugins = host(plugin("broken", **{hook: answer}), healthy())

    assert error_of(plugins, "broken").startswith(f"{hook}: its answer contains a object")
    await assert_healthy(plugins)


def test_a_lifespan_that_is_no_context_manager_is_an_error(host: Host) -> None:
    plugins = host(plugin("broken", berrypod_lifespan=lambda context: "start me"))

    assert "it returned a str" in error_of(plugins, "broken")
    assert "@asynccontextmanager" in (plugins.report()[0].hint or "")


@pytest.mark.parametrize("hook", [*HOOKS, "berrypod_lifespan"])
def test_none_and_an_empty_answer_mean_nothing_to_declare(host: Host, hook: str) -> None:
    assert host(plugin("modest", **{hook: lambda context: None})).is_active("modest")


def test_a_generator_is_as_good_as_a_list(host: Host) -> None:
    def providers(context):
        yield provider("one")
        yield provider("two")

    assert [one.declaration.name for one in host(plugin("p", berrypod_stats_providers=providers)).stats_providers] == [
        "one",
        "two",
    ]


def test_nothing_is_kept_of_a_plugin_of_which_one_hook_fails(host: Host) -> None:
    """Half a plugin is a plugin whose author never saw it run."""
    plugins = host(
        plugin(
            "half",
            berrypod_stats_providers=lambda context: [provider("fine")],
            berrypod_admin_panels=lambda context: raise_(KeyError("x")),
        )
    )

    assert plugins.stats_providers == ()
    assert error_of(plugins, "half") == "berrypod_admin_panels: KeyError: 'x'"


async def test_a_name_that_another_plugin_has_declared_is_left_out_and_the_rest_goes_on(host: Host) -> None:
    plugins = host(
        healthy(),
        plugin("late", berrypod_stats_providers=lambda context: [provider("healthy-figures"), provider("own")]),
    )

    assert [(one.plugin, one.declaration.name) for one in plugins.stats_providers] == [
        ("healthy", "healthy-figures"),
        ("late", "own"),
    ]
    failure = plugins.report()[1].failures[0]
    assert failure.what == "stats provider healthy-figures"
    assert "the plugin healthy has declared a stats provider of this name" in failure.error
    assert failure.hint == "Begin the name with the plugin's own: late-healthy-figures."
    await assert_healthy(plugins)


@pytest.mark.parametrize(
    ("hook", "declaration", "kept"),
    [
        ("berrypod_backup_exporters", exporter("same"), "backup_exporters"),
        ("berrypod_admin_panels", panel("same", lambda request: ""), "admin_panels"),
        ("berrypod_stats_providers", provider("same"), "stats_providers"),
    ],
)
def test_the_same_name_twice_counts_once_in_one_plugin_as_well(host: Host, hook, declaration, kept) -> None:
    plugins = host(plugin("double", **{hook: lambda context: [declaration, declaration]}))

    assert len(getattr(plugins, kept)) == 1
    assert len(plugins.report()[0].failures) == 1


def test_whoever_is_asked_first_keeps_a_name_from_one_that_sorts_before_it(host: Host) -> None:
    """An exporter `keep` of a plugin that is called `azure` took the shop's own archive from it."""
    own = SimpleNamespace(berrypod_backup_exporters=hookimpl(tryfirst=True)(lambda: [exporter("keep")]))
    plugins = host(
        plugin("azure", berrypod_backup_exporters=lambda: [exporter("azure"), exporter("keep")]),
        PluginSource.of(own, "backup"),
    )

    found = [(one.plugin, one.declaration.name) for one in plugins.backup_exporters]
    assert found == [("azure", "azure"), ("backup", "keep")], "in the order of the plugins' names, as ever"
    (failure,) = plugins.report()[0].failures
    assert "the plugin backup has declared a backup exporter of this name" in failure.error


@pytest.mark.parametrize("name", ["backup", "notify", "restore", "s3", "stats"])
def test_nothing_that_comes_with_berrypod_can_be_taken_from_it_by_its_name(name: str) -> None:
    module = import_module(f"berrypod_{name}.plugin")
    named = [hook for hook in HOOKS_OF_NAMES if hasattr(module, hook)]

    assert named
    for hook in named:
        assert vars(getattr(module, hook))["berrypod_impl"]["tryfirst"], f"{hook}: @hookimpl(tryfirst=True)"


def test_panels_and_providers_come_in_the_order_that_they_ask_for(host: Host) -> None:
    def panels(context):
        for name, order in (("last", 900), ("first", -1), ("b", 5), ("a", 5)):
            yield AdminPanel(name=name, title=name, render=lambda request: "", order=order)

    names = [one.declaration.name for one in host(plugin("p", berrypod_admin_panels=panels)).admin_panels]
    assert names == ["first", "a", "b", "last"]


def test_a_hook_gets_its_own_context_and_may_leave_it_out(host: Host) -> None:
    seen: list[str] = []

    def with_context(context):
        seen.append(context.plugin)

    host(plugin("named", berrypod_stats_providers=with_context), plugin("plain", berrypod_stats_providers=lambda: None))
    assert seen == ["named"]


def test_an_exporter_is_declared_with_its_plugin(host: Host) -> None:
    plugins = host(plugin("p", berrypod_backup_exporters=lambda context: [exporter("away")]))

    (found,) = plugins.backup_exporters
    assert (found.plugin, found.declaration.title) == ("p", "Away")
