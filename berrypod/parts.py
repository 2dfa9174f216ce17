"""The parts of a running shop, put together: what the web app and the command line are both made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from berrypod import __version__
from berrypod.accounts import Accounts
from berrypod.audit import AuditLog
from berrypod.context import PluginContext
from berrypod.events import ShopStarted, ShopStopping
from berrypod.keys.keeping import KeyKeeping
from berrypod.keys.rotation import KeyRotation
from berrypod.maintenance import Maintenance
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.shop import Shop
from berrypod.storage.database import Database
from berrypod.web.templating import create_environment


@dataclass(frozen=True)
class Parts:
    """The services over one database. The command line uses them without the web and without the lifespans."""

    settings: Settings
    plugins: Plugins
    database: Database
    maintenance: Maintenance
    accounts: Accounts
    shop: Shop
    audit: AuditLog
    key: KeyKeeping
    rotation: KeyRotation

    def context(self, plugin: str) -> PluginContext:
        """What the plugin of that name gets to work with."""
        return PluginContext(
            plugin=plugin,
            settings=self.settings,
            database=self.database,
            maintenance=self.maintenance,
            plugins=self.plugins,
            environment=create_environment,
            audit=self.audit,
        )

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """The database open and the plugins' lifespans entered.

        :raises StorageError: the subclass that says why the file cannot be used.
        """
        await self.database.open()
        try:
            async with self.maintenance.watching(), self.plugins.lifespans():
                self.plugins.emit(ShopStarted(version=__version__))
                try:
                    yield
                finally:
                    await self.rotation.close()
                self.plugins.emit(ShopStopping())
        finally:
            await self.database.close()
            await asyncio.to_thread(self.plugins.close)  # waits for what observers are doing
            await asyncio.to_thread(self.audit.close)


def create_parts(settings: Settings, plugins: Plugins | None = None) -> Parts:
    """Find the plugins (unless they are given), ask them for the key and for what they declare. Opens nothing.

    :raises SettingsError: two plugins declare one setting, or production has no database key.
    :raises PluginError: the plugin that knows the key failed.
    """
    plugins = plugins or Plugins.discover(settings)
    parts = put_together(settings.with_database_key(plugins.database_key()), plugins)
    plugins.also_tell(parts.audit.tell)
    plugins.declare(parts.context)
    return parts


def put_together(settings: Settings, plugins: Plugins) -> Parts:
    """The parts, over a file that is not opened. The plugins are asked for nothing yet, and nothing is written down."""
    database = Database(settings)
    maintenance = Maintenance(database)
    accounts, shop = Accounts(database, settings), Shop(database, emit=plugins.emit)
    return Parts(
        settings=settings,
        plugins=plugins,
        database=database,
        maintenance=maintenance,
        accounts=accounts,
        shop=shop,
        audit=AuditLog(database.path),
        key=KeyKeeping(database, shop.settings, accounts.throttle),
        rotation=KeyRotation(database, maintenance, settings, emit=plugins.emit),
    )
