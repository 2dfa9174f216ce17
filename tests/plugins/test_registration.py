"""From a plugin's object to its hooks: what is misspelt is an error of that plugin."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import pluggy
import pytest

from berrypod.hookspecs import hookimpl
from berrypod.plugins import PluginSource
from tests.plugins.conftest import Host
from tests.plugins.making import assert_healthy, error_of, healthy, impatient, no_items, plugin, provider


def quarantined(host: Host, source: PluginSource) -> tuple[str, str]:
    """Error and hint."""
    plugins = host(source, healthy())
    assert plugins.is_active("healthy")
    report = plugins.report()[0]
    return error_of(plugins, source.name), report.hint or ""


async def test_a_misspelt_hook_quarantines_its_plugin_and_names_the_right_spelling(host: Host) -> None:
    plugins = host(plugin("typo", berrypod_stat_providers=lambda context: []), healthy())

    assert "has no hook berrypod_stat_providers" in error_of(plugins, "typo")
    assert "Did you mean berrypod_stats_providers?" in (plugins.report()[0].hint or "")
    await assert_healthy(plugins)


def test_a_misspelt_argument_quarantines_its_plugin_and_names_the_right_spelling(host: Host) -> None:
    error, hint = quarantined(host, plugin("typo", berrypod_observe=lambda evnt: None))

    assert error == "registration: berrypod_observe has no argument evnt"
    assert "Did you mean event?" in hint


def test_nothing_of_a_misspelt_plugin_stays_registered(host: Host) -> None:
    plugins = host(
        plugin("typo", berrypod_stats_providers=lambda context: [provider("p")], berrypod_nonsense=lambda: None)
    )

    assert plugins.stats_providers == ()
    assert plugins.report()[0].hooks == ()


def test_a_hook_of_a_later_version_can_be_marked_as_optional(host: Host) -> None:
    module = ModuleType("forward")
    module.berrypod_of_the_future = hookimpl(optionalhook=True)(lambda: None)  # type: ignore[attr-defined]

    assert host(PluginSource.of(module)).is_active("forward")


def test_a_hook_that_lacks_its_marker_is_an_error_and_not_silence(host: Host) -> None:
    module = ModuleType("unmarked")
    module.berrypod_observe = lambda event: None  # type: ignore[attr-defined]

    error, hint = quarantined(host, PluginSource.of(module))
    assert error == "registration: berrypod_observe is not marked with @hookimpl"
    assert hint == "from berrypod.hookspecs import hookimpl"


def test_a_marker_of_another_project_is_none(host: Host) -> None:
    module = ModuleType("stranger")
    module.berrypod_observe = pluggy.HookimplMarker("tox")(lambda event: None)  # type: ignore[attr-defined]

    assert "not marked" in quarantined(host, PluginSource.of(module))[0]


def test_a_marked_object_that_is_no_function_is_an_error_and_not_silence(host: Host) -> None:
    class Observer:
        def __call__(self, event: object) -> None: ...

    source = plugin("object", berrypod_settings=no_items, berrypod_observe=Observer())
    assert quarantined(host, source)[0] == "registration: berrypod_observe is marked with @hookimpl and is no function"


def test_a_plugin_without_hooks_is_an_error(host: Host) -> None:
    assert "nothing in it is marked" in quarantined(host, PluginSource.of(ModuleType("empty")))[0]


def test_hook_specifications_that_a_plugin_imports_are_not_its_hooks(host: Host) -> None:
    source = plugin("importer", berrypod_stats_providers=no_items)
    module = source.load()
    from berrypod.hookspecs import berrypod_observe

    module.berrypod_observe = berrypod_observe  # type: ignore[attr-defined]

    assert host(source).report()[0].hooks == ("berrypod_stats_providers",)


@pytest.mark.parametrize("old_style", [True, False])
def test_wrappers_around_other_plugins_are_refused(host: Host, old_style: bool) -> None:
    module = ModuleType("wrapper")

    def around():
        yield

    marked = hookimpl(hookwrapper=True)(around) if old_style else hookimpl(wrapper=True)(around)
    module.berrypod_settings = marked  # type: ignore[attr-defined]

    assert "berrypod_settings is a hook wrapper" in quarantined(host, PluginSource.of(module))[0]


def test_an_async_hook_is_refused_with_a_hint(host: Host) -> None:
    async def asynchronous(context):
        return []

    error, hint = quarantined(host, plugin("eager", berrypod_stats_providers=asynchronous))
    assert error == "registration: berrypod_stats_providers is async"
    assert "the functions that they return may be async" in hint


def test_a_class_in_place_of_an_object_is_refused_with_a_hint(host: Host) -> None:
    class Exporter:
        @hookimpl
        def berrypod_settings(self):
            return []

    error, hint = quarantined(host, PluginSource.of(Exporter, "class"))
    assert "names the class Exporter" in error
    assert "plugin = MyPlugin()" in hint


def test_an_object_with_methods_is_a_plugin_too(host: Host) -> None:
    class Exporter:
        @hookimpl
        def berrypod_stats_providers(self, context):
            return [provider("from-a-method")]

    assert host(PluginSource.of(Exporter(), "object")).stats_providers[0].declaration.name == "from-a-method"


async def test_a_plugin_that_raises_while_it_is_looked_through_is_quarantined(host: Host) -> None:
    class Prickly:
        def __dir__(self):
            raise SystemExit("do not look at me")

    plugins = host(PluginSource.of(Prickly(), "prickly"), healthy())
    assert "do not look at me" in error_of(plugins, "prickly")
    await assert_healthy(plugins)


async def test_a_plugin_that_hangs_while_it_is_looked_through_is_quarantined(host: Host, hang) -> None:
    class Sticky:
        def __dir__(self):
            hang()
            return []

    plugins = host(PluginSource.of(Sticky(), "sticky"), healthy(), limits=impatient("hook"))
    assert "no answer" in error_of(plugins, "sticky")
    await assert_healthy(plugins)


def test_an_entry_point_that_names_nothing_useful_is_an_error(host: Host) -> None:
    assert "nothing in it is marked" in quarantined(host, PluginSource.of(SimpleNamespace(x=1), "useless"))[0]


def test_the_report_names_the_hooks_in_the_order_of_the_reference(host: Host) -> None:
    plugins = host(
        plugin("many", berrypod_observe=lambda event: None, berrypod_settings=no_items, berrypod_lifespan=lambda: None)
    )

    assert plugins.report()[0].hooks == ("berrypod_settings", "berrypod_lifespan", "berrypod_observe")


def test_plugins_are_asked_by_name_unless_they_ask_to_be_first_or_last(host: Host) -> None:
    asked: list[str] = []

    def note(name: str, **options: bool) -> PluginSource:
        module = ModuleType(name)
        module.berrypod_observe = hookimpl(**options)(lambda event: None)  # type: ignore[attr-defined]
        module.berrypod_key_source = hookimpl(**options)(lambda: asked.append(name))  # type: ignore[attr-defined]
        return PluginSource.of(module)

    host(note("b"), note("a"), note("y", trylast=True), note("z", tryfirst=True)).database_key()
    assert asked == ["z", "a", "b", "y"]
