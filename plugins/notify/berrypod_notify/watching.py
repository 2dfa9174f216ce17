"""One process of all watches: the one that has the lock. When it ends, the kernel gives the lock to another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from msgspec.structs import replace

from berrypod.context import PluginContext
from berrypod.declarations import Declared, Notifier
from berrypod.errors import BerrypodError, StorageError
from berrypod.isolation import Ok
from berrypod.shop.settings import read_setting
from berrypod.storage.locks import one_of_all
from berrypod_notify.deciding import decide
from berrypod_notify.queueing import queued
from berrypod_notify.sending import Sender
from berrypod_notify.settings import Configuration
from berrypod_notify.state import State
from berrypod_notify.store import Store

log = logging.getLogger("berrypod.notify")

# How soon another process takes over.
_TAKE_OVER_SECONDS: Final = 5.0


class Watch:
    """Looks at the parts of the shop, decides what is news, and has it sent."""

    def __init__(self, context: PluginContext, configuration: Configuration, store: Store, sender: Sender) -> None:
        self._context = context
        self._configuration = configuration
        self._store = store
        self._sender = sender
        self.look_seconds = configuration.look_seconds

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Wait for the lock, and watch, for as long as the block runs."""
        task = asyncio.create_task(self._watch_again_and_again(), name="berrypod notify: watching")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def look(self) -> None:
        """Once. Only for the process that has the lock."""
        # While the file is replaced, parts that read it would wait, and count as ones that nobody knows of.
        if self._context.maintenance.stage.state in ("closing", "closed"):
            return
        report = await self._context.plugins.health.look(seconds_old=self.look_seconds / 2)
        targets, unreadable = await self._configuration.latest()
        shop = await self.shop_name()
        notifiers = await self.set_up()
        names = [one.declaration.name for one in notifiers]
        now = self._context.now()

        def change(state: State) -> State:
            standing, news = decide(state.standing, report, now, remind_hours=targets.remind_hours, anybody=bool(names))
            return replace(
                state,
                looked_at=now,
                shop=shop or state.shop,
                standing=standing,
                waiting=queued(state.waiting, news, names),
                failing={name: one for name, one in state.failing.items() if name in names},
                unreadable=unreadable,
            )

        await asyncio.to_thread(self._store.update, change)
        await self._sender.send_all(notifiers)

    async def set_up(self) -> tuple[Declared[Notifier], ...]:
        """The notifiers, of all plugins, that know where to send to. One that cannot say is not left out."""
        plugins = self._context.plugins
        answers = await asyncio.gather(*(plugins.is_set_up(one) for one in plugins.notifiers))
        return tuple(one for one, answer in zip(plugins.notifiers, answers, strict=True) if answer != Ok(False))

    async def shop_name(self) -> str:
        """As it is set; empty if that cannot be read."""
        try:
            return str(await self._context.database.fetch(lambda connection: read_setting(connection, "shop.name")))
        except StorageError:
            return ""

    async def _watch_again_and_again(self) -> None:
        while True:
            try:
                async with one_of_all(self._store.watch_path, look_seconds=min(_TAKE_OVER_SECONDS, self.look_seconds)):
                    await asyncio.to_thread(self._store.sweep)
                    while True:
                        await self.look()
                        await asyncio.sleep(self.look_seconds)
            except BerrypodError as error:
                log.warning("nobody watches over the shop for a moment: %s", error.message)
            except Exception:  # a task that ended would leave the shop unwatched for as long as the server runs
                log.exception("nobody watches over the shop for a moment: something unforeseen went wrong")
            await asyncio.sleep(self.look_seconds)
