"""What a hook gets to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from berrypod.audit import AuditLog
from berrypod.clock import Clock, utc_now
from berrypod.errors import PluginError
from berrypod.events import Event
from berrypod.maintenance import Maintenance
from berrypod.settings import Settings
from berrypod.storage.database import Database

if TYPE_CHECKING:
    from berrypod.plugins import Plugins


def plain_environment(own: jinja2.BaseLoader) -> jinja2.Environment:
    """Templates without the pages around them."""
    return jinja2.Environment(loader=own, autoescape=True, undefined=jinja2.StrictUndefined)


@dataclass(frozen=True, kw_only=True, eq=False)
class PluginContext:
    """One plugin's view of the shop. The database is not open yet when hooks are called: keep the context for later.

    All hooks of a plugin get the same object, which is equal to itself alone: they can share things by it.

    `plugin` is the plugin's own name; `maintenance` is for what must have the shop's file alone. `clock` is replaced
    in tests; `environment` is given by the web, which knows the filters and components of its pages. `audit` is None
    where nobody writes one, as in tests of a plugin.
    """

    plugin: str
    settings: Settings
    database: Database
    maintenance: Maintenance
    plugins: Plugins
    clock: Clock = utc_now
    environment: Callable[[jinja2.BaseLoader], jinja2.Environment] = plain_environment
    audit: AuditLog | None = None

    def setting(self, name: str) -> str | None:
        """The value of an environment variable that the plugin declared, or its default.

        :raises PluginError: the plugin did not declare it in `berrypod_settings`.
        """
        return self.plugins.setting(self.plugin, name)

    def work_folder(self) -> Path:
        """A private folder beside the database, for the plugin's temporary files and state. It is made if need be.

        It is not encrypted: nothing of the shop's data may stay there unencrypted.
        """
        return self.database.work_folder(self.plugin)

    def emit(self, event: Event) -> None:
        """Tell all plugins of what has happened. Returns at once.

        :raises TypeError: `event` is no Event.
        """
        self.plugins.emit(event)

    async def record(self, event: Event) -> bool:
        """As `emit`, and wait until the event is on the disk, in the audit log: for what comes before a great change.

        :returns: False if it cannot be written, which is told on /admin/audit. It stops nothing, and never raises.
        :raises TypeError: `event` is no Event.
        """
        self.emit(event)
        return self.audit is None or await self.audit.settle()

    def now(self) -> datetime:
        """The time, in UTC."""
        return self.clock()

    def templates(self, package: str) -> jinja2.Environment:
        """Jinja templates of the folder `templates` of a package, escaped, with Berrypod's own beside them.

        `{% import "admin/components.html" as ui %}` gives the components that admin pages are made of.

        :raises PluginError: the package has no such folder.
        """
        try:
            own = jinja2.PackageLoader(package)
        except ValueError as error:
            raise PluginError(
                f"the package {package} has no folder `templates`", hint="Make it, and see that it gets into the wheel."
            ) from error
        return self.environment(own)
