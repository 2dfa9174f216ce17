"""Settings in a file of `NAME=value` lines, as shells, systemd and containers read them."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values

from berrypod.errors import SettingsError


def read_env_file(path: Path) -> dict[str, str]:
    """The values of a file. Nothing in them is expanded: a key may contain a dollar sign.

    :raises SettingsError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            values = dotenv_values(stream=file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file {path} cannot be read: {error}", hint="Correct --env-file.") from error
    return {name: value or "" for name, value in values.items()}


def load_env_file(path: Path) -> None:
    """Put the values of a file into the environment. What is set there already stays."""
    for name, value in read_env_file(path).items():
        os.environ.setdefault(name, value)
