"""The help of every command, whoever wrote it: it is all that somebody on a terminal has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest

from berrypod.cli import cli
from berrypod.commands.lazy import LazyCommand
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from tests.commands.conftest import Run

Found = tuple[tuple[str, ...], click.Command]


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[Found]:
    if isinstance(command, LazyCommand):
        command = command.load()
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walk(below, (*path, name))


def _everything() -> list[Found]:
    root = click.Group("berrypod", commands=dict(cli.commands))
    Plugins.discover(Settings(environment="test")).register_commands(root)
    return [(path, command) for path, command in walk(root) if path]


ALL = _everything()
each = pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])


def test_all_commands_are_looked_at() -> None:
    names = {" ".join(path) for path, _ in ALL}
    assert names >= {"secret", "db upgrade", "key kit", "backup create", "restore undo", "stats", "completion"}


@each
def test_it_says_what_it_does_and_so_does_each_option(path: tuple[str, ...], command: click.Command) -> None:
    assert command.help, "a command says what it does"
    assert command.help.split("\n\n")[0].strip().endswith("."), "in a sentence"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts} says what it is for"
            assert parameter.help.strip().endswith((".", ")", "`", "?")), parameter.help
        else:
            shown = parameter.make_metavar(click.Context(command)).strip("[].")
            assert shown in command.help or "|" in shown, f"the help says what {shown} is"


@each
def test_it_gives_examples(path: tuple[str, ...], command: click.Command) -> None:
    assert isinstance(command, click.Group) or (command.epilog or "").startswith("Examples:")


@each
def test_an_option_with_json_is_called_the_same_everywhere(path: tuple[str, ...], command: click.Command) -> None:
    flags = [one for one in command.params if isinstance(one, click.Option) and "--json" in one.opts]
    assert all(one.is_flag and (one.help or "").startswith("Print JSON, for programs") for one in flags)


@each
def test_its_examples_are_short_enough_to_be_copied_and_name_what_there_is(
    path: tuple[str, ...], command: click.Command
) -> None:
    lines = [line for line in (command.epilog or "").split("\n\n") if line.startswith("$ ")]
    by_path = dict(ALL)
    for line in lines:
        assert len(line) <= 78, line
        said = line.partition("   #")[0]
        for called in re.findall(r"berrypod (?:--env-file \S+ )?([^&|<>$()]+)", said):
            words = called.split()
            known = max((words[: n + 1] for n in range(len(words)) if tuple(words[: n + 1]) in by_path), key=len)
            options = {option for one in by_path[tuple(known)].params for option in one.opts}
            assert {word for word in words if word.startswith("--")} <= options, line
            # As if it were typed, as far as it stands there: its values are ones that the command takes.
            with suppress(click.MissingParameter):
                by_path[tuple(known)].make_context(known[-1], shlex.split(called)[len(known) :])


def test_the_page_of_commands_names_each() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    told = set(re.findall(r"^\| `berrypod (\w+)", page, re.MULTILINE))
    assert told == {path[0] for path, _ in ALL}


@pytest.mark.parametrize("path", [("--help",), ("completion", "--help"), ("backup", "verify", "--help")])
def test_what_is_shown_fits_eighty_columns_and_has_no_colours_where_nobody_looks(
    run: Run, path: tuple[str, ...]
) -> None:
    shown = run(*path, env={"COLUMNS": "80"}).stdout
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "\x1b" not in shown
    assert "Examples:" in shown


def test_no_color_is_respected_on_a_terminal(run: Run) -> None:
    """https://no-color.org"""
    coloured = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[3" in run("--help", env=coloured).stdout
    assert "\x1b[3" not in run("--help", env={**coloured, "NO_COLOR": "1"}).stdout
    error = run("serve", "--port", "0", color=True)
    assert "\x1b[31m" in error.stderr
    assert "\x1b[" not in run("serve", "--port", "0", color=True, env={"NO_COLOR": "1"}).stderr
