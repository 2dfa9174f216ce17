"""Rehearsals of a restore: nothing but a record that says what was checked counts as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berrypod.declarations import Declared, Rehearsed, RestoreRehearsal
from berrypod.errors import PluginError
from berrypod.plugins import Ok
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, PATIENCE, error_of, failed, plugin

FINE = Rehearsed(checked=("tried",))


def rehearsal(name: str, rehearse: Any = lambda path: FINE, timeout_seconds: float = ENOUGH) -> RestoreRehearsal:
    return RestoreRehearsal(name=name, title=name.capitalize(), rehearse=rehearse, timeout_seconds=timeout_seconds)


def declared(rehearse: Callable[..., object], timeout_seconds: float = ENOUGH) -> Declared[RestoreRehearsal]:
    return Declared(plugin="p", declaration=rehearsal("subject", rehearse, timeout_seconds))


def test_all_plugins_rehearse_one_after_the_other(host: Host) -> None:
    plugins = host(
        plugin("b", berrypod_restore_rehearsals=lambda: [rehearsal("b-trial")]),
        plugin("a", berrypod_restore_rehearsals=lambda context: [rehearsal("a-trial")]),
    )

    assert [(one.plugin, one.declaration.name) for one in plugins.restore_rehearsals] == [
        ("b", "b-trial"),
        ("a", "a-trial"),
    ]


def test_what_is_no_rehearsal_quarantines_its_plugin(host: Host) -> None:
    assert error_of(host(plugin("p", berrypod_restore_rehearsals=lambda: [7])), "p")


async def test_the_file_is_handed_to_plain_and_to_async_functions(host: Host, tmp_path: Path) -> None:
    async def slowly(path: Path) -> Rehearsed:
        await asyncio.sleep(0)
        return Rehearsed(checked=(path.name,))

    for function in (slowly, lambda path: Rehearsed(checked=(path.name,))):
        outcome = await host().rehearse(declared(function), tmp_path / "shop.db")
        assert outcome == Ok(Rehearsed(checked=("shop.db",)))


@pytest.mark.parametrize("answer", [None, True, "fine", Rehearsed, [FINE]])
async def test_what_is_no_record_of_a_rehearsal_is_a_failure(host: Host, tmp_path: Path, answer: object) -> None:
    assert failed(await host().rehearse(declared(lambda path: answer), tmp_path)).error.startswith("it returned")


async def test_one_that_raises_or_hangs_fails_in_time(host: Host, tmp_path: Path, hang: Callable[..., None]) -> None:
    def refuse(path: Path) -> Rehearsed:
        raise ValueError("no luck")

    assert failed(await host().rehearse(declared(refuse), tmp_path)).error == "ValueError: no luck"
    assert failed(await host().rehearse(declared(hang, PATIENCE), tmp_path)).timed_out


@pytest.mark.parametrize(
    "fields",
    [
        {"checked": ()},
        {"checked": "everything"},
        {"checked": ("",)},
        {"checked": ("tried",), "warnings": (7,)},
        {"checked": ("tried",), "problem": " "},
        {"checked": ("tried",), "problem": 7},
    ],
)
def test_a_record_that_says_nothing_is_refused(fields: dict[str, Any]) -> None:
    """A rehearsal that did nothing must not prove anything."""
    with pytest.raises(PluginError):
        Rehearsed(**fields)
