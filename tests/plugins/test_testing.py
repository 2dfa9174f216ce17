"""The fixtures for authors tell them what is wrong with their plugin."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, Delivered, Figure, PanelRequest, Snapshot, StatsProvider
from berrypod.events import Event, ShopStarted
from berrypod.hookspecs import hookimpl
from berrypod.testing_tools import CheckPlugin, opened
from tests.plugins.making import one_figure, panel, plugin, provider


def checked(check_plugin: CheckPlugin, **hooks):
    return check_plugin(plugin("subject", **hooks).load())


def test_the_context_has_a_shop_that_can_be_opened(berrypod_context: PluginContext) -> None:
    async def count() -> int:
        async with opened(berrypod_context.database) as database:
            return await database.fetch(lambda shop: shop.execute("SELECT count(*) FROM orders").fetchone()[0])

    assert not berrypod_context.database.is_open
    assert asyncio.run(count()) == 2
    assert not berrypod_context.database.is_open


async def test_the_fixtures_serve_async_tests_too(berrypod_context: PluginContext, check_plugin: CheckPlugin) -> None:
    async with opened(berrypod_context.database):
        pass
    subject = checked(check_plugin, berrypod_stats_providers=lambda: [provider("figures")])
    assert subject.figures("figures")["answer"].value == 42


def test_the_snapshot_is_as_it_says(berrypod_snapshot: Snapshot) -> None:
    content = berrypod_snapshot.path.read_bytes()

    assert berrypod_snapshot.size_bytes == len(content)
    assert berrypod_snapshot.sha256 == hashlib.sha256(content).hexdigest()
    assert berrypod_snapshot.row_counts["product_variants"] == 3


def test_the_snapshot_cannot_be_changed_and_reading_does_not_change_it(berrypod_snapshot: Snapshot) -> None:
    with berrypod_snapshot.connection() as shop:
        assert shop.execute("SELECT title FROM products ORDER BY id").fetchone() == ("Raspberry jam",)
        with pytest.raises(Exception, match=r"readonly|read-only"):
            shop.execute("DELETE FROM products")

    assert hashlib.sha256(berrypod_snapshot.path.read_bytes()).hexdigest() == berrypod_snapshot.sha256


def test_each_test_has_a_shop_of_its_own(check_plugin: CheckPlugin, berrypod_snapshot: Snapshot) -> None:
    assert check_plugin.shop.path.parent == berrypod_snapshot.path.parent


def test_a_plugin_in_quarantine_fails_the_test_with_its_error_and_hint(check_plugin: CheckPlugin) -> None:
    with pytest.raises(AssertionError, match=r"has no hook berrypod_observes\. Did you mean berrypod_observe\?"):
        checked(check_plugin, berrypod_observes=lambda event: None)


def test_a_declaration_that_was_left_out_fails_the_test(check_plugin: CheckPlugin) -> None:
    with pytest.raises(AssertionError, match="stats provider twice: left out"):
        checked(check_plugin, berrypod_stats_providers=lambda: [provider("twice"), provider("twice")])


def test_what_fails_at_run_time_fails_the_test_with_its_error(
    check_plugin: CheckPlugin, berrypod_snapshot: Snapshot
) -> None:
    def raises(*_: object) -> list[Figure]:
        raise ValueError("no")

    def observe(event: Event) -> None:
        raise ValueError("not that event")

    exporter = BackupExporter(name="csv", title="CSV", description="As CSV", export=raises)  # type: ignore[arg-type]
    subject = checked(
        check_plugin,
        berrypod_stats_providers=lambda: [provider("figures", raises)],
        berrypod_admin_panels=lambda: [panel("panel", raises)],
        berrypod_backup_exporters=lambda: [exporter],
        berrypod_observe=observe,
    )
    with pytest.raises(AssertionError, match="figures: ValueError: no"):
        subject.figures("figures")
    with pytest.raises(AssertionError, match="panel: ValueError: no"):
        subject.render("panel")
    with pytest.raises(AssertionError, match="csv: ValueError: no"):
        subject.export("csv", berrypod_snapshot)
    with pytest.raises(AssertionError, match="ValueError: not that event"):
        subject.observe(ShopStarted(version="1"))


def test_a_name_that_was_not_declared_is_told_with_those_that_were(check_plugin: CheckPlugin) -> None:
    subject = checked(check_plugin, berrypod_stats_providers=lambda: [provider("figures")])

    with pytest.raises(AssertionError, match=r"there is no 'figure', only \['figures'\]"):
        subject.figures("figure")


def test_what_works_is_handed_back(check_plugin: CheckPlugin, berrypod_snapshot: Snapshot) -> None:
    async def render(request: PanelRequest) -> str:
        return f"{request.path} {request.query['page']}"

    exporter = BackupExporter(
        name="away", title="Away", description="Away", export=lambda snapshot, folder: Delivered(message=snapshot.id)
    )
    subject = checked(
        check_plugin,
        berrypod_stats_providers=lambda: [provider("figures", one_figure)],
        berrypod_admin_panels=lambda: [panel("panel", render)],
        berrypod_backup_exporters=lambda: [exporter],
    )

    assert subject.render("panel", {"page": "2"}) == "/admin/dashboard 2"
    assert subject.export("away", berrypod_snapshot) == Delivered(message=berrypod_snapshot.id)
    assert [one.name for one in subject.stats_providers] == ["figures"]
    assert subject.report.hooks == ("berrypod_stats_providers", "berrypod_backup_exporters", "berrypod_admin_panels")


def test_a_run_of_pytest_that_does_not_use_the_fixtures_does_not_pay_for_them() -> None:
    """pytest imports the fixtures in every run in this environment, also in those of other projects."""
    code = (
        "import sys, berrypod.testing; print(*(name for name in sys.modules if name.startswith(('berrypod.', 'sql'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["berrypod.testing"]


@pytest.mark.slow
def test_an_author_for_whom_each_warning_is_an_error_can_use_them(tmp_path: Path) -> None:
    """A library of Berrypod's warns when it is imported, of what no author of a plugin can do anything about."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_it.py").write_text("def test_it(check_plugin, berrypod_snapshot): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "1 passed" in done.stdout, done.stdout
    assert "warning" not in done.stdout


class Named:
    @hookimpl
    def berrypod_stats_providers(self) -> list[StatsProvider]:
        return [provider("figures")]


class _OrdersCSV2(Named):
    """Begins with an underscore, as private classes do."""


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (Named(), "named"),
        (_OrdersCSV2(), "orders_csv2"),
        (type("P", (Named,), {})(), "p"),
        (type("__", (Named,), {})(), "plugin"),
        (type("Ü" * 100, (Named,), {})(), "plugin"),
        (type("X" * 100, (Named,), {})(), "x" * 64),
    ],
)
def test_an_object_is_named_after_its_class(check_plugin: CheckPlugin, subject: object, name: str) -> None:
    assert check_plugin(subject).report.name == name


def test_a_module_is_named_after_its_last_part_unless_a_name_is_given(check_plugin: CheckPlugin) -> None:
    module = ModuleType("Sold__Out.plugin")
    vars(module)["berrypod_stats_providers"] = Named().berrypod_stats_providers

    assert check_plugin(module).context.plugin == "plugin"
    assert check_plugin(module, name="sold-out").context.plugin == "sold-out"
    with pytest.raises(AssertionError, match="entry point: 'Sold Out' is not a name"):
        check_plugin(module, name="Sold Out")


def test_the_encrypted_snapshot_opens_with_its_key_and_not_without(berrypod_encrypted_snapshot: Snapshot) -> None:
    snapshot = berrypod_encrypted_snapshot

    assert snapshot.encrypted
    assert b"SQLite format" not in snapshot.path.read_bytes()[:100]
    assert hashlib.sha256(snapshot.path.read_bytes()).hexdigest() == snapshot.sha256
    with snapshot.connection() as shop:
        assert shop.execute("SELECT count(*) FROM orders").fetchone() == (snapshot.row_counts["orders"],)
