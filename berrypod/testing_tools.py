"""What the fixtures of `berrypod.testing` hand out."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self, TypeVar, cast

import click
from litestar import Litestar

from berrypod.context import PluginContext
from berrypod.declarations import (
    AdminPanel,
    BackupExporter,
    Condition,
    Declared,
    DoctorCheck,
    Examination,
    ExportResult,
    Figure,
    Finding,
    Judgement,
    KeptCopies,
    Notification,
    PanelRequest,
    Rehearsed,
    RestoreCandidate,
    RestoreGuard,
    Snapshot,
    StatsProvider,
)
from berrypod.doctor.opening import Opening
from berrypod.errors import BerrypodError
from berrypod.events import Event
from berrypod.isolation import Outcome
from berrypod.maintenance import Maintenance
from berrypod.plugin_report import PluginReport
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.verification import count_rows
from berrypod.testing_calls import answered, opened, run, value_of
from berrypod.testing_kept import CheckedCopies
from berrypod.testing_restores import MakeCandidate
from berrypod.web.templating import create_environment

__all__ = ["CheckPlugin", "CheckedCopies", "CheckedPlugin", "MakeCandidate", "SampleShop", "opened"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T")
NamedT = TypeVar("NamedT", bound=_Named)

_NAME = "plugin_under_test"


@dataclass(frozen=True)
class SampleShop:
    """The small shop of `testing_shop`, as a file of one test's own."""

    path: Path
    key: Secret | None = None

    @classmethod
    def copied(cls, original: Path, path: Path, key: Secret | None = None) -> Self:
        path.parent.mkdir(mode=0o700)
        shutil.copyfile(original, path)
        return cls(path, key)

    def settings(self, environ: Mapping[str, str] | None = None) -> Settings:
        return Settings(environment="test", database_path=self.path, environment_values=dict(environ or {}))

    def context(self, plugins: Plugins | None = None) -> PluginContext:
        settings = self.settings()
        database = Database(settings)
        return PluginContext(
            plugin=_NAME,
            settings=settings,
            database=database,
            maintenance=Maintenance(database),
            plugins=plugins or Plugins.discover(settings, installed=False),
            environment=create_environment,
        )

    def snapshot(self) -> Snapshot:
        """A copy of the file. Nothing writes to the shop meanwhile, so that a plain copy will do."""
        path = self.path.with_name("snapshot.db")
        shutil.copyfile(self.path, path)
        content = path.read_bytes()
        key = find_key(path, self.key)
        with closing(open_connection(path, key, read_only=True)) as connection:
            revision, counts = schema.revision_of(connection), count_rows(connection)
        return Snapshot(
            id="20260314-120000-5eed5eed",
            created_at=datetime(2026, 3, 14, 12, tzinfo=UTC),
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            method="copy",
            schema_revision=revision,
            row_counts=counts,
            encrypted=key is not None,
            path=path,
            opener=lambda: open_connection(path, key, read_only=True),
        )


@dataclass(frozen=True)
class CheckPlugin:
    """`check_plugin(plugin)`: register it alone, as the shop would."""

    shop: SampleShop

    def __call__(
        self, plugin: object, *, environ: Mapping[str, str] | None = None, name: str | None = None
    ) -> CheckedPlugin:
        """Register a module or object, with `environ` as the environment that Berrypod reads.

        `name` is the plugin's, on the left in its entry point. Without it the plugin is named after the last part of
        the module's name, or after the object's class.

        :raises AssertionError: it was quarantined, or part of it was left out; the text says why.
        """
        settings = self.shop.settings(environ)
        source = PluginSource.of(plugin, name)
        plugins = Plugins.discover(settings, [source], installed=False)
        context = replace(self.shop.context(plugins), plugin=source.name, settings=settings)
        plugins.declare(lambda _: context)
        cli = click.Group("berrypod")
        plugins.register_commands(cli)
        (report,) = plugins.report()
        assert report.error is None, f"{report.error}. {report.hint or ''}"
        for failure in report.failures:
            raise AssertionError(f"{failure.what}: {failure.error}. {failure.hint or ''}")
        return CheckedPlugin(context=context, plugins=plugins, report=report, commands=dict(cli.commands))


@dataclass(frozen=True, kw_only=True)
class CheckedPlugin:
    """An active plugin, and ways to call what it declared. The methods open the database, and wait."""

    context: PluginContext
    plugins: Plugins
    report: PluginReport
    commands: Mapping[str, click.Command]

    @property
    def stats_providers(self) -> tuple[StatsProvider, ...]:
        return tuple(one.declaration for one in self.plugins.stats_providers)

    @property
    def backup_exporters(self) -> tuple[BackupExporter, ...]:
        return tuple(one.declaration for one in self.plugins.backup_exporters)

    @property
    def restore_guards(self) -> tuple[RestoreGuard, ...]:
        return tuple(one.declaration for one in self.plugins.restore_guards)

    @property
    def doctor_checks(self) -> tuple[DoctorCheck, ...]:
        return tuple(one.declaration for one in self.plugins.doctor_checks)

    @property
    def admin_panels(self) -> tuple[AdminPanel, ...]:
        return tuple(one.declaration for one in self.plugins.admin_panels)

    def figures(self, name: str) -> dict[str, Figure]:
        """Ask the stats provider `name`. Returns its figures by their codes.

        :raises AssertionError: it failed, timed out or returned something else.
        """
        provider = _named(self.plugins.stats_providers, name)
        return {figure.code: figure for figure in self._value(name, lambda: self.plugins.figures(provider))}

    def export(self, name: str, snapshot: Snapshot) -> ExportResult:
        """Run the exporter `name` with an empty folder.

        :raises AssertionError: it failed, timed out or returned something else.
        """
        exporter = _named(self.plugins.backup_exporters, name)
        folder = Path(tempfile.mkdtemp(prefix="export-", dir=snapshot.path.parent))
        return self._value(name, lambda: self.plugins.export(exporter, snapshot, folder))

    def kept(self, name: str) -> CheckedCopies:
        """What the exporter `name` keeps: with `list()`, `open(copy_id)` and `delete(copy_id)`.

        :raises AssertionError: there is no such exporter, or it keeps nothing.
        """
        exporter = _named(self.plugins.backup_exporters, name)
        kept = exporter.declaration.kept
        assert kept is not None, f"the exporter {name} declares no `kept`"
        return CheckedCopies(
            plugins=self.plugins, database=self.context.database, name=name, plugin=exporter.plugin, kept=kept
        )

    def archive(self, address: str) -> CheckedCopies:
        """What lies at `address`, in the archive that the plugin's source opens: as `kept`.

        The database stays closed meanwhile: on the machine that an address is for, there is none yet.

        :raises AssertionError: the address cannot be opened; the text says why.
        """
        try:
            archive = run(self.plugins.open_archive(address))
        except BerrypodError as error:
            raise AssertionError(f"{address}: {error.message}. {error.hint}") from error
        return CheckedCopies(
            plugins=self.plugins,
            database=self.context.database,
            name=address,
            plugin=self.context.plugin,
            kept=cast("KeptCopies", archive),  # its ids have another name
        )

    def judge(self, name: str, candidate: RestoreCandidate, *, shop_opens: bool = True) -> Judgement:
        """Ask the restore guard `name`; without `shop_opens`, as when the shop's file cannot be opened.

        :raises AssertionError: it failed, timed out or returned something else: in a shop, all that is a refusal.
        """
        guard = _named(self.plugins.restore_guards, name)
        if shop_opens:
            return self._value(name, lambda: self.plugins.judge(guard, candidate))
        return answered(name, run(self.plugins.judge(guard, replace(candidate, current_row_counts=None))))

    def rehearse(self, name: str, path: Path) -> Rehearsed:
        """Have the rehearsal `name` try a copy of the file `path`.

        :raises AssertionError: it failed, timed out or returned something else: in a shop, nothing is proven then.
        """
        rehearsal = _named(self.plugins.restore_rehearsals, name)
        folder = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=path.parent))
        copy = Path(shutil.copyfile(path, folder / path.name))
        return self._value(name, lambda: self.plugins.rehearse(rehearsal, copy))

    def examine(self, name: str, *, now: datetime | None = None, thorough: bool = False) -> tuple[Finding, ...]:
        """Ask the doctor's check `name`. `now` is the time that it is told.

        :raises AssertionError: it failed, timed out or returned something else: the doctor would warn of that.
        """
        check = _named(self.plugins.doctor_checks, name)
        path = self.context.database.path
        with Opening(path, find_key(path, self.context.settings.secret_key_db)) as opening:
            examination = Examination(
                database_path=path, now=now or datetime.now(UTC), thorough=thorough, opener=opening.connection
            )
            return answered(name, run(self.plugins.examine(check, examination)))

    def conditions(self, name: str) -> tuple[Condition, ...]:
        """What is not well with the part `name`.

        :raises AssertionError: it failed, timed out or returned something else: a shop shows that nothing is known.
        """
        part = _named(self.plugins.health_parts, name)
        return self._value(name, lambda: self.plugins.conditions(part))

    def is_set_up(self, name: str) -> bool:
        """Whether the notifier `name` knows where to send to.

        :raises AssertionError: it failed, timed out or returned something else.
        """
        notifier = _named(self.plugins.notifiers, name)
        return self._value(name, lambda: self.plugins.is_set_up(notifier))

    def notify(self, name: str, *notifications: Notification) -> None:
        """Have the notifier `name` send: one, or several together.

        :raises AssertionError: it failed or timed out: a shop tries again later.
        """
        notifier = _named(self.plugins.notifiers, name)
        self._value(name, lambda: self.plugins.notify(notifier, *notifications))

    def render(self, name: str, query: Mapping[str, str] | None = None) -> str:
        """Render the panel `name`, as for an admin who has just opened its page.

        :raises AssertionError: it failed, timed out or returned something else.
        """
        panel = _named(self.plugins.admin_panels, name)
        request = PanelRequest(
            csrf_token="token-of-the-test",  # noqa: S106 - no secret
            query=query or {},
            admin_email="admin@example.org",
            path=f"/admin/{panel.declaration.page}",
        )
        return self._value(name, lambda: self.plugins.render(panel, request))

    def observe(self, event: Event) -> None:
        """Tell the plugin of an event, and wait until it has heard of it.

        :raises AssertionError: it raised, or took longer than observers may.
        """
        self.plugins.emit(event)
        assert self.plugins.flush(), "it did not hear of the event in time"
        (report,) = self.plugins.report()
        for failure in report.failures:
            raise AssertionError(f"{failure.what}: {failure.error}. {failure.hint or ''}")

    def app(self) -> Litestar:
        """An app with the plugin's routes alone, for `litestar.testing.TestClient`. Everybody may call everything.

        Within `with TestClient(...)` the database is open and the plugin's lifespan is entered.
        """

        @asynccontextmanager
        async def running(_: Litestar) -> AsyncGenerator[None]:
            async with opened(self.context.database), self.plugins.lifespans():
                yield

        app = self.plugins.build_with_routes(lambda routers: Litestar(route_handlers=list(routers), lifespan=[running]))
        (report,) = self.plugins.report()
        assert report.error is None, f"{report.error}. {report.hint or ''}"
        return app

    def _value(self, name: str, ask: Callable[[], Awaitable[Outcome[T]]]) -> T:
        return value_of(self.context.database, name, ask)


def _named(found: tuple[Declared[NamedT], ...], name: str) -> Declared[NamedT]:
    for one in found:
        if one.declaration.name == name:
            return one
    raise AssertionError(f"there is no {name!r}, only {[one.declaration.name for one in found]}")
