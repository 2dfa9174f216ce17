"""Finding and importing plugins: one that fails costs itself alone."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from berrypod.plugin_host.sources import installed_sources
from berrypod.plugin_report import PluginState
from berrypod.plugins import PluginSource
from tests.plugins.conftest import Host
from tests.plugins.making import PATIENCE, assert_healthy, error_of, failing_at_import, healthy, impatient


def raising(error: BaseException) -> PluginSource:
    def load() -> object:
        raise error

    return failing_at_import("broken", load)


@pytest.mark.parametrize(
    "error",
    [
        ImportError("no module named left_pad"),
        SyntaxError("invalid syntax"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        RecursionError("too deep"),
        MemoryError(),
        BaseException("of no common kind"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_plugin_that_raises_anything_at_import_is_quarantined_and_the_others_work(
    host: Host, error: BaseException
) -> None:
    plugins = host(raising(error), healthy())

    assert error_of(plugins, "broken").startswith(f"import: {type(error).__name__}")
    await assert_healthy(plugins)


async def test_a_plugin_that_hangs_at_import_is_quarantined_and_the_others_work(host: Host, hang) -> None:
    plugins = host(failing_at_import("broken", hang), healthy(), limits=impatient("import"))

    assert error_of(plugins, "broken") == f"import: no answer within {PATIENCE:g} seconds"
    await assert_healthy(plugins)


async def test_a_plugin_whose_error_cannot_be_printed_is_quarantined_all_the_same(host: Host) -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even this works")

    plugins = host(raising(Unprintable()), healthy())

    assert error_of(plugins, "broken") == "import: Unprintable"
    await assert_healthy(plugins)


async def test_of_two_plugins_with_one_name_the_second_is_quarantined_and_says_why(host: Host) -> None:
    first, second = healthy("twin"), failing_at_import("twin", lambda: None)
    plugins = host(first, second, healthy())

    assert [report.state for report in plugins.report()] == ["active", "quarantined", "active"]
    assert "has a plugin of this name too" in error_of(plugins, "twin")
    await assert_healthy(plugins, "twin")
    await assert_healthy(plugins)


def test_a_name_that_cannot_be_part_of_an_address_is_refused(host: Host) -> None:
    assert "'../evil' is not a name" in error_of(host(healthy("../evil")), "../evil")


def test_the_kill_switch_keeps_a_plugin_from_being_imported_at_all(host: Host) -> None:
    def load() -> object:
        raise AssertionError("imported")

    plugins = host(failing_at_import("bad", load), healthy(), disabled=("bad",))

    report = plugins.report()[0]
    assert (report.name, report.state, report.error) == ("bad", PluginState.DISABLED, None)
    assert (report.distribution, report.version) == ("dist-of-bad", "1.0")
    assert not plugins.is_active("bad")
    assert plugins.is_active("healthy")


def test_a_star_as_kill_switch_disables_every_plugin(host: Host) -> None:
    plugins = host(healthy("one"), healthy("two"), disabled=("*",))

    assert {report.state for report in plugins.report()} == {PluginState.DISABLED}
    assert plugins.stats_providers == ()


def test_a_typing_error_in_the_kill_switch_is_logged(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "berrypod.plugins"):
        host(healthy(), disabled=("helthy",))

    assert "no plugin has that name" in caplog.text


def test_the_core_works_with_no_plugin_at_all(host: Host) -> None:
    plugins = host()

    assert plugins.report() == ()
    assert plugins.stats_providers == plugins.backup_exporters == plugins.admin_panels == plugins.settings == ()
    assert plugins.database_key() is None
    assert plugins.build_with_routes(list) == []


def test_an_error_does_not_tell_the_values_of_secrets(host: Host) -> None:
    key = "a-key-that-must-stay-secret"
    plugins = host(raising(RuntimeError(f"cannot connect with {key}")), environ={"X": key}, key=_secret(key))

    assert error_of(plugins, "broken") == "import: RuntimeError: cannot connect with ***"


def _secret(value: str):
    from berrypod.settings import Secret

    return Secret(value)


class TestInstalled:
    """Entry points of distributions."""

    @pytest.fixture
    def site(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.syspath_prepend(str(tmp_path))
        return tmp_path

    def install(self, site: Path, distribution: str, entry_points: str, metadata: str | None = None) -> None:
        folder = site / f"{distribution.replace('-', '_')}-1.2.3.dist-info"
        folder.mkdir()
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.3\n"
        (folder / "METADATA").write_text(metadata)
        (folder / "entry_points.txt").write_text(entry_points)

    def test_a_plugin_is_found_by_its_entry_point_and_is_not_imported_by_that(self, site: Path) -> None:
        self.install(site, "shop-of-horrors", "[berrypod]\nhorrors = shop_of_horrors.plugin\n")

        (found,) = [source for source in installed_sources() if source.name == "horrors"]
        assert (found.distribution, found.version) == ("shop-of-horrors", "1.2.3")
        assert "shop_of_horrors" not in sys.modules
        with pytest.raises(ModuleNotFoundError):
            found.load()

    def test_a_plugin_of_the_distribution_that_bears_its_name_comes_before_another_of_that_name(
        self, site: Path
    ) -> None:
        self.install(site, "aardvark", "[berrypod]\nledger = aardvark\n")
        self.install(site, "berrypod-ledger", "[berrypod]\nledger = berrypod_ledger\n")

        found = [source.distribution for source in installed_sources() if source.name == "ledger"]
        assert found == ["berrypod-ledger", "aardvark"]

    def test_other_distributions_with_broken_metadata_are_passed_over(self, site: Path) -> None:
        self.install(site, "half-removed", "[berrypod]\nhalf = half_removed\n", metadata="")
        self.install(site, "garbled", "[berrypod\nthis is no ini file =")
        self.install(site, "whole", "[berrypod]\nwhole = whole\n")

        names = [source.name for source in installed_sources()]
        assert "whole" in names
        assert "half" not in names

    def test_a_distribution_that_is_found_twice_on_the_path_counts_once(self, site: Path, monkeypatch) -> None:
        self.install(site, "seen-twice", "[berrypod]\ntwice = seen_twice\n")
        shadowed = site / "later"
        shadowed.mkdir()
        self.install(shadowed, "Seen.Twice", "[berrypod]\ntwice = seen_twice\n")
        monkeypatch.setattr(sys, "path", [*sys.path, str(shadowed)])

        assert [source.name for source in installed_sources()].count("twice") == 1
