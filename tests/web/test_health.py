"""What is not well: a word for everybody, the words for admins and for programs with a token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from berrypod.accounts import Accounts
from berrypod.declarations import Condition, HealthPart
from berrypod.hookspecs import hookimpl
from berrypod.plugins import PluginSource
from berrypod.settings import Settings
from tests.web.admin.conftest import Shop, admin_settings, cheap_passwords, running, shop_file_with_admin

__all__ = ["admin_settings", "cheap_passwords", "shop_file_with_admin"]

OVERDUE = Condition(
    code="overdue",
    severity="bad",
    title="The last backup is 3 days old",
    text="It was made on Monday.",
    what_to_do="Make one now.",
    path="/admin/backup",
)


@dataclass
class Parts:
    """A plugin with two parts; the second one is well always."""

    conditions: list[Condition] = field(default_factory=list[Condition])
    fails: bool = False

    @hookimpl
    def berrypod_health_parts(self) -> list[HealthPart]:
        return [
            HealthPart(name="backup", title="Backups", conditions=self.ask),
            HealthPart(name="disk", title="The disk", conditions=list),
        ]

    def ask(self) -> list[Condition]:
        if self.fails:
            raise OSError("the archive is away")
        return self.conditions


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def shop(admin_settings: Settings, parts: Parts) -> Iterator[Shop]:
    with running(admin_settings, PluginSource.of(parts, "parts")) as shop:
        yield shop


def health(shop: Shop) -> tuple[int, dict[str, object]]:
    answer = shop.visitor().client.get("/health")
    return answer.status_code, answer.json()


def test_a_shop_in_which_all_is_well_is_not_degraded(shop: Shop) -> None:
    status, told = health(shop)
    assert status == 200
    assert (told["degraded"], told["parts"]) == (False, {"backup": "ok", "disk": "ok"})


def test_what_is_not_well_is_told_without_words_and_takes_no_shop_away(shop: Shop, parts: Parts) -> None:
    parts.conditions = [OVERDUE]
    status, told = health(shop)

    assert (status, told["ready"]) == (200, True)
    assert (told["degraded"], told["parts"]) == (True, {"backup": "degraded", "disk": "ok"})
    assert "3 days" not in str(told)
    assert "overdue" not in str(told)


def test_a_part_that_fails_is_one_of_which_nothing_is_known(shop: Shop, parts: Parts) -> None:
    parts.fails = True
    _, told = health(shop)

    assert (told["degraded"], told["parts"]) == (True, {"backup": "unknown", "disk": "ok"})


def test_the_dashboard_shows_each_condition_with_the_way_to_what_helps(shop: Shop, parts: Parts) -> None:
    visitor = shop.visitor()
    visitor.sign_in()
    assert "3 days" not in visitor.get("/admin").text
    parts.conditions = [
        OVERDUE,
        replace(OVERDUE, code="off_site", severity="warn", title="None lies elsewhere", path=""),
    ]
    shop.app.state.parts.plugins.health._at = float("-inf")
    page = visitor.get("/admin")

    assert "The last backup is 3 days old It was made on Monday. Make one now. See to it" in page.text
    assert 'href="/admin/backup">See to it' in page.html
    assert "None lies elsewhere It was made on Monday. Make one now." in page.text
    assert page.text.count("See to it") == 1


def test_the_dashboard_shows_a_part_that_fails_too(shop: Shop, parts: Parts) -> None:
    parts.fails = True
    visitor = shop.visitor()
    visitor.sign_in()
    text = visitor.get("/admin").text

    assert "Nobody knows: Backups" in text
    assert "OSError: the archive is away" in text


def test_a_program_with_a_token_reads_what_is_not_well(shop: Shop, parts: Parts) -> None:
    async def token(scope: str, accounts: Accounts) -> str:
        return (await accounts.tokens.create(name=scope, scopes=[scope])).token.reveal()

    parts.conditions = [OVERDUE]
    client = shop.visitor().client
    tokens = {scope: shop.outside(lambda accounts, scope=scope: token(scope, accounts)) for scope in SCOPES}
    refused = client.get("/api/health/conditions", headers={"authorization": f"Bearer {tokens['shop:read']}"})
    told = client.get("/api/health/conditions", headers={"authorization": f"Bearer {tokens['stats:read']}"}).json()

    assert client.get("/api/health/conditions").status_code == 401
    assert refused.status_code == 403
    assert told["degraded"] is True
    assert [part["state"] for part in told["parts"]] == ["degraded", "ok"]
    assert told["parts"][0]["conditions"] == [
        {
            "code": "overdue",
            "severity": "bad",
            "title": OVERDUE.title,
            "text": OVERDUE.text,
            "what_to_do": OVERDUE.what_to_do,
            "path": "/admin/backup",
        }
    ]


SCOPES = ("stats:read", "shop:read")
