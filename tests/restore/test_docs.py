"""docs/restore.md says what the program says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from berrypod_restore import plugin
from berrypod_restore.api import HANDLERS
from berrypod_restore.records import CONFIRMATION
from berrypod_restore.verdicts import Code, verdict
from litestar import Litestar
from litestar.di import Provide
from litestar.routes import HTTPRoute

PAGE = (Path(__file__).parents[2] / "docs" / "restore.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table after a heading."""
    table = PAGE.partition(heading)[2].partition("\n|")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_each_verdict_is_told_by_its_title() -> None:
    told = {row[0].strip("`"): row[1] for row in rows("## What a file can be")}
    assert told == {code: verdict(code).title for code in get_args(Code)}


def test_each_route_is_told() -> None:
    app = Litestar(route_handlers=list(HANDLERS), dependencies={"restores": Provide(object, sync_to_thread=False)})
    routes = {
        f"{method} {plain(route.path)}"
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/")
        for method in route.methods - {"OPTIONS"}
    }
    assert {row[0].strip("`").partition("?")[0] for row in rows("## For programs")} == routes


def plain(path: str) -> str:
    """A route as people write it."""
    return re.sub(r":[a-z]+}", "}", path).replace("{restore_id}", "{id}").replace("{file}", "orders.csv")


def test_settings_and_words_are_those_of_the_program() -> None:
    settings = {row[0].strip("`"): row[1].strip("`") for row in rows("## If something goes wrong")}
    assert settings == {one.name: one.default for one in plugin.berrypod_settings()}
    assert CONFIRMATION in PAGE
