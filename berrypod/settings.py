"""The settings, read once from the environment and never changed afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast, get_args

from berrypod import proxies
from berrypod.errors import SettingsError

Environment = Literal["dev", "prod", "test"]

MINIMUM_SECRET_BYTES = 32

# Proxies give up after a minute, and so do people.
_LONGEST_WAIT_SECONDS = 60.0

# Development alone may run without SECRET_KEY_BASE. The value is public and protects nothing: production refuses it.
_DEVELOPMENT_KEY_BASE = "berrypod-development-only-not-a-secret-0000000000"


class Secret:
    """A string that does not appear in a repr, a log line or a traceback by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __len__(self) -> int:
        """Length in bytes, as UTF-8."""
        return len(self._value.encode())

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a Secret is not pickled: hand it over by a pipe or the environment")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says.

    `secret_key_base_former` are keys that SECRET_KEY_BASE was before: what was made with them is still accepted.
    `maintenance_wait_seconds` is how long a request waits while the shop's file is replaced, before it is told to come
    back. `trusted_proxies` are believed when they say, in `client_address_header`, where a request comes from.
    `environment_values` is the environment as it was read: plugins find the settings there that they declared.
    """

    environment: Environment = "dev"
    database_path: Path = Path("berrypod.db")
    secret_key_base: Secret = field(default_factory=lambda: Secret(_DEVELOPMENT_KEY_BASE))
    secret_key_base_former: tuple[Secret, ...] = ()
    secret_key_db: Secret | None = None
    disabled_plugins: frozenset[str] = frozenset()
    maintenance_wait_seconds: float = 5.0
    trusted_proxies: tuple[str, ...] = ()
    client_address_header: str = proxies.FORWARDED_FOR
    environment_values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def production(self) -> bool:
        return self.environment == "prod"

    @property
    def base_key_is_public(self) -> bool:
        """True in development without SECRET_KEY_BASE: sessions and encrypted fields are then not protected."""
        return is_public(self.secret_key_base)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings. `with_database_key` checks that production has that key: a plugin may know it.

        :raises SettingsError: a value is malformed, or production lacks SECRET_KEY_BASE or has a short one.
        """
        values = os.environ if environ is None else environ
        environment = values.get("BERRYPOD_ENV", "dev").strip() or "dev"
        if environment not in get_args(Environment):
            raise SettingsError(
                f"BERRYPOD_ENV is {environment!r}, which is none of dev, prod, test",
                hint="Set BERRYPOD_ENV=prod for a real shop, or leave it out while you develop.",
            )
        production = environment == "prod"
        base = _secret(values, "SECRET_KEY_BASE", required=production)
        return cls(
            environment=cast("Environment", environment),
            database_path=_database_path(values),
            secret_key_base=base or Secret(_DEVELOPMENT_KEY_BASE),
            secret_key_base_former=_former_secrets(values, "SECRET_KEY_BASE_FORMER"),
            secret_key_db=_secret(values, "SECRET_KEY_DB", required=False),
            disabled_plugins=frozenset(
                name.strip() for name in values.get("BERRYPOD_DISABLED_PLUGINS", "").split(",") if name.strip()
            ),
            maintenance_wait_seconds=_seconds(values, "BERRYPOD_MAINTENANCE_WAIT", default=5.0),
            trusted_proxies=proxies.parse_proxies(values.get(proxies.PROXIES, "")),
            client_address_header=proxies.parse_header(values.get(proxies.ADDRESS_HEADER, "")),
            environment_values=MappingProxyType(dict(values)),
        )

    def with_database_key(self, key: Secret | None) -> Settings:
        """These settings with the key that opens the database, wherever it came from.

        :raises SettingsError: production has none, or a short one.
        """
        if self.production:
            _require("SECRET_KEY_DB", key)
        return replace(self, secret_key_db=key)


def _database_path(values: Mapping[str, str]) -> Path:
    text = values.get("DATABASE_PATH", "").strip() or "berrypod.db"
    if "\0" in text:
        raise SettingsError("DATABASE_PATH contains a zero byte", hint="Set it to the path of the database file.")
    path = Path(text).expanduser().absolute()
    if _is_folder(path):
        raise SettingsError(
            f"DATABASE_PATH is a folder: {path}",
            hint=f"Name the file itself, for example DATABASE_PATH={path / 'berrypod.db'}",
        )
    return path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError:
        return False  # Nobody knows. Whoever opens it says what is wrong.


def _seconds(values: Mapping[str, str], name: str, *, default: float) -> float:
    text = values.get(name, "").strip()
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_WAIT_SECONDS:
        raise SettingsError(
            f"{name} is {text!r}, which is no number of seconds from 0 to {_LONGEST_WAIT_SECONDS:g}",
            hint=f"Set it to a number, for example {name}={default:g}, or leave it out.",
        )
    return seconds


def _secret(values: Mapping[str, str], name: str, *, required: bool) -> Secret | None:
    """The secret, or None if it is not set. `required`, as in production, it must be there and be long enough."""
    text = values.get(name, "")
    if text != text.strip():
        raise SettingsError(
            f"{name} begins or ends with white space",
            hint="Remove it: a stray newline would become part of the key, and other machines would not open the file.",
        )
    if "\0" in text:
        raise SettingsError(f"{name} contains a zero byte", hint=_type_this(name))
    secret = Secret(text) if text else None
    if required:
        _require(name, secret)
    return secret


def _former_secrets(values: Mapping[str, str], name: str) -> tuple[Secret, ...]:
    """Secrets with white space between them, of which `berrypod secret` makes none. A phrase counts as a whole, too."""
    text = values.get(name, "").strip()
    if "\0" in text:
        raise SettingsError(
            f"{name} contains a zero byte", hint="Set it to the former SECRET_KEY_BASE, or leave it out."
        )
    parts = text.split()
    found = parts if len(parts) < 2 else [*parts, text]
    return tuple(Secret(each) for each in found if each != values.get("SECRET_KEY_BASE"))


def _require(name: str, secret: Secret | None) -> None:
    if secret is None:
        raise SettingsError(f"{name} is not set, and BERRYPOD_ENV=prod needs it", hint=_type_this(name))
    if len(secret) < MINIMUM_SECRET_BYTES:
        raise SettingsError(
            f"{name} has {len(secret)} bytes; at least {MINIMUM_SECRET_BYTES} are needed", hint=_type_this(name)
        )
    if is_public(secret):
        raise SettingsError(f"{name} is the public key of development", hint=_type_this(name))


def is_public(secret: Secret) -> bool:
    """True for the key of development, which is printed in this file and protects nothing."""
    return secret.reveal() == _DEVELOPMENT_KEY_BASE


def _type_this(name: str) -> str:
    if name == "SECRET_KEY_DB":
        return (
            "For a new shop type: export SECRET_KEY_DB=$(berrypod secret)  - and keep it somewhere safe: "
            "without it nobody can open the shop. For a shop that exists, set the key with which it was made."
        )
    return f"Type: export {name}=$(berrypod secret)"
