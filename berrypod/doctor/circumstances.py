"""The environment, the plugins and the key, each as far as they can be understood: a doctor sees those that are ill."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, get_args

from berrypod.app import app_of
from berrypod.doctor.subject import Subject
from berrypod.errors import BerrypodError, PluginError, SettingsError
from berrypod.parts import put_together
from berrypod.plugins import Plugins
from berrypod.settings import Environment, Settings

_MODE = "BERRYPOD_ENV"


def subject_of(
    environ: Mapping[str, str] | None = None,
    *,
    plugins: Plugins | None = None,
    thorough: bool = False,
    env_file: Path | None = None,
    now: datetime | None = None,
) -> Subject:
    """The shop that `environ` (or this process's) describes. Opens nothing, and never fails.

    :param plugins: those that were found already.
    """
    settings, misunderstood = understand(os.environ if environ is None else environ)
    subject = Subject(
        settings=settings,
        now=now or datetime.now(UTC),
        thorough=thorough,
        env_file=env_file,
        misunderstood=misunderstood,
        plugins=plugins,
    )
    _ask_plugins(subject)
    return subject


def understand(values: Mapping[str, str]) -> tuple[Settings, list[SettingsError]]:
    """The settings, and what is wrong with the values that had to be left out.

    What production lacks is not among them: the checks of the secrets tell that.
    """
    relaxed = dict(values) | {_MODE: "dev"}
    troubles: list[SettingsError] = []
    mode = values.get(_MODE, "").strip() or "dev"
    if mode not in get_args(Environment):
        # A shop whose owner meant something by it is judged as strictly as a real one.
        troubles += _trouble_with({_MODE: mode})
        mode = "prod"
    for name, value in values.items():
        if name != _MODE and (trouble := _trouble_with({name: value})):
            troubles += trouble
            del relaxed[name]
    settings = replace(Settings.from_env(relaxed), environment=cast("Environment", mode), environment_values=values)
    return settings, troubles


def _trouble_with(values: Mapping[str, str]) -> list[SettingsError]:
    """What is wrong with these by themselves."""
    try:
        Settings.from_env(values)
    except SettingsError as error:
        return [error]
    return []


def _ask_plugins(subject: Subject) -> None:
    """Have the plugins give the key and declare what they have, up to the routes: as a server that starts."""
    try:
        plugins = subject.plugins or Plugins.discover(subject.settings)
    except BerrypodError as error:
        subject.plugin_trouble = error
        return
    subject.plugins = plugins
    try:
        subject.settings = replace(subject.settings, secret_key_db=plugins.database_key())
    except PluginError as error:
        subject.key_trouble = error
        subject.settings = replace(subject.settings, secret_key_db=None)
    parts = put_together(subject.settings, plugins)
    plugins.declare(parts.context)
    app_of(parts)
