"""`berrypod notify`: what is not well, who is told, and a test; with the server running or not."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import pytest
from berrypod_notify import plugin as notify_plugin
from click.testing import CliRunner, Result

from berrypod.errors import BerrypodError
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from tests.notify.conftest import BAD, Neighbour, Person
from tests.support.server import environment

Run = Callable[..., Result]


@pytest.fixture
def neighbour(ana: Person) -> Neighbour:
    return Neighbour([ana])


@pytest.fixture
def run(settings: Settings, neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    cli = click.Group()
    notify_plugin.berrypod_register_commands(cli)
    sources = [PluginSource.of(notify_plugin, "notify"), PluginSource.of(neighbour, "neighbour")]
    plugins = Plugins.discover(settings, sources, installed=False)
    return lambda *arguments: CliRunner().invoke(cli, ["notify", *arguments], obj=plugins)


def test_the_status_for_people_and_for_programs(run: Run, neighbour: Neighbour) -> None:
    assert "All is well." in run("status").stdout
    neighbour.conditions = [BAD]
    text = run("status").stdout
    assert "The disk is full (backup: full)" in text
    assert "Ana (ana): set up" in text
    assert "E-mail (email): not set up" in text
    assert "Nobody has looked lately" in text
    told = json.loads(run("status", "--json").stdout)
    assert [one["code"] for one in told["conditions"]] == ["full"]


def test_a_test_ends_with_what_came_of_it(run: Run, ana: Person) -> None:
    result = run("test")
    assert result.exit_code == 0
    assert "Ana: handed over" in result.stdout
    assert ana.heard == [("test", "test")]
    assert json.loads(run("test", "ana", "--json").stdout)["results"][0]["sent"] is True


def test_a_test_that_fails_says_why_and_ends_with_a_failure(run: Run, ana: Person) -> None:
    ana.failure = "The line is dead"
    result = run("test", "--json")
    assert json.loads(result.stdout)["results"][0]["error"]["message"] == "The line is dead"
    assert isinstance(result.exception, BerrypodError)
    assert (result.exception.message, result.exception.hint) == ("Ana: The line is dead", "Mend it.")


@pytest.mark.parametrize(("name", "code"), [("nobody", "notifier_unknown"), ("email", "notifier_not_set_up")])
def test_what_cannot_be_tried_is_refused(run: Run, name: str, code: str) -> None:
    error = run("test", name).exception
    assert isinstance(error, BerrypodError)
    assert error.code == code
