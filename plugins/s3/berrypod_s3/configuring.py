"""Where the settings of the storage come from.

Each is taken from the first of these that says it: the plugin's own variable in the environment; the record that was
saved on the admin page, which is encrypted in the shop's file and moves with it; AWS's variables. What makes up a key
is taken together.

A prefix that nobody has named is made once for each shop, at random, and kept in the shop's file: two shops in one
bucket never meet, and one that moves to another machine finds its backups again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

import msgspec

from berrypod.context import PluginContext
from berrypod.stored import Stored
from berrypod_s3 import names
from berrypod_s3.config import S3Config, checked
from berrypod_s3.faults import NotConfigured

KEY: Final = "backup.s3"
PLACE_KEY: Final = "backup.s3_place"

FIELDS: Final = ("bucket", "prefix", "endpoint", "region", "path_style", "access_key_id", "secret_access_key")

OWN: Final[Mapping[str, str]] = {
    "bucket": names.BUCKET,
    "prefix": names.PREFIX,
    "endpoint": names.ENDPOINT,
    "region": names.REGION,
    "path_style": names.PATH_STYLE,
    "access_key_id": names.ACCESS_KEY_ID,
    "secret_access_key": names.SECRET_ACCESS_KEY,
}
_OF_AWS: Final[Mapping[str, str]] = {
    "endpoint": names.AWS_ENDPOINT,
    "region": names.AWS_REGION,
    "access_key_id": names.AWS_ACCESS_KEY_ID,
    "secret_access_key": names.AWS_SECRET_ACCESS_KEY,
    "session_token": names.AWS_SESSION_TOKEN,
}
_CREDENTIALS: Final = ("access_key_id", "secret_access_key", "session_token")

_UNKNOWN: Final = "S3"


class S3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What was entered on the admin page. Nothing is an empty string."""

    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    path_style: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""

    def __repr__(self) -> str:
        return f"S3Settings(bucket={self.bucket!r}, prefix={self.prefix!r}, ...)"


class S3Place(msgspec.Struct, frozen=True, kw_only=True):
    """The prefix that was made for this shop."""

    prefix: str = ""


class Configuration:
    """The storage's settings, as they are at each use. One per app."""

    def __init__(self, context: PluginContext) -> None:
        self._context = context
        self._stored = Stored(context.database, KEY, S3Settings, S3Settings(), encrypted=True)
        self._place = Stored(context.database, PLACE_KEY, S3Place, S3Place())
        self._values: dict[str, str] = {}
        self._config: S3Config | None = None

    @property
    def identity(self) -> str:
        """There is one such storage in a shop."""
        return KEY

    @property
    def location(self) -> str:
        """As it was last known, for people."""
        return self._config.location if self._config else _UNKNOWN

    async def get(self) -> S3Config:
        """The same object for as long as nothing has changed.

        :raises NotConfigured: nobody has said where it is, or with which key.
        :raises Invalid: what was said cannot be right.
        :raises FieldUnreadable: SECRET_KEY_BASE is another one than when it was entered.
        """
        values = together(self.of_environment(), await self.saved(), self._of_aws())
        if missing := _missing(values):
            self._config = None
            raise NotConfigured(_words(missing), missing=missing)
        values["prefix"] = values.get("prefix") or await self.own_prefix()
        if self._config is None or values != self._values:
            self._config = config_of(values)
            self._values = values
        return self._config

    async def is_complete(self) -> bool:
        """Whether it has been said where the storage is, and with which key; right or wrong."""
        return not _missing(together(self.of_environment(), await self.saved(), self._of_aws()))

    def of_environment(self) -> dict[str, str]:
        """What the plugin's own variables say, by the names of fields."""
        return environment_of(self._context)[0]

    async def saved(self) -> S3Settings:
        """What was entered on the admin page."""
        return await self._stored.get()

    async def combined(self, settings: S3Settings) -> S3Config:
        """What would come of what was entered, together with the environment. Nothing is kept.

        :raises Invalid: it cannot be right.
        """
        values = together(self.of_environment(), settings, self._of_aws())
        return config_of({**values, "prefix": values.get("prefix") or await self.own_prefix()})

    async def save(self, settings: S3Settings) -> S3Config:
        """Keep what was entered.

        :raises Invalid: it cannot be right; nothing was kept.
        """
        config = await self.combined(settings)
        await self._stored.put(settings)
        return config

    async def forget(self) -> None:
        """Back to the environment alone. The shop's own prefix stays: its backups are there."""
        await self._stored.reset()

    async def known_prefix(self) -> str:
        """The prefix that only this shop has; nothing if none was made yet."""
        return (await self._place.get()).prefix

    async def own_prefix(self) -> str:
        """The prefix that only this shop has. It is made if need be."""
        if known := await self.known_prefix():
            return known
        async with self._context.database.write() as session:
            # Looked at again with the writer's turn: another process may have made one meanwhile.
            place = await self._place.get()
            if not place.prefix:
                place = S3Place(prefix=f"berrypod-{secrets.token_hex(6)}")
                await self._place.write(session, place)
        return place.prefix

    def _of_aws(self) -> dict[str, str]:
        return environment_of(self._context)[1]


def environment_of(context: PluginContext) -> tuple[dict[str, str], dict[str, str]]:
    """What the plugin's own variables say, and what AWS's do, by the names of fields."""

    def read(variables: Mapping[str, str]) -> dict[str, str]:
        found = {field: (context.setting(name) or "").strip() for field, name in variables.items()}
        return {field: value for field, value in found.items() if value}

    return read(OWN), read(_OF_AWS)


def together(own: Mapping[str, str], saved: S3Settings, aws: Mapping[str, str]) -> dict[str, str]:
    """Each field from the first that says it, and the key from the first that says a part of one."""
    sources: tuple[Mapping[str, str], ...] = (
        own,
        {name: value for name in FIELDS if (value := getattr(saved, name))},
        aws,
    )
    key = next((one for one in sources if any(one.get(name) for name in _CREDENTIALS)), dict[str, str]())
    values: dict[str, str] = {}
    for source in reversed(sources):
        values |= {name: value for name, value in source.items() if name not in _CREDENTIALS}
    return values | {name: key[name] for name in _CREDENTIALS if key.get(name)}


def config_of(values: Mapping[str, str]) -> S3Config:
    """:raises Invalid: with the fields that cannot be right."""
    return checked(**{name: values.get(name, "") for name in (*FIELDS, "session_token")})


def _missing(values: Mapping[str, str]) -> list[str]:
    return [name for name in ("bucket", "access_key_id", "secret_access_key") if not values.get(name)]


def _words(missing: list[str]) -> str:
    words = {
        "bucket": "the bucket",
        "access_key_id": "the access key's id",
        "secret_access_key": "the secret access key",
    }
    if "bucket" in missing and len(missing) == len(words):
        return NotConfigured.title
    return f"Off-site copies in S3 are not set up: {' and '.join(words[name] for name in missing)} is missing"
