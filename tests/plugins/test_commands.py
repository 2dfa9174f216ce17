"""`berrypod_register_commands`: plugins add to the command line, and cannot take from it."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
import rich_click as click
from click.testing import CliRunner

from berrypod.plugins import Plugins
from tests.plugins.conftest import Host
from tests.plugins.making import QUICK, assert_healthy, error_of, healthy, impatient, plugin


@pytest.fixture
def cli() -> click.RichGroup:
    @click.group()
    @click.option("--env-file")
    def cli(env_file: str | None) -> None:
        """The shop."""

    @cli.command()
    def serve() -> None:
        click.echo("serving")

    return cli


def run(cli: click.RichGroup, *arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    return result.output.strip()


def add_orders(cli: click.RichGroup) -> None:
    @cli.command()
    def orders() -> None:
        """Export orders."""
        click.echo("exported")


def test_a_plugin_adds_commands(host: Host, cli: click.RichGroup) -> None:
    host(plugin("p", berrypod_register_commands=add_orders)).register_commands(cli)

    assert run(cli, "orders") == "exported"
    assert "Export orders." in run(cli, "--help")


def test_a_plugin_adds_groups_of_commands(host: Host, cli: click.RichGroup) -> None:
    def add(cli: click.RichGroup) -> None:
        @cli.group()
        def backup() -> None: ...

        @backup.command()
        def create() -> None:
            click.echo("created")

    host(plugin("p", berrypod_register_commands=add)).register_commands(cli)
    assert run(cli, "backup", "create") == "created"


async def test_a_command_of_the_shop_cannot_be_replaced(host: Host, cli: click.RichGroup) -> None:
    def add(cli: click.RichGroup) -> None:
        @cli.command()
        def serve() -> None:
            click.echo("hijacked")

        add_orders(cli)

    plugins = host(plugin("thief", berrypod_register_commands=add), healthy())
    plugins.register_commands(cli)

    assert run(cli, "serve") == "serving"
    assert run(cli, "orders") == "exported"
    (failure,) = plugins.report()[0].failures
    assert (failure.what, failure.error) == ("command serve", "left out: there is a command of this name already")
    await assert_healthy(plugins)


def test_a_command_of_another_plugin_cannot_be_replaced(host: Host, cli: click.RichGroup) -> None:
    def add(cli: click.RichGroup) -> None:
        @cli.command()
        def orders() -> None:
            click.echo("other orders")

    plugins = host(plugin("a", berrypod_register_commands=add_orders), plugin("b", berrypod_register_commands=add))
    plugins.register_commands(cli)

    assert run(cli, "orders") == "exported"
    assert plugins.report()[1].failures[0].what == "command orders"


def test_a_plugin_cannot_remove_or_change_what_is_there(host: Host, cli: click.RichGroup) -> None:
    def vandalize(cli: click.RichGroup) -> None:
        cli.commands.clear()
        cli.params.clear()
        cli.name = "mine"
        cli.callback = sys.exit

    host(plugin("vandal", berrypod_register_commands=vandalize)).register_commands(cli)

    assert run(cli, "--env-file", "x", "serve") == "serving"
    assert cli.name == "cli"


@pytest.mark.parametrize("kind", ["raises", "exits", "hangs", "adds nonsense"])
async def test_a_plugin_that_fails_to_add_commands_is_quarantined_and_the_others_work(
    host: Host, cli: click.RichGroup, hang, kind: str
) -> None:
    def fail(cli: click.RichGroup) -> None:
        add_orders(cli)
        nonsense: Any = 3
        {
            "raises": lambda: 1 / 0,
            "exits": sys.exit,
            "hangs": hang,
            "adds nonsense": lambda: cli.add_command(nonsense),
        }[kind]()

    def add_more(cli: click.RichGroup) -> None:
        cli.add_command(click.Command("more", callback=lambda: click.echo("more")))

    plugins = host(
        plugin("broken", berrypod_register_commands=fail),
        plugin("more", berrypod_register_commands=add_more),
        healthy(),
        limits=impatient("hook") if kind == "hangs" else QUICK,
    )
    plugins.register_commands(cli)

    assert error_of(plugins, "broken").startswith("berrypod_register_commands: ")
    assert sorted(cli.commands) == ["more", "serve"]
    assert run(cli, "more") == "more"
    await assert_healthy(plugins)


def test_commands_that_come_late_from_a_hang_are_not_added(host: Host, cli: click.RichGroup) -> None:
    release, done = threading.Event(), threading.Event()

    def late(cli: click.RichGroup) -> None:
        release.wait(30)
        add_orders(cli)
        done.set()

    host(plugin("late", berrypod_register_commands=late), limits=impatient("hook")).register_commands(cli)
    release.set()
    assert done.wait(30)
    assert sorted(cli.commands) == ["serve"]


def test_a_command_line_with_no_plugins_is_as_it_was(cli: click.RichGroup, host: Host) -> None:
    plugins: Plugins = host()
    plugins.register_commands(cli)
    assert sorted(cli.commands) == ["serve"]
