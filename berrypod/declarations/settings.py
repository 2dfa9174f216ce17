"""Environment variables that plugins read."""

from __future__ import annotations

from dataclasses import dataclass

from berrypod.plugin_host import checks


@dataclass(frozen=True, kw_only=True)
class SettingDeclaration:
    """An environment variable that a plugin reads. `secret` values are kept out of logs and reports.

    Without a `required` one the plugin is quarantined, and its error says which variable to set.
    """

    name: str
    help: str
    default: str | None = None
    secret: bool = False
    required: bool = False

    def __post_init__(self) -> None:
        what = f"SettingDeclaration {self.name!r}"
        checks.require_variable("SettingDeclaration: name", self.name)
        checks.require_words(what, help=self.help)
        checks.require_string(what, optional=True, default=self.default)
        contradiction = self.required and self.default is not None
        checks.require(not contradiction, f"{what}: required, and with a default", "Leave out one of the two.")
