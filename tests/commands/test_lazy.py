"""Commands are imported when they are called: `berrypod --help` must not take as long as the start of a shop."""

from __future__ import annotations

import inspect
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from berrypod.cli import cli
from berrypod.commands.lazy import LazyCommand
from berrypod.plugins import Plugins
from berrypod.settings import Settings

HEAVY = {"advanced_alchemy", "alembic", "litestar", "sqlalchemy", "uvicorn", "PIL"}

ASK_FOR_HELP = """
import sys
from berrypod.cli import cli
cli(["--help"], standalone_mode=False)
print("imported:", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


@click.group()
@click.argument("whom")
@click.pass_context
def greet(ctx: click.Context, whom: str) -> None:
    """Say something nice.

    Or nothing at all.
    """
    ctx.obj = f"{ctx.obj} {whom}"


@greet.command()
@click.option("--twice", is_flag=True)
@click.pass_obj
def twice(words: str, twice: bool) -> None:
    click.echo(" ".join([words] * (2 if twice else 1)))


@pytest.fixture
def root() -> click.Group:
    root = click.Group("root")
    root.add_command(LazyCommand("greet", f"{__name__}:greet", help="Say something nice."))
    return root


def test_to_ask_for_help_imports_neither_the_shop_nor_a_plugins_command() -> None:
    done = subprocess.run([sys.executable, "-c", ASK_FOR_HELP], capture_output=True, text=True, check=True)
    help_text, _, imported = done.stdout.partition("imported:")
    assert "Serve the shop." in help_text
    assert "Show what is in the shop's file" in help_text
    assert "click" in imported.split()
    assert HEAVY & set(imported.split()) == set()


def test_the_list_says_what_each_command_says_of_itself() -> None:
    everything = click.Group("all", commands=dict(cli.commands))
    Plugins.discover(Settings(environment="test")).register_commands(everything)
    lazy = {name: command for name, command in everything.commands.items() if isinstance(command, LazyCommand)}
    assert {"admin", "db", "demo", "plugins", "secret", "serve", "token", "stats", "backup"} <= set(lazy)
    told = {name: command.help for name, command in lazy.items()}
    first = {name: inspect.cleandoc(command.load().help or "").split("\n\n")[0] for name, command in lazy.items()}
    assert told == {name: words.replace("\n", " ") for name, words in first.items()}


def test_a_group_of_commands_gets_its_arguments_and_what_was_handed_down(root: click.Group) -> None:
    result = CliRunner().invoke(root, ["greet", "Ada", "twice", "--twice"], obj="hello")
    assert result.output == "hello Ada hello Ada\n"
    assert CliRunner().invoke(root, ["greet", "Ada", "twice", "--never"]).exit_code == 2


def test_its_own_help_is_the_whole(root: click.Group) -> None:
    assert "Or nothing at all" not in CliRunner().invoke(root, ["--help"]).output
    assert "Or nothing at all" in CliRunner().invoke(root, ["greet", "--help"]).output


def test_it_can_be_called_without_a_list_around_it(root: click.Group) -> None:
    result = CliRunner().invoke(root.commands["greet"], ["Ada", "twice"], obj="hello")
    assert result.output == "hello Ada\n"


def test_what_is_no_command_is_told() -> None:
    with pytest.raises(TypeError, match="posixpath:join is no command"):
        LazyCommand("join", "posixpath:join", help="").load()
