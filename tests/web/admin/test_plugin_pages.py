"""What plugins show: their panels, each alone, and what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from berrypod.context import PluginContext
from berrypod.declarations import AdminPanel, PanelRequest, SettingDeclaration
from berrypod.hookspecs import hookimpl
from berrypod.plugins import PluginSource
from berrypod.settings import Settings
from tests.web.admin.conftest import Shop, Visitor, running


class _Panels:
    """A good panel on three pages, and two bad ones on the backup page."""

    def __init__(self) -> None:
        self.asked: list[PanelRequest] = []

    @hookimpl
    def berrypod_admin_panels(self, context: PluginContext) -> list[AdminPanel]:
        async def good(request: PanelRequest) -> str:
            self.asked.append(request)
            template = context.templates("berrypod.web").from_string(
                '{% import "admin/components.html" as ui %}'
                "{{ ui.figures([{'label': 'Eggs <laid>', 'text': '12', 'hint': 'today', 'warning': 'few'}]) }}"
                "{{ ui.table([('Hen', ''), ('Eggs', 'number')], [('Berta', '7')], caption='By hen') }}"
                "{{ ui.progress('Collected', 0.5) }}{{ ui.badge('fresh', 'good') }}{{ ui.empty('No foxes') }}"
                "{{ ui.notice('Mind the `fence`', kind='warn', hint='Shut it') }}"
                "{% call ui.card('In a card') %}{% call ui.facts() %}{{ ui.fact('Hens', '3') }}{% endcall %}"
                "{% endcall %}"
                "{{ ui.button_form('/admin/eggs/collect', 'Collect', token, fields={'all': '1'}) }}"
            )
            return template.render(token=request.csrf_token)

        async def bad(_: PanelRequest) -> str:
            raise ValueError("the henhouse is <locked>")

        async def slow(_: PanelRequest) -> str:
            await asyncio.sleep(60)
            return ""

        pages = [
            AdminPanel(name=page, title="Hens", page=page, render=good) for page in ("dashboard", "backup", "hen-house")
        ]
        return [
            *pages,
            AdminPanel(name="foxes", title="Foxes", page="backup", render=bad, order=1),
            AdminPanel(name="snails", title="Snails", page="backup", render=slow, order=2, timeout_seconds=0.05),
        ]


class _Broken:
    @hookimpl
    def berrypod_settings(self) -> list[SettingDeclaration]:
        return [
            SettingDeclaration(name="EGG_BASKET", help="where <eggs> go", default="/srv/eggs"),
            SettingDeclaration(name="EGG_TOKEN", help="opens the nest", default="default-token", secret=True),
        ]

    @hookimpl
    def berrypod_admin_panels(self) -> list[AdminPanel]:
        raise RuntimeError("no <henhouse> here")


@pytest.fixture(scope="module")
def panels() -> _Panels:
    return _Panels()


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, one_shop: Shop, panels: _Panels) -> Iterator[Shop]:
    """The same shop's file, with plugins. The app of the other tests goes on beside it, as another worker would."""
    settings = Settings(
        environment="test",
        database_path=one_shop.settings.database_path,
        secret_key_base=one_shop.settings.secret_key_base,
        environment_values={"EGG_TOKEN": "letmein-please"},
    )
    broken = PluginSource(name="broken", load=_Broken, distribution="berrypod-broken", version="1.4.2")
    with running(settings, PluginSource.of(panels, "hens"), broken) as shop:
        yield shop


@pytest.fixture
def farmer(farm: Shop, shop: Shop) -> Visitor:
    visitor = farm.visitor()
    assert visitor.sign_in().status == 303
    return visitor


def test_panels_are_rendered_on_their_page_with_the_components(farmer: Visitor, panels: _Panels) -> None:
    page = farmer.get("/admin?all=1")
    assert page.status == 200
    assert "Eggs <laid>" in page.text
    assert "Mind the <code>fence</code>" in page.html
    (asked,) = panels.asked[-1:]
    assert asked.admin_email == "ana@example.com"
    assert asked.path == "/admin"
    assert dict(asked.query) == {"all": "1"}
    assert f'name="_csrf_token" value="{asked.csrf_token}"' in page.html
    assert len(asked.csrf_token) > 64


def test_a_panel_that_fails_or_hangs_shows_its_error_in_its_place_and_costs_no_other(farmer: Visitor) -> None:
    page = farmer.get("/admin/backup")
    assert page.status == 200
    assert "ValueError: the henhouse is <locked>" in page.text
    assert "<locked>" not in page.html
    assert "no answer within 0.05 seconds" in page.text
    assert "Eggs <laid>" in page.text
    assert page.text.index("Foxes") < page.text.index("Snails") < page.text.index("Eggs")


def test_a_panel_for_a_page_of_its_own_makes_that_page_and_its_link(farmer: Visitor) -> None:
    dashboard = farmer.get("/admin").html
    assert 'href="/admin/hen-house"' in dashboard
    assert 'Hen house</span><span class="small muted">Hens</span>' in dashboard, "the tile says what is there"
    page = farmer.get("/admin/hen-house")
    assert "Hen house" in page.text
    assert "Eggs <laid>" in page.text


def test_a_page_that_nobody_has_a_panel_for_is_not_there(farmer: Visitor, admin: Visitor) -> None:
    assert farmer.get("/admin/foxes").status == 404
    assert admin.get("/admin/hen-house").status == 404
    assert farmer.get("/admin/dashboard").status == 404


def test_without_any_panel_the_backup_page_says_what_to_install(admin: Visitor) -> None:
    page = admin.get("/admin/backup")
    assert page.status == 200
    assert "Nothing here yet" in page.text


def test_the_plugins_page_shows_state_version_hooks_and_errors(farmer: Visitor) -> None:
    farmer.get("/admin/backup")
    page = farmer.get("/admin/plugins")
    assert "berrypod-broken 1.4.2" in page.text
    assert "berrypod_admin_panels: RuntimeError: no <henhouse> here" in page.text
    assert "<henhouse>" not in page.html
    assert "admin panel foxes" in page.text
    assert page.text.count("Quarantined") == 1


def test_the_plugins_page_shows_which_settings_a_plugin_reads_and_no_value(farmer: Visitor) -> None:
    page = farmer.get("/admin/plugins")
    assert "where <eggs> go" in page.text
    assert "/srv/eggs" in page.text
    assert "opens the nest" in page.text
    assert "letmein-please" not in page.html
    assert "default-token" not in page.html


def test_the_dashboard_names_a_plugin_in_quarantine(farmer: Visitor) -> None:
    assert "The plugin broken does not run" in farmer.get("/admin").text


def test_the_api_tells_the_same_to_a_token_that_may_see_figures(farm: Shop) -> None:
    tokens = {
        scope: farm.outside(lambda accounts, scope=scope: accounts.tokens.create(name=scope, scopes=[scope]))
        for scope in ("stats:read", "shop:read")
    }
    client = farm.visitor().client
    answer = client.get("/api/plugins", headers={"authorization": f"Bearer {tokens['stats:read'].token.reveal()}"})
    assert answer.status_code == 200
    by_name = {item["name"]: item for item in answer.json()["items"]}
    assert by_name["broken"]["state"] == "quarantined"
    assert by_name["broken"]["version"] == "1.4.2"
    assert by_name["hens"]["hooks"] == ["berrypod_admin_panels"]
    assert by_name["hens"]["error"] is None
    assert by_name["hens"]["settings"] == []
    assert by_name["broken"]["settings"][1] == {
        "name": "EGG_TOKEN",
        "help": "opens the nest",
        "required": False,
        "secret": True,
        "default": None,
        "is_set": True,
    }
    refused = client.get("/api/plugins", headers={"authorization": f"Bearer {tokens['shop:read'].token.reveal()}"})
    assert refused.status_code == 403
    assert client.get("/api/plugins").status_code == 401
