"""Observers are told when the shop starts to serve, and before it stops."""

from __future__ import annotations

from berrypod import __version__
from berrypod.events import Event, ShopStarted, ShopStopping
from berrypod.parts import create_parts
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from tests.plugins.making import plugin


async def test_they_are_told_of_the_start_and_of_the_stop(settings: Settings) -> None:
    seen: list[Event] = []

    def observe(event: Event) -> None:
        seen.append(event)

    observer = plugin("observer", berrypod_observe=observe)
    parts = create_parts(settings, Plugins.discover(settings, [observer], installed=False))

    async with parts.opened():
        """The shop sells."""

    assert [type(event) for event in seen] == [ShopStarted, ShopStopping]
    assert isinstance(seen[0], ShopStarted)
    assert seen[0].version == __version__
