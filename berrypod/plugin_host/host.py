"""What the parts of the plugin system share: one app's settings, limits, isolation, records and registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from berrypod.isolation import Failed, Isolation, Outcome
from berrypod.plugin_host.limits import Limits
from berrypod.plugin_host.records import Record, Records
from berrypod.plugin_host.registration import Implementation, Registration
from berrypod.settings import Settings

T = TypeVar("T")


class Host:
    """One app's plugins, from the inside."""

    def __init__(self, settings: Settings, limits: Limits, quarantined: Callable[[Record], None]) -> None:
        """`quarantined` hears of each quarantine."""
        self.settings = settings
        self.limits = limits
        self.isolation = Isolation(limits)
        self.records = Records(limits, self._forget)
        self.registration = Registration()
        self._quarantined = quarantined
        secrets = (settings.secret_key_base, *settings.secret_key_base_former, settings.secret_key_db)
        self.records.hide(secret.reveal() for secret in secrets if secret)

    def ask(
        self,
        implementation: Implementation,
        consume: Callable[[Any], T],
        *,
        timeout_seconds: float | None = None,
        **arguments: object,
    ) -> Outcome[T]:
        """Call one plugin's implementation of a hook, and read its answer, inside the isolation."""
        return self.isolation.run(
            implementation.plugin,
            lambda: consume(implementation(arguments)),
            timeout_seconds=timeout_seconds or self.limits.hook_seconds,
        )

    def quarantine(self, plugin: str, what: str, failed: Failed) -> None:
        record = self.records.named(plugin)
        if record is not None:
            self.records.quarantine(record, what, failed)

    def _forget(self, record: Record) -> None:
        # A second plugin of the same name has a record, but never was registered.
        if self.records.named(record.name) is record:
            self.registration.unregister(record.name)
        self._quarantined(record)
