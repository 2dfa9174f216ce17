"""Finding plugins: each is imported and registered alone, and one that fails at that is quarantined."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from berrypod.errors import PluginError
from berrypod.isolation import Failed
from berrypod.plugin_host import checks
from berrypod.plugin_host.host import Host
from berrypod.plugin_host.records import Record
from berrypod.plugin_host.registration import find_implementations
from berrypod.plugin_host.sources import PluginSource
from berrypod.plugin_report import PluginState

logger = logging.getLogger("berrypod.plugins")

KILL_SWITCH = "BERRYPOD_DISABLED_PLUGINS"
_ALL = "*"


def admit_all(host: Host, sources: Iterable[PluginSource]) -> None:
    """Import and register each plugin that is not disabled."""
    for source in sources:
        if source.name in host.settings.disabled_plugins or _ALL in host.settings.disabled_plugins:
            host.records.add(source, PluginState.DISABLED)
        else:
            _admit(host, source)
    for name in sorted(host.settings.disabled_plugins - {_ALL}):
        if host.records.named(name) is None:
            logger.warning("%s names %r, and no plugin has that name", KILL_SWITCH, name)


def _admit(host: Host, source: PluginSource) -> None:
    twin = host.records.named(source.name)
    record = host.records.add(source)
    if twin is not None:
        host.records.quarantine(record, "name", _name_taken(twin))
        return
    loaded = host.isolation.run(source.name, source.load, timeout_seconds=host.limits.import_seconds)
    if isinstance(loaded, Failed):
        host.records.quarantine(record, "import", loaded)
        return
    plugin = loaded.value
    found = host.isolation.run(
        source.name, lambda: find_implementations(plugin), timeout_seconds=host.limits.hook_seconds
    )
    if isinstance(found, Failed):
        host.records.quarantine(record, "registration", found)
        return
    try:
        checks.require_name("entry point", source.name)
        record.hooks = host.registration.register(source.name, found.value)
    except PluginError as error:
        host.records.quarantine(record, "registration", Failed.because(error))


def _name_taken(twin: Record) -> Failed:
    return Failed(
        error=f"the distribution {twin.source.distribution or 'that was handed in'} has a plugin of this name too",
        hint="Uninstall one of the two, or ask its author for another entry-point name.",
    )
