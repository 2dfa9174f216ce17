"""What is told of a plugin on `/admin/plugins`, in `GET /api/plugins` and by `berrypod plugins`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PluginState(StrEnum):
    """`quarantined` plugins failed at start and are not called; `disabled` ones were not even imported."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True)
class PluginFailure:
    """A failure that cost one call and not the plugin.

    `what` names the call, `times` says how often in a row.
    """

    at: datetime
    what: str
    error: str
    hint: str | None
    timed_out: bool
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class PluginSetting:
    """An environment variable that a plugin declared. Its value is never told, nor the default of a secret."""

    name: str
    help: str
    required: bool
    secret: bool
    default: str | None
    is_set: bool


@dataclass(frozen=True, kw_only=True)
class PluginReport:
    """`error` and `hint` are set for quarantined plugins; `failures` are the recent ones, the newest first."""

    name: str
    version: str | None
    distribution: str | None
    hooks: tuple[str, ...]
    state: PluginState
    error: str | None
    hint: str | None
    failures: tuple[PluginFailure, ...]
    settings: tuple[PluginSetting, ...] = ()
