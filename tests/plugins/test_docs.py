"""docs/hooks.md is what third parties rely on: it is complete, and its examples run."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from litestar.testing import TestClient

from berrypod import __version__, events, hookspecs
from berrypod.archive.archive import Taking
from berrypod.archive.objects import ObjectStorage
from berrypod.declarations import (
    AdminPanel,
    Allow,
    ArchiveSource,
    BackupExporter,
    Condition,
    Delivered,
    DoctorCheck,
    Examination,
    Figure,
    Finding,
    HealthPart,
    KeptCopy,
    Notification,
    Notifier,
    Refuse,
    Rehearsed,
    RestoreCandidate,
    RestoreGuard,
    RestoreRehearsal,
    SettingDeclaration,
    Snapshot,
    StatsProvider,
    Warn,
)
from berrypod.errors import BackupError, DatabaseDamaged, Invalid, NotFound
from berrypod.events import Event, OrderPlaced, ShopStarted
from berrypod.plugin_host.limits import DEFAULT_LIMITS
from berrypod.plugin_host.registration import HOOKS
from berrypod.plugins import PluginSource
from berrypod.settings import Settings
from berrypod.storage.models import ProductVariant, metadata
from berrypod.testing_tools import CheckPlugin, MakeCandidate, opened
from tests.accounts.conftest import EMAIL, PASSWORD
from tests.plugins import pages
from tests.web.admin.conftest import running

ORDER = OrderPlaced(number="K7QM-2XWD", total_minor=900, currency="EUR", item_count=2)

DECLARATIONS = [
    AdminPanel,
    ArchiveSource,
    BackupExporter,
    Condition,
    DoctorCheck,
    Figure,
    Finding,
    HealthPart,
    KeptCopy,
    Notifier,
    Refuse,
    Rehearsed,
    RestoreGuard,
    RestoreRehearsal,
    SettingDeclaration,
    StatsProvider,
    Warn,
]

Load = Callable[[str, str], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Import a module from the files of a section."""

    def load_it(heading: str, module: str) -> ModuleType:
        folder = tmp_path / "example"
        pages.write(heading, folder)
        monkeypatch.syspath_prepend(str(folder))
        for name in {module, module.partition(".")[0]}:
            monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return importlib.import_module(module)

    return load_it


class TestCompleteness:
    @pytest.mark.parametrize("hook", HOOKS)
    def test_every_hook_has_a_section_with_its_signature_and_a_complete_example(self, hook: str) -> None:
        section = pages.sections()[hook]
        parameters = ", ".join(map(str, inspect.signature(getattr(hookspecs, hook)).parameters.values()))
        answer = inspect.signature(getattr(hookspecs, hook)).return_annotation

        assert f"def {hook}({parameters.replace(chr(39), '')}) -> {answer}" in section
        assert "**Called**" in section or "**Entered**" in section
        assert "**On failure**" in section
        assert any(f"def {hook}(" in content for content in pages.files(hook).values())

    @pytest.mark.parametrize("hook", HOOKS)
    def test_every_hook_has_a_test_besides_those_of_this_page(self, hook: str) -> None:
        tests = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]

        assert any(re.search(rf"\b{hook}=", path.read_text()) for path in tests)

    @pytest.mark.parametrize("hook", HOOKS)
    def test_every_hook_says_in_one_sentence_what_it_is_for(self, hook: str) -> None:
        assert inspect.getdoc(getattr(hookspecs, hook))
        assert f"](#{hook})" in pages.text()

    def test_the_page_has_no_section_for_a_hook_that_is_none(self) -> None:
        assert {heading for heading in pages.sections() if heading.startswith("berrypod_")} == set(HOOKS)

    def test_every_example_is_run_by_a_test(self) -> None:
        this = Path(__file__).read_text()
        modules = {
            name.removesuffix(".py").replace("/", ".")
            for heading in pages.sections()
            for name in pages.files(heading)
            if name.endswith(".py")
        }
        assert modules
        assert [module for module in modules if f'"{module}"' not in this] == []

    def test_every_event_is_in_the_table_with_all_its_fields(self) -> None:
        kinds = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)]
        for kind in kinds:
            if kind is Event:
                continue
            names = [field.name for field in dataclasses.fields(kind) if field.name not in {"at", "actor", "address"}]
            row = f"| `{kind.__name__}` | `{kind.name}` | {', '.join(f'`{name}`' for name in names) or 'none'} |"
            assert row in pages.sections()["Events"]

    def test_every_table_is_listed_with_all_its_columns(self) -> None:
        section = pages.sections()["The tables of a shop"]
        private = {"admins", "admin_sessions", "api_tokens", "login_attempts"}
        for table in metadata.tables.values():
            if table.name in private or table.name.startswith(("alembic", "ddl")):
                continue
            common = {"id", "created_at", "updated_at", "sa_orm_sentinel"} - (
                {"updated_at"} if table.name == "settings" else set()
            )
            columns = [f"`{column.name}`" for column in table.columns if column.name not in common]
            assert f"| `{table.name}` | {', '.join(columns)} |" in section

    def test_every_column_that_may_be_null_is_named(self) -> None:
        section = pages.sections()["The tables of a shop"]
        told = section[section.index("NULL may be in") : section.index("and nowhere else")]
        public = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        columns = [column for name in public for column in metadata.tables[name].columns if column.nullable]

        assert set(re.findall(r"`(\w+\.\w+)`", told)) == {f"{column.table.name}.{column.name}" for column in columns}

    @pytest.mark.parametrize("name", ["backup", "notify", "stats"])
    def test_the_names_that_are_taken_are_told(self, check_plugin: CheckPlugin, name: str) -> None:
        plugin = check_plugin(importlib.import_module(f"berrypod_{name}.plugin"), name=name)
        told = pages.text().partition("Taken by the plugins")[2].partition("\n\n")[0]

        for part in (
            *plugin.stats_providers,
            *plugin.backup_exporters,
            *plugin.admin_panels,
            *plugin.doctor_checks,
            *(one.declaration for one in plugin.plugins.health_parts),
            *(one.declaration for one in plugin.plugins.notifiers),
        ):
            assert f"`{part.name}`" in told

    def test_the_first_plugin_depends_on_the_versions_that_this_page_is_about(self) -> None:
        major, minor, _ = __version__.split(".")
        wanted = f'"berrypod>={major}.{minor},<{major}.{int(minor) + 1}"'
        assert wanted in pages.files(pages.FIRST_PLUGIN)["pyproject.toml"]

    @pytest.mark.parametrize("kind", [*DECLARATIONS])
    def test_every_field_of_a_declaration_is_named(self, kind: type) -> None:
        signature = re.search(rf"`{kind.__name__}\((.*?)\)`", pages.text(), re.DOTALL)
        assert signature
        named = re.findall(r"(\w+)(?:=[^,]+)?", signature[1].replace("\n", " "))
        assert named[: len(dataclasses.fields(kind))] or named
        assert {field.name for field in dataclasses.fields(kind)} <= set(named)

    def test_everything_that_a_doctors_check_may_know_is_named(self) -> None:
        section = pages.sections()["berrypod_doctor_checks"]
        fields = {field.name for field in dataclasses.fields(Examination)} - {"opener"}

        assert {name for name in fields if f"`examination.{name}`" not in section} == set()

    def test_everything_that_a_guard_may_know_of_a_file_is_named(self) -> None:
        section = pages.sections()["berrypod_restore_guards"]
        fields = {field.name for field in dataclasses.fields(RestoreCandidate)} - {"opener"}

        guard = RestoreGuard(name="x", title="X", check=lambda candidate: Allow())

        assert {name for name in fields if not re.search(rf"`(candidate)?\.{name}`", section)} == set()
        assert f"timeout_seconds={guard.timeout_seconds}" in section

    def test_everything_that_a_notifier_may_know_is_named(self) -> None:
        section = pages.sections()["berrypod_notifiers"]
        fields = [field.name for field in dataclasses.fields(Notification)]

        assert [name for name in fields if not re.search(rf"`(notification)?\.{name}`", section)] == []

    def test_the_time_outs_that_are_promised_are_those_that_are_kept(self) -> None:
        text = pages.text()
        limits = DEFAULT_LIMITS
        for words in (
            f"takes more than {limits.import_seconds:g} seconds for it",
            f"takes more than {limits.hook_seconds:g} seconds or returns",
            f"up to {limits.key_seconds:g} seconds",
            f"takes more than {limits.lifespan_enter_seconds:g} seconds, or ends while",
            f"At the end it gets {limits.lifespan_leave_seconds:g} seconds",
            f"longer than {limits.observe_seconds:g} seconds is a time-out",
        ):
            assert words in " ".join(text.split())
        assert (limits.stuck_calls, limits.hangs_before_silence, limits.events_waiting) == (4, 3, 1000)

    def test_the_parts_of_pages_that_it_names_exist(self) -> None:
        components = Path("berrypod/web/templates/admin/components.html")
        source = (pages.PAGE.parents[1] / components).read_text()
        named = set(re.findall(r"ui\.(\w+)\(", pages.text()))

        assert named
        assert {name for name in named if f"macro {name}(" not in source} == set()


def test_the_first_plugin_and_its_own_test(load: Load, check_plugin: CheckPlugin, berrypod_snapshot: Snapshot) -> None:
    assert load(pages.FIRST_PLUGIN, "orders_csv")
    tests = load(pages.FIRST_PLUGIN, "test_orders_csv")

    tests.test_every_order_is_a_line(check_plugin, berrypod_snapshot)


def test_the_first_plugin_is_twenty_lines_long() -> None:
    lines = pages.files(pages.FIRST_PLUGIN)["orders_csv.py"].splitlines()
    code = [line for line in lines if line.strip() and not line.startswith(("import", "from", '"""'))]
    assert len(code) <= 20


def test_the_example_of_settings(load: Load, check_plugin: CheckPlugin) -> None:
    received: list[tuple[str | None, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Authorization"], json.loads(body)["number"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    module = load("berrypod_settings", "courier")
    environ = {"COURIER_URL": f"http://127.0.0.1:{server.server_port}/", "COURIER_TOKEN": "letmein"}
    plugin = check_plugin(module, environ=environ)
    plugin.observe(ORDER)
    plugin.observe(ShopStarted(version="1"))
    server.shutdown()
    server.server_close()

    assert received == [("Bearer letmein", "K7QM-2XWD")]
    with pytest.raises(AssertionError, match="COURIER_URL is not set"):
        check_plugin(module)


def test_the_example_of_a_key_source(load: Load, check_plugin: CheckPlugin, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the key from the file\n")
    module = load("berrypod_key_source", "key_file")
    key = check_plugin(module, environ={"SECRET_KEY_DB_FILE": str(tmp_path / "key")}).plugins.database_key()

    assert key is not None
    assert key.reveal() == "the key from the file"
    assert check_plugin(module).plugins.database_key() is None


def test_the_example_of_a_stats_provider(load: Load, check_plugin: CheckPlugin) -> None:
    figure = check_plugin(load("berrypod_stats_providers", "sold_out")).figures("sold-out")["sold-out"]

    assert (figure.value, figure.text) == (1, "1 variants")
    assert figure.warning


def test_the_example_of_an_exporter_that_keeps_copies(
    load: Load, check_plugin: CheckPlugin, berrypod_snapshot: Snapshot, tmp_path: Path
) -> None:
    folder = tmp_path / "disk" / "shelf"
    module = load("berrypod_backup_exporters", "shelf")
    plugin = check_plugin(module, environ={"SHELF_FOLDER": str(folder)})
    kept = plugin.kept("shelf")
    assert kept.list() == ()
    for day in ("14", "15"):
        assert isinstance(plugin.export("shelf", replace(berrypod_snapshot, id=f"202603{day}")), Delivered)
        newest = kept.list()[0]
        assert newest.filename == f"shelf-202603{day}.db"

    assert newest.size_bytes == berrypod_snapshot.size_bytes
    assert kept.open(newest.id) == berrypod_snapshot.path.read_bytes()
    for stranger in ("other", "../shop.db"):
        for ask in (kept.open, kept.delete):
            with pytest.raises(AssertionError, match="There is no copy"):
                ask(stranger)
    kept.delete(newest.id)
    assert [copy.filename for copy in kept.list()] == ["shelf-20260314.db"]


def test_the_example_tells_whether_the_copy_that_it_keeps_is_encrypted(
    load: Load,
    check_plugin: CheckPlugin,
    berrypod_snapshot: Snapshot,
    berrypod_encrypted_snapshot: Snapshot,
    tmp_path: Path,
) -> None:
    module = load("berrypod_backup_exporters", "shelf")
    plugin = check_plugin(module, environ={"SHELF_FOLDER": str(tmp_path)})
    for snapshot, words in ((berrypod_snapshot, "NOT encrypted"), (berrypod_encrypted_snapshot, "stays encrypted")):
        result = plugin.export("shelf", snapshot)
        assert isinstance(result, Delivered)
        assert words in result.message


def test_the_example_leaves_nothing_behind_when_it_fails(
    load: Load,
    check_plugin: CheckPlugin,
    berrypod_snapshot: Snapshot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    folder = tmp_path / "shelf"
    module = load("berrypod_backup_exporters", "shelf")
    monkeypatch.setattr(module.os, "fsync", fail)
    with pytest.raises(AssertionError, match="no space left"):
        check_plugin(module, environ={"SHELF_FOLDER": str(folder)}).export("shelf", berrypod_snapshot)

    assert list(folder.iterdir()) == []


def test_the_example_of_a_guard_that_refuses_and_its_own_tests(
    load: Load, check_plugin: CheckPlugin, berrypod_candidate: MakeCandidate
) -> None:
    guards = check_plugin(load("berrypod_restore_guards", "same_currency"))
    tests = load("berrypod_restore_guards", "test_same_currency")
    tests.test_another_currency_is_refused(check_plugin, berrypod_candidate)
    tests.test_a_shop_that_cannot_be_opened_can_be_rescued(check_plugin, berrypod_candidate)

    refused = guards.judge("same-currency", berrypod_candidate(tests.IN_FRANCS))
    assert isinstance(refused, Refuse)
    assert refused.message == "The prices in this file are in CHF, the shop's are in EUR."
    without_a_choice = berrypod_candidate("DELETE FROM settings WHERE key = 'shop.currency'")
    assert guards.judge("same-currency", without_a_choice) == Allow()


def test_the_example_of_a_guard_that_warns(
    load: Load, check_plugin: CheckPlugin, berrypod_candidate: MakeCandidate
) -> None:
    guards = check_plugin(load("berrypod_restore_guards", "orders_to_send"))

    warning = guards.judge("orders-to-send", berrypod_candidate())
    assert isinstance(warning, Warn)
    assert warning.message == "Orders that are paid and not shipped in this file: 1."
    sent = berrypod_candidate("UPDATE orders SET status = 'shipped'")
    assert guards.judge("orders-to-send", sent) == Allow()


async def test_the_example_of_an_archive_of_ones_own(
    load: Load, check_plugin: CheckPlugin, berrypod_encrypted_snapshot: Snapshot, tmp_path: Path
) -> None:
    module = load("berrypod_backup_exporters", "attic")
    plugin = check_plugin(module, environ={"ATTIC_FOLDER": str(tmp_path)})
    [exporter] = plugin.backup_exporters
    archive = exporter.archive
    assert archive is not None
    assert isinstance(archive.storage, ObjectStorage)
    with pytest.raises(BackupError, match="There is no folder"):
        await archive.entries()

    folder = tmp_path / "berrypod"
    folder.mkdir()
    whole = await archive.take_file(berrypod_encrypted_snapshot, Taking(id="20260314-120000-00000001", pages=False))
    pages = await archive.take_file(berrypod_encrypted_snapshot, Taking(id="20260314-120000-00000002"))
    for manifest in (whole, pages):
        await archive.verify(manifest.id, None)
        content = b"".join([piece async for piece in archive.open(manifest.id)])
        assert content == berrypod_encrypted_snapshot.path.read_bytes()
    [chunk] = folder.glob("chunks/*/*")
    chunk.write_bytes(chunk.read_bytes()[:-1])
    with pytest.raises(DatabaseDamaged, match=chunk.name):
        await archive.verify(pages.id, None)
    for entry in await archive.entries():
        await archive.delete(entry.id or "")
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_an_exporter_with_an_archive_is_one_that_exports_and_keeps(
    load: Load, check_plugin: CheckPlugin, berrypod_snapshot: Snapshot, tmp_path: Path
) -> None:
    (tmp_path / "berrypod").mkdir()
    module = load("berrypod_backup_exporters", "attic")
    plugin = check_plugin(module, environ={"ATTIC_FOLDER": str(tmp_path)})
    delivered = plugin.export("attic", berrypod_snapshot)
    kept = plugin.kept("attic")

    assert isinstance(delivered, Delivered)
    assert delivered.location == str(tmp_path / "berrypod")
    [copy] = kept.list()
    assert kept.open(copy.id) == berrypod_snapshot.path.read_bytes()
    kept.delete(copy.id)
    assert kept.list() == ()


async def test_the_example_of_an_archive_source(load: Load, check_plugin: CheckPlugin, tmp_path: Path) -> None:
    module = load("berrypod_archive_sources", "usb_disk")
    plugins = check_plugin(module, environ={"USB_MOUNTS": str(tmp_path)}).plugins
    (tmp_path / "BLUE" / "shop").mkdir(parents=True)
    archive = await plugins.open_archive("usb://BLUE/shop")

    assert archive.location == str(tmp_path / "BLUE" / "shop")
    assert await archive.entries() == []
    with pytest.raises(NotFound, match="There is no RED"):
        await plugins.open_archive("usb://RED")
    for address in ("usb://", "usb://../etc", "usb:///etc"):
        with pytest.raises(Invalid, match="names no disk"):
            await plugins.open_archive(address)


def test_the_example_of_a_rehearsal(load: Load, check_plugin: CheckPlugin, berrypod_candidate: MakeCandidate) -> None:
    plugin = check_plugin(load("berrypod_restore_rehearsals", "label_printer"))
    good = plugin.rehearse("label-printer", berrypod_candidate("UPDATE orders SET postcode = '12345'").path)
    bad = plugin.rehearse("label-printer", berrypod_candidate("UPDATE orders SET postcode = ''").path)

    assert (good.problem, good.checked) == (None, ("looked through for addresses",))
    assert bad.problem == "1 paid orders have no postcode."


def test_the_example_of_a_doctors_check(load: Load, check_plugin: CheckPlugin) -> None:
    plugin = check_plugin(load("berrypod_doctor_checks", "waiting_orders"))
    (soon,) = plugin.examine("waiting-orders", now=datetime(2026, 3, 15, tzinfo=UTC))
    (late,) = plugin.examine("waiting-orders", now=datetime(2026, 4, 1, tzinfo=UTC))

    assert (soon.level, late.level) == ("pass", "warn")
    assert late.title == "1 paid orders wait to be shipped"


def test_the_example_of_a_health_part(load: Load, check_plugin: CheckPlugin) -> None:
    module: Any = load("berrypod_health_parts", "unpaid_orders")
    plugin = check_plugin(module)

    (condition,) = plugin.conditions("unpaid-orders")
    assert condition.text == "1 of them were placed more than two weeks ago."
    module.PATIENCE = timedelta(days=36_500)
    assert plugin.conditions("unpaid-orders") == ()


def test_the_example_of_a_notifier(load: Load, check_plugin: CheckPlugin) -> None:
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    module = load("berrypod_notifiers", "pager")
    plugin = check_plugin(module, environ={"PAGER_URL": f"http://127.0.0.1:{server.server_port}/"})
    condition = Condition(code="late", severity="bad", title="No backup", text="For a week.", what_to_do="Make one.")
    now = datetime(2026, 3, 14, tzinfo=UTC)
    told = Notification(kind="alarm", part="backup", condition=condition, since=now, at=now, shop="Berry & Plum")
    plugin.notify("pager", told)
    plugin.notify("pager", replace(told, kind="recovered"))
    server.shutdown()
    server.server_close()

    assert received == ["Berry & Plum: No backup: Make one.", "Berry & Plum: No backup: is well again"]
    assert plugin.is_set_up("pager")
    assert not check_plugin(module).is_set_up("pager")
    with pytest.raises(AssertionError, match="refused"):
        plugin.notify("pager", told)


def test_the_example_of_a_panel(load: Load, check_plugin: CheckPlugin) -> None:
    html = check_plugin(load("berrypod_admin_panels", "newest_orders.plugin")).render("newest-orders")

    assert "<li>T3RV-9HCL: 24.00 EUR, placed</li>" in html


def test_the_example_of_routes(load: Load, check_plugin: CheckPlugin) -> None:
    plugin = check_plugin(load("berrypod_route_handlers", "sold_out_api"))
    with TestClient(plugin.app()) as client:
        assert client.get("/api/sold-out").json() == ["JAM-L"]
        assert client.get("/api/sold-out?up_to=3").json() == ["BOWL", "JAM-L"]


def test_the_example_of_a_page_of_its_own(load: Load, settings: Settings) -> None:
    """It needs the whole app around it, which authors' tests do not have."""
    example = load("berrypod_route_handlers", "packing")
    with running(settings, PluginSource.of(example, "packing")) as shop:
        shop.outside(lambda accounts: accounts.admins.create(email=EMAIL, name="Ana", password=PASSWORD))
        visitor = shop.visitor()
        assert visitor.get("/admin/packing").status == 303
        assert visitor.sign_in().status == 303
        page = visitor.get("/admin/packing")
    assert page.status == 200
    assert "To be packed" in page.text
    assert "Paid orders" in page.text
    assert "Sign out" in page.text


def test_the_example_of_a_lifespan(load: Load, check_plugin: CheckPlugin) -> None:
    module = load("berrypod_lifespan", "order_pulse")
    plugin = check_plugin(module)
    assert plugin.figures("order-pulse")["orders"].text == "unknown"

    async def live() -> None:
        async with opened(plugin.context.database), plugin.plugins.lifespans(), asyncio.timeout(30):
            while plugin.context not in module.orders:
                await asyncio.sleep(0.001)

    asyncio.run(live())
    assert plugin.figures("order-pulse")["orders"].value == 2
    assert plugin.plugins.report()[0].failures == ()


def test_the_example_of_a_command(load: Load, check_plugin: CheckPlugin) -> None:
    module = load("berrypod_register_commands", "restock")
    plugin = check_plugin(module)
    assert set(plugin.commands) == {"restock"}

    async def restock() -> int:
        async with opened(plugin.context.database) as database:
            await module.set_stock(plugin.context, "JAM-L", 7)
            with pytest.raises(NotFound):
                await module.set_stock(plugin.context, "NO-SUCH", 7)
            async with database.read() as session:
                return (await session.get_one(ProductVariant, 2)).stock

    assert asyncio.run(restock()) == 7


def test_the_example_of_an_observer(load: Load, check_plugin: CheckPlugin) -> None:
    plugin = check_plugin(load("berrypod_observe", "order_log"))
    plugin.observe(ORDER)
    plugin.observe(ShopStarted(version="1"))

    (line,) = (plugin.context.work_folder() / "orders.jsonl").read_text().splitlines()
    assert json.loads(line)["total_minor"] == 900


def test_the_example_of_an_event_of_ones_own(load: Load) -> None:
    module = load("Events", "own_event")

    assert module.LabelPrinted(order="K7QM-2XWD").as_dict()["event"] == "labels.printed"
