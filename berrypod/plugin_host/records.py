"""One record a plugin: its state, its errors, and what of them may be told."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from berrypod.isolation import Failed
from berrypod.plugin_host.limits import Limits
from berrypod.plugin_host.sources import PluginSource
from berrypod.plugin_report import PluginFailure, PluginReport, PluginSetting, PluginState

logger = logging.getLogger("berrypod.plugins")

_SHORTEST_SECRET = 6  # shorter ones would black out ordinary words


@dataclass
class Record:
    """What is known of one plugin. Changed by `Records` alone."""

    source: PluginSource
    state: PluginState = PluginState.ACTIVE
    hooks: tuple[str, ...] = ()
    settings: tuple[PluginSetting, ...] = ()
    error: str | None = None
    hint: str | None = None
    failures: deque[PluginFailure] = field(default_factory=deque[PluginFailure])

    @property
    def name(self) -> str:
        return self.source.name

    def report(self) -> PluginReport:
        return PluginReport(
            name=self.name,
            version=self.source.version,
            distribution=self.source.distribution,
            hooks=self.hooks,
            state=self.state,
            error=self.error,
            hint=self.hint,
            failures=tuple(self.failures),
            settings=self.settings,
        )


class Records:
    """The records of one app, in the order of discovery. Safe to use from any thread."""

    def __init__(self, limits: Limits, told: Callable[[Record], None]) -> None:
        """`told` hears of each quarantine."""
        self._limits = limits
        self._told = told
        self._lock = threading.Lock()
        self._all: list[Record] = []
        self._by_name: dict[str, Record] = {}
        self._secrets: set[str] = set()

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._all))

    def add(self, source: PluginSource, state: PluginState = PluginState.ACTIVE) -> Record:
        """A second plugin of a name gets a record too, but is not found by that name."""
        record = Record(source, state, failures=deque(maxlen=self._limits.failures_kept))
        self._all.append(record)
        self._by_name.setdefault(source.name, record)
        return record

    def named(self, name: str) -> Record | None:
        return self._by_name.get(name)

    def active(self) -> list[Record]:
        return [record for record in self if record.state is PluginState.ACTIVE]

    def is_active(self, name: str) -> bool:
        record = self.named(name)
        return record is not None and record.state is PluginState.ACTIVE

    def hide(self, secrets: Iterable[str]) -> None:
        """Take these values out of every error from now on: an exception's text may quote a setting."""
        self._secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)

    def told_safely(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def quarantine(self, record: Record, what: str, failed: Failed) -> None:
        """Call the plugin no more. The first reason stays."""
        with self._lock:
            if record.state is not PluginState.ACTIVE:
                return
            record.state = PluginState.QUARANTINED
            record.error = self.told_safely(f"{what}: {failed.error}")
            record.hint = self.told_safely(failed.hint) if failed.hint else None
        logger.error("plugin %s is quarantined: %s%s", record.name, record.error, _in_brackets(record.hint))
        self._log_details(record.name, failed)
        self._told(record)

    def fail(self, name: str, what: str, failed: Failed) -> None:
        """Note a failure that cost one call.

        The same one again is counted, so that it cannot push out others.
        """
        failure = PluginFailure(
            at=datetime.now(UTC),
            what=what,
            error=self.told_safely(failed.error),
            hint=self.told_safely(failed.hint) if failed.hint else None,
            timed_out=failed.timed_out,
        )
        record = self.named(name)
        if record is not None:
            with self._lock:
                latest = record.failures[0] if record.failures else None
                if latest and (latest.what, latest.error) == (failure.what, failure.error):
                    record.failures[0] = replace(failure, times=latest.times + 1)
                else:
                    record.failures.appendleft(failure)
        logger.warning("plugin %s: %s: %s%s", name, what, failure.error, _in_brackets(failure.hint))
        self._log_details(name, failed)

    def _log_details(self, name: str, failed: Failed) -> None:
        """The traceback, for the log of a server: on a terminal, each command would print those of all plugins."""
        if failed.details:
            logger.info("plugin %s:\n%s", name, self.told_safely(failed.details).rstrip())


def _in_brackets(hint: str | None) -> str:
    return f" ({hint})" if hint else ""
