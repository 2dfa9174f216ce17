"""The environment variables that plugins declare, and their values."""

from __future__ import annotations

from berrypod.declarations import Declared, SettingDeclaration
from berrypod.errors import PluginError, SettingsError
from berrypod.isolation import Failed
from berrypod.plugin_host import answers
from berrypod.plugin_host.discovery import KILL_SWITCH
from berrypod.plugin_host.host import Host
from berrypod.plugin_host.records import Record
from berrypod.plugin_report import PluginSetting
from berrypod.proxies import ADDRESS_HEADER, PROXIES

_HOOK = "berrypod_settings"
_OF_THE_CORE = frozenset(
    {
        "SECRET_KEY_BASE",
        "SECRET_KEY_BASE_FORMER",
        "SECRET_KEY_DB",
        "SECRET_KEY_DB_NEW",
        "DATABASE_PATH",
        "BERRYPOD_ENV",
        "BERRYPOD_MAINTENANCE_WAIT",
        PROXIES,
        ADDRESS_HEADER,
        KILL_SWITCH,
    }
)


class PluginSettings:
    """What plugins declared, and what the environment says of it."""

    def __init__(self, host: Host) -> None:
        """Ask every plugin.

        :raises SettingsError: two plugins declare the same variable.
        """
        self._environment = host.settings.environment_values
        self._declared: dict[str, Declared[SettingDeclaration]] = {}
        for record in host.records.active():
            failed = self._take_up(host, record)
            if failed is not None:
                host.records.quarantine(record, _HOOK, failed)

    @property
    def declared(self) -> tuple[Declared[SettingDeclaration], ...]:
        return tuple(self._declared.values())

    def value(self, plugin: str, name: str) -> str | None:
        """The value for a plugin that declared `name`; an empty variable counts as unset.

        :raises PluginError: it did not.
        """
        declared = self._declared.get(name)
        if declared is None or declared.plugin != plugin:
            raise PluginError(
                f"The plugin {plugin} reads the setting {name} and does not declare it",
                hint=f"Return SettingDeclaration(name={name!r}, ...) from {_HOOK}.",
            )
        return self._environment.get(name) or declared.declaration.default

    def _take_up(self, host: Host, record: Record) -> Failed | None:
        """Keep a plugin's declarations. Nothing of them is kept if one is no good."""
        found: dict[str, SettingDeclaration] = {}
        for implementation in host.registration.of(record.name, _HOOK):
            outcome = host.ask(
                implementation,
                lambda answer: answers.declarations(answer, SettingDeclaration, host.limits.answers),
            )
            if isinstance(outcome, Failed):
                return outcome
            # Also those of a plugin that is refused: what to set is what its admin has to know.
            record.settings += tuple(self._told(setting) for setting in outcome.value)
            for setting in outcome.value:
                if failed := self._objection(setting, found):
                    return failed
                found[setting.name] = setting
        self._refuse_shared(record.name, found)
        host.records.hide(self._environment.get(setting.name, "") for setting in found.values() if setting.secret)
        self._declared |= {name: Declared(plugin=record.name, declaration=setting) for name, setting in found.items()}
        return None

    def _told(self, setting: SettingDeclaration) -> PluginSetting:
        return PluginSetting(
            name=setting.name,
            help=setting.help,
            required=setting.required,
            secret=setting.secret,
            default=None if setting.secret else setting.default,
            is_set=bool(self._environment.get(setting.name)),
        )

    def _objection(self, setting: SettingDeclaration, found: dict[str, SettingDeclaration]) -> Failed | None:
        if setting.name in _OF_THE_CORE:
            return Failed(error=f"{setting.name} is a setting of Berrypod itself", hint="Use a name of your own.")
        if setting.name in found:
            return Failed(error=f"it declares {setting.name} twice", hint="Declare each variable once.")
        if setting.required and not self._environment.get(setting.name):
            return Failed(error=f"{setting.name} is not set: {setting.help}", hint=f"Set {setting.name} and restart.")
        return None

    def _refuse_shared(self, plugin: str, found: dict[str, SettingDeclaration]) -> None:
        for name in found:
            if name in self._declared:
                first = self._declared[name].plugin
                raise SettingsError(
                    f"The plugins {first} and {plugin} both declare the setting {name}",
                    hint=f"Only one of them can run: set {KILL_SWITCH}={plugin} (or {first}) and start again.",
                )
