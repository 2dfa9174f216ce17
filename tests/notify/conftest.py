"""A shop whose parts are well or not as a test says, people who are told, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from berrypod_notify import plugin as notify_plugin
from berrypod_notify.service import Alarms
from berrypod_notify.state import State

from berrypod.context import PluginContext
from berrypod.declarations import Condition, HealthPart, Notification, Notifier
from berrypod.errors import PluginError
from berrypod.events import Event
from berrypod.health import Health
from berrypod.hookspecs import hookimpl
from berrypod.maintenance import Maintenance
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from berrypod.storage.database import Database
from tests.notify.servers import Authority, MailServer, WebServer

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
WARN = Condition(
    code="late",
    severity="warn",
    title="The backup is late",
    text="By an hour.",
    what_to_do="Make one.",
    path="/admin/backup",
)
BAD = replace(WARN, code="full", severity="bad", title="The disk is full", text="Nothing is left.")


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Person:
    """A notifier that notes what it is told, or fails as it is told to."""

    name: str
    told: list[Notification] = field(default_factory=list[Notification])
    failure: str = ""
    set_up: bool = True
    together: bool = False
    messages: int = 0
    refuses: str = ""

    def send(self, notification: Notification) -> None:
        self.send_together((notification,))

    def send_together(self, notifications: tuple[Notification, ...]) -> None:
        """`refuses` is the code of a condition that fails whatever it is sent in."""
        if self.failure or self.refuses in [one.condition.code for one in notifications]:
            raise PluginError(self.failure or f"Not {self.refuses}", hint="Mend it.")
        self.told.extend(notifications)
        self.messages += 1

    @property
    def heard(self) -> list[tuple[str, str]]:
        """Kinds and codes, oldest first; what was heard before is forgotten."""
        heard, self.told = [(one.kind, one.condition.code) for one in self.told], []
        return heard


@dataclass
class Neighbour:
    """A plugin with a part of the shop, and with people."""

    people: list[Person]
    conditions: list[Condition] = field(default_factory=list[Condition])
    broken: bool = False
    events: list[Event] = field(default_factory=list[Event])

    @hookimpl
    def berrypod_health_parts(self) -> list[HealthPart]:
        return [HealthPart(name="backup", title="Backups", conditions=self._ask)]

    @hookimpl
    def berrypod_notifiers(self) -> list[Notifier]:
        return [
            Notifier(
                name=one.name,
                title=one.name.title(),
                send=one.send,
                send_together=one.send_together if one.together else None,
                is_set_up=partial(_is_set_up, one),
            )
            for one in self.people
        ]

    @hookimpl
    def berrypod_observe(self, event: Event) -> None:
        self.events.append(event)

    def _ask(self) -> list[Condition]:
        if self.broken:
            raise OSError("the archive is away")
        return list(self.conditions)


def _is_set_up(person: Person) -> bool:
    return person.set_up


@dataclass
class World:
    """One process of a shop, with its alarms."""

    context: PluginContext
    alarms: Alarms
    neighbour: Neighbour
    clock: Clock

    async def look(self, times: int = 1, *, minutes: float = 1) -> None:
        """Look so often, a minute after each other."""
        for _ in range(times):
            self.clock.pass_(minutes=minutes)
            await self.alarms.watch.look()

    @property
    def state(self) -> State:
        return self.alarms._store.read()

    def events(self, kind: type[Event]) -> list[Any]:
        assert self.context.plugins.flush(60)
        return [event for event in self.neighbour.events if isinstance(event, kind)]


@asynccontextmanager
async def process(
    settings: Settings, clock: Clock, *people: Person, environ: dict[str, str] | None = None
) -> AsyncGenerator[World]:
    """A process that has the shop open. The watch is not running: a test looks itself."""
    neighbour = Neighbour(list(people))
    settings = replace(settings, environment_values=environ or {})
    sources = [PluginSource.of(notify_plugin, "notify"), PluginSource.of(neighbour, "neighbour")]
    plugins = Plugins.discover(settings, sources, installed=False)
    plugins.health = Health(plugins, clock=lambda: clock().timestamp())
    database = Database(settings)
    maintenance = Maintenance(database)
    contexts = {
        name: PluginContext(
            plugin=name, settings=settings, database=database, maintenance=maintenance, plugins=plugins, clock=clock
        )
        for name in ("notify", "neighbour")
    }
    plugins.declare(contexts.__getitem__)
    await database.open()
    try:
        alarms = notify_plugin.alarms_of(contexts["notify"])
        yield World(contexts["notify"], alarms, neighbour, clock)
    finally:
        await database.close()
        plugins.close(0)


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has changed is seen by the next look."""
    monkeypatch.setattr("berrypod_notify.service.SECONDS_OLD", -1.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ana() -> Person:
    return Person("ana")


@pytest.fixture
def ben() -> Person:
    return Person("ben")


@pytest.fixture
async def world(settings: Settings, clock: Clock, ana: Person) -> AsyncGenerator[World]:
    async with process(settings, clock, ana) as found:
        yield found


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def trusted(authority: Authority, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine believes the tests' authority."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(authority.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def mail_server(authority: Authority) -> Iterator[Callable[..., MailServer]]:
    started: list[MailServer] = []

    def start(**options: Any) -> MailServer:
        server = MailServer(authority, **options)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def web_server(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., WebServer]]:
    monkeypatch.setenv("NO_PROXY", "*")
    started: list[WebServer] = []

    def start(**options: Any) -> WebServer:
        started.append(WebServer(authority, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()
