"""The same figures on the page and in the API; other plugins' beside ours, and failures in their place."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from berrypod_stats import gather, plugin
from berrypod_stats.gather import groups
from berrypod_stats.plugin import measurements_of
from berrypod_stats.report import Stats, StatsGroup
from litestar.testing import TestClient

from berrypod.context import PluginContext
from berrypod.declarations import Figure, PanelRequest, StatsProvider
from berrypod.hookspecs import hookimpl
from berrypod.maintenance import Maintenance
from berrypod.plugins import Ok, Plugins, PluginSource
from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.testing_tools import CheckPlugin
from berrypod.web.templating import create_environment

REQUEST = PanelRequest(csrf_token="x", query={}, admin_email="admin@example.org", path="/admin/backup")


def stats_of(client: TestClient[Any], state: str = "current") -> Stats:
    """What the API answers, as soon as the state is the one that is waited for."""
    end = time.monotonic() + 60
    while True:
        response = client.get("/api/stats")
        assert response.status_code == 200, response.text
        stats = msgspec.json.decode(response.content, type=Stats)
        if stats.state == state:
            return stats
        assert time.monotonic() < end, f"still {stats.state}"
        time.sleep(0.02)


def test_what_the_plugin_declares(check_plugin: CheckPlugin) -> None:
    """Alone it registers whole: providers, one panel on the backup page, routes, a command, a lifespan."""
    checked = check_plugin(plugin, name="stats")

    assert [provider.name for provider in checked.stats_providers] == ["stats.shop", "stats.file"]
    assert [(panel.name, panel.page) for panel in checked.admin_panels] == [("stats", "backup")]
    assert set(checked.commands) == {"stats"}


def test_before_the_first_measurement(check_plugin: CheckPlugin) -> None:
    """The panel is there at once, says that it is being measured, and comes again without JavaScript."""
    checked = check_plugin(plugin, name="stats")
    html = checked.render("stats")

    assert "are being measured" in html
    assert '<noscript><meta http-equiv="refresh"' in html
    figures = checked.figures("stats.file")
    assert figures["encryption"].text == "being measured"
    assert figures["file_size"].value == checked.context.database.path.stat().st_size
    assert checked.figures("stats.shop")["orders"].value is None


def test_the_api_answers_in_full(check_plugin: CheckPlugin) -> None:
    """Counts, tables, and sums that are the file to the byte."""
    checked = check_plugin(plugin, name="stats")
    with TestClient(checked.app()) as client:
        stats = stats_of(client)

    sizes, facts = stats.sizes, stats.facts
    assert sizes is not None
    assert facts is not None
    assert stats.error is None
    assert (facts.counts.products, facts.counts.orders, facts.counts.newsletter_subscribers) == (2, 2, 1)
    assert not sizes.encryption.encrypted
    tables = {table.name: table for table in sizes.tables}
    assert tables["newsletter_subscribers"].rows == 2
    assert sum(table.size_bytes for table in sizes.tables) + sizes.free_bytes + sizes.other_bytes == sizes.file_bytes
    assert sizes.file_bytes == sizes.page_size * sizes.page_count
    for table in sizes.tables:
        assert table.size_bytes == table.table_bytes + table.index_bytes
        assert table.index_bytes == sum(index.size_bytes for index in table.indexes)
        assert table.share == pytest.approx(table.size_bytes / sizes.file_bytes, abs=1e-4)
    order = [table.size_bytes for table in sizes.tables]
    assert order == sorted(order, reverse=True)
    assert [group.name for group in stats.providers] == ["stats.shop", "stats.file"]


def test_the_api_describes_itself(check_plugin: CheckPlugin) -> None:
    """OpenAPI has the route with its answer, field by field."""
    app = check_plugin(plugin, name="stats").app()
    document = app.openapi_schema.to_schema()
    operation = document["paths"]["/api/stats"]["get"]

    assert operation["operationId"] == "getStats"
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schemas = document["components"]["schemas"]
    assert set(schemas[answer]["properties"]) == {
        "state",
        "file_bytes",
        "wal_bytes",
        "facts",
        "sizes",
        "error",
        "providers",
    }
    assert "description" in schemas["TableSize"]["properties"]["size_bytes"]
    assert "/admin/stats/panel" not in document["paths"]


class Page(HTMLParser):
    """What a page contains that our content security policy or HTML forbids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if "style" in names or tag == "style" or any(name.startswith("on") for name in names):
            self.forbidden.append(tag)
        if tag == "script" and "src" not in names:
            self.forbidden.append(tag)
        if tag not in ("meta", "link", "br", "img", "input", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"closed without being open: {tag}"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_panel_shows_what_the_api_says(check_plugin: CheckPlugin) -> None:
    """Each table with its rows, size and bar; indexes on demand; a warning of an unencrypted file; no inline style."""
    checked = check_plugin(plugin, name="stats")
    with TestClient(checked.app()) as client:
        stats = stats_of(client)
        response = client.get("/admin/stats/panel")
        assert response.headers["content-type"].startswith("text/html")
        assert response.headers["cache-control"] == "no-store"
    contents = response.text
    whole = checked.render("stats")

    assert stats.sizes is not None
    assert "http-equiv" not in whole
    assert Page(whole).forbidden == []
    names = re.findall(r'<tr data-table="([^"]+)"', contents)
    assert names == [table.name for table in stats.sizes.tables]
    assert contents.count("<progress") == len(names)
    assert "index sqlite_autoindex_products_1" in contents or "index ix_" in contents or "index uq_" in contents
    assert "Unencrypted" in contents
    assert "set SECRET_KEY_DB" in contents
    assert re.search(r'data-figure="orders">\s*<dt>Orders</dt>\s*<dd>2</dd>', contents)


def test_script_and_style_sheet_are_served(check_plugin: CheckPlugin) -> None:
    """The addresses in the panel answer with script and style sheet, and change when those do."""
    checked = check_plugin(plugin, name="stats")
    html = checked.render("stats")
    script = re.search(r'<script type="module" src="([^"]+)"', html)
    sheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', html)
    assert script
    assert sheet
    with TestClient(checked.app()) as client:
        for address, kind in ((script[1], "text/javascript"), (sheet[1], "text/css")):
            response = client.get(address)
            assert response.status_code == 200
            assert response.headers["content-type"].startswith(kind)
            assert "?v=" in address


def test_nothing_blocks_once_measured(check_plugin: CheckPlugin) -> None:
    """The API and the panel answer from memory: well under 50 ms each, whenever the machine has nothing else to do."""
    checked = check_plugin(plugin, name="stats")
    with TestClient(checked.app()) as client:
        stats_of(client)
        client.get("/admin/stats/panel")
        for path in ("/api/stats", "/admin/stats/panel"):
            assert any(timed(lambda path=path: client.get(path)) < 0.05 for _ in range(200))


def timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def provider_plugin(*providers: StatsProvider) -> object:
    @hookimpl
    def berrypod_stats_providers(context: PluginContext) -> list[StatsProvider]:
        return list(providers)

    return SimpleNamespace(__name__="others", berrypod_stats_providers=berrypod_stats_providers)


def declared(settings: Settings, database: Database, *extra: object) -> dict[str, PluginContext]:
    """Contexts of the stats plugin and of others, all in one app."""
    sources = [PluginSource.of(plugin, "stats"), *(PluginSource.of(one, "others") for one in extra)]
    plugins = Plugins.discover(settings, sources, installed=False)
    contexts: dict[str, PluginContext] = {}

    def make(name: str) -> PluginContext:
        contexts[name] = PluginContext(
            plugin=name,
            settings=settings,
            database=database,
            maintenance=Maintenance(database),
            plugins=plugins,
            environment=create_environment,
        )
        return contexts[name]

    plugins.declare(make)
    assert [report.error for report in plugins.report()] == [None] * len(sources)
    return contexts


async def test_other_plugins_figures_and_failures(
    encrypted_settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Providers that raise, hang or talk nonsense cost their own place; all the others are shown.

    With more patience where the machine is too busy for those that do not hang.
    """
    released = threading.Event()

    async def raises() -> list[Figure]:
        raise ValueError("no <b>figures</b> today")

    def hangs() -> list[Figure]:
        released.wait(30)
        return []

    others = provider_plugin(
        StatsProvider(name="good", title="Weather", figures=lambda: [Figure(code="rain", label="Rain", value=3)]),
        StatsProvider(name="raises", title="Raises", figures=raises),
        StatsProvider(name="hangs", title="Hangs", figures=hangs, timeout_seconds=60),
        StatsProvider(name="nonsense", title="Nonsense", figures=lambda: [42]),  # type: ignore[list-item]
    )
    context = declared(encrypted_settings, database, others)["stats"]

    found: dict[str, StatsGroup] = {}
    for seconds in (0.3, 3.0):
        monkeypatch.setattr(gather, "LONGEST_SECONDS", seconds)
        found = {group.name: group for group in await groups(context.plugins)}
        if found["good"].error is found["stats.file"].error is None:
            break
    assert [figure.text for figure in found["good"].figures] == ["3"]
    assert found["stats.file"].error is None
    for name in ("raises", "hangs", "nonsense"):
        error = found[name].error
        assert error is not None
        assert error.message
        assert error.hint
    assert found["hangs"].error is not None
    assert found["hangs"].error.code == "timed_out"

    outcome = await context.plugins.render(context.plugins.admin_panels[0], REQUEST)
    released.set()
    assert isinstance(outcome, Ok)
    assert "Weather" in outcome.value
    assert "no &lt;b&gt;figures&lt;/b&gt; today" in outcome.value
    assert Page(outcome.value).forbidden == []


async def test_an_encrypted_shop(encrypted_settings: Settings, database: Database) -> None:
    """An encrypted file is called so by what its bytes prove, and no warning is shown."""
    context = declared(encrypted_settings, database)["stats"]
    await measurements_of(context).refresh()

    figures = {figure.code: figure for group in await groups(context.plugins) for figure in group.figures}

    assert re.fullmatch(r"SQLCipher 4\.[\d.]+, AES-256", figures["encryption"].text)
    assert figures["encryption"].warning is None
    assert figures["journal"].text.startswith("WAL, ")
    assert figures["sqlite_version"].text.startswith("3.")


async def test_a_failed_measurement_is_shown(
    encrypted_settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the measuring library the page says so, and its other parts are there."""
    monkeypatch.setattr("berrypod_stats.helper.COMMAND", ("/nowhere/python",))
    context = declared(encrypted_settings, database)["stats"]
    await measurements_of(context).refresh()

    outcome = await context.plugins.render(context.plugins.admin_panels[0], REQUEST)

    assert isinstance(outcome, Ok)
    assert outcome.value.count("could not be measured") == 1
    assert "cannot be started" in outcome.value
    assert re.search(r'data-figure="orders">\s*<dt>Orders</dt>\s*<dd>0</dd>', outcome.value)
    assert re.search(r'data-figure="encryption">\s*<dt>Encryption</dt>\s*<dd>unknown</dd>', outcome.value)


async def test_apps_do_not_share_measurements(encrypted_settings: Settings, database: Database) -> None:
    """Two apps in one process have their own; the hooks of one app share theirs."""
    first = declared(encrypted_settings, database)["stats"]
    other = Database(encrypted_settings)
    second = declared(encrypted_settings, other)["stats"]

    assert measurements_of(first) is measurements_of(replace(first, plugin="other"))
    assert measurements_of(first) is not measurements_of(second)
