"""Settings in a file of `NAME=value` lines, as shells, systemd and containers read them."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values

from berrypod.errors import SettingsError

_CORRECT = "Correct --env-file (or BERRYPOD_ENV_FILE): it names a file with lines of NAME=value."


def read_env_file(path: Path) -> dict[str, str]:
    """The values of a file. Nothing in them is expanded: a key may contain a dollar sign.

    :raises SettingsError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            values = dotenv_values(stream=file, interpolate=False)
    except FileNotFoundError as error:
        raise SettingsError(f"There is no file {path} to read the settings from", hint=_CORRECT) from error
    except PermissionError as error:
        raise SettingsError(
            f"The file {path} cannot be read: it is another user's",
            hint="It has the keys, so that is right. Run the command as that user; or, where systemd starts the shop, "
            "as docs/deploy.md says.",
        ) from error
    except OSError as error:
        raise SettingsError(f"The file {path} cannot be read: {error.strerror}", hint=_CORRECT) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The file {path} is no text", hint=_CORRECT) from error
    return {name: value or "" for name, value in values.items()}


def load_env_file(path: Path) -> None:
    """Put the values of a file into the environment. What is set there already stays."""
    for name, value in read_env_file(path).items():
        os.environ.setdefault(name, value)
