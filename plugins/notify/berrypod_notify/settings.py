"""Where alarms go to, and how often: saved in the shop's file under a second key, or given by the environment.

Each of the three (e-mail, webhook, pace) comes from one of the two, and the environment wins: a mixture of both would
send one server's password to another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from berrypod.context import PluginContext
from berrypod.errors import Invalid, SettingsError, StorageError
from berrypod.records import Trouble
from berrypod.storage.fields import FieldUnreadable
from berrypod.stored import Stored
from berrypod_notify import checking, names

Security: TypeAlias = Literal["starttls", "tls", "none"]
SECURITIES: Final[tuple[Security, ...]] = get_args(Security)
PORTS: Final[dict[Security, int]] = {"starttls": 587, "tls": 465, "none": 25}

_BY_NAME: Final[dict[str, Security]] = {name: name for name in SECURITIES}
_NO_CHOICE: Final[Security] = "none"

REMIND_HOURS: Final = (6.0, 24.0)

_KEY: Final = "notify.settings"


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail goes. `starttls` and `tls` check the server's certificate; `none` sends everything in the clear."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)]
    security: Security
    username: str = ""
    password: str = ""
    sender: str
    recipients: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Mail({self.host!r}, {self.port}, {self.security!r}, to={self.recipients!r})"


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """Where the webhook goes. The address counts as a secret: of many services, whoever has it may post."""

    url: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"Hook({self.shown!r})"

    @property
    def shown(self) -> str:
        """As much of the address as may be shown."""
        return checking.shown_address(self.url)


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What the page has saved."""

    mail: Mail | None = None
    hook: Hook | None = None
    remind_hours: tuple[float, ...] = REMIND_HOURS


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What holds now, and which of it the environment says."""

    mail: Mail | None
    hook: Hook | None
    remind_hours: tuple[float, ...]
    given: frozenset[str]


class Configuration:
    """The settings of one shop."""

    def __init__(self, context: PluginContext) -> None:
        """:raises SettingsError: a variable of the environment makes no sense."""
        self._stored = Stored(context.database, _KEY, Saved, Saved(), encrypted=True)
        setting = context.setting
        self._mail = _understood(names.SMTP_HOST, lambda: _mail_of(setting)) if setting(names.SMTP_HOST) else None
        self._hook = _understood(names.WEBHOOK_URL, lambda: _hook_of(setting)) if setting(names.WEBHOOK_URL) else None
        pace = setting(names.REMIND_HOURS)
        self._remind = _understood(names.REMIND_HOURS, lambda: checking.hours(pace)) if pace else None
        self.look_seconds = _understood(
            names.LOOK_SECONDS, lambda: checking.seconds(setting(names.LOOK_SECONDS) or "60")
        )
        self._latest = self._with(Saved())

    async def latest(self) -> tuple[Targets, Trouble | None]:
        """What holds; if that cannot be read, what held when it last could, and why.

        A shop whose file is damaged is one to tell of.
        """
        try:
            self._latest = await self.now()
        except StorageError as error:
            return self._latest, Trouble.of(error)
        return self._latest, None

    async def now(self) -> Targets:
        """What holds now.

        :raises StorageError: the shop's file cannot be read, or was encrypted under another SECRET_KEY_BASE.
        """
        return self._with(await self._stored.get())

    async def save(self, change: Callable[[Saved], Saved]) -> None:
        """Change what is saved. What no key opens any more is entered anew, and so begins from nothing.

        :raises StorageError: it could not be written, and is as before.
        """
        try:
            saved = await self._stored.get()
        except FieldUnreadable:
            saved = Saved()
        # Put, and never reset: a record that is there is carried over a restore, and one that is not comes back by it.
        await self._stored.put(change(saved))

    def _with(self, saved: Saved) -> Targets:
        given = {names.EMAIL: self._mail, names.WEBHOOK: self._hook, names.PACE: self._remind}
        return Targets(
            mail=self._mail or saved.mail,
            hook=self._hook or saved.hook,
            remind_hours=self._remind or saved.remind_hours,
            given=frozenset(name for name, value in given.items() if value),
        )


def _mail_of(setting: Callable[[str], str | None]) -> Mail:
    return mail(
        host=setting(names.SMTP_HOST) or "",
        port=setting(names.SMTP_PORT) or "",
        security=setting(names.SMTP_SECURITY) or "starttls",
        username=setting(names.SMTP_USERNAME) or "",
        password=setting(names.SMTP_PASSWORD) or "",
        sender=setting(names.SMTP_FROM) or "",
        recipients=setting(names.SMTP_TO) or "",
    )


def _hook_of(setting: Callable[[str], str | None]) -> Hook:
    return hook(url=setting(names.WEBHOOK_URL) or "", secret=setting(names.WEBHOOK_SECRET) or "")


def mail(*, host: str, port: str, security: str, username: str, password: str, sender: str, recipients: str) -> Mail:
    """From what was entered. `recipients` are separated by commas or lines; an empty `port` is the usual one.

    :raises Invalid: with a line for each field that makes no sense.
    """
    errors = checking.Errors()
    chosen = _BY_NAME.get(security.strip().lower())
    if chosen is None:
        errors.add("security", f"Choose one of: {', '.join(SECURITIES)}.")
    found = Mail(
        host=errors.of("host", lambda: checking.host(host)) or "",
        port=errors.of("port", lambda: checking.port(port, PORTS[chosen or _NO_CHOICE])) or 1,
        security=chosen or _NO_CHOICE,
        username=username.strip(),
        password=password,
        sender=errors.of("sender", lambda: checking.address(sender)) or "",
        recipients=errors.of("recipients", lambda: checking.addresses(recipients)) or (),
    )
    if found.username and not password:
        errors.add("password", "With a user name, the server asks for the password.")
    errors.settle("The settings for e-mail cannot be accepted")
    return found


def hook(*, url: str, secret: str) -> Hook:
    """From what was entered. :raises Invalid: with a line for each field that makes no sense."""
    errors = checking.Errors()
    found = Hook(url=errors.of("url", lambda: checking.web_address(url)) or "", secret=secret)
    errors.settle("The settings for the webhook cannot be accepted")
    return found


def _understood(name: str, read: Callable[[], checking.T]) -> checking.T:
    try:
        return read()
    except Invalid as error:
        told = " ".join(f"{field}: {words}" for field, words in error.fields.items()) or error.message
        raise SettingsError(
            f"{name} and what belongs to it cannot be understood ({told})",
            hint="Correct it and start again; docs/alarms.md has each variable.",
        ) from None
