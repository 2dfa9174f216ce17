"""What a line of the log says to people.

Lines come from a file that other versions of Berrypod wrote too, or an editor: nothing is taken for granted of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from berrypod import events
from berrypod.audit.entries import AuditEntry
from berrypod.audit.flood import COUNTED, REST_IS_COUNTED
from berrypod.storage.files import people_size

Tone = Literal["good", "info", "warn", "bad"]

_LARGEST: Final = 2**63


@dataclass(frozen=True)
class Told:
    """`title` says what happened, `text` the particulars. `tone`: was it good, noteworthy, worrying, or bad?"""

    title: str
    text: str = ""
    tone: Tone = "info"


def describe(entry: AuditEntry) -> Told:
    """The line in words; of an event that this version does not know, its name and its fields."""
    how = _WORDS.get(entry.event)
    if how is None:
        return Told(entry.event, " · ".join(f"{name}: {value}" for name, value in entry.details.items()))
    return how(_Details(entry.details))


def who(entry: AuditEntry) -> str:
    """Who did it."""
    actor = entry.actor
    if actor is None:
        return "Somebody who is not signed in" if entry.event == events.AdminSignInFailed.name else "The shop itself"
    kind, _, name = actor.partition(":")
    match kind:
        case "admin" if name:
            return name
        case "token" if name:
            return f"The token bp_{name}_…"
        case "cli":
            return "The command line"
        case _:
            return actor


class _Details:
    """The fields of an event, as text."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        value = self._values.get(name)
        if isinstance(value, list):
            return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return "" if value is None else str(value)

    def is_true(self, name: str) -> bool:
        return self._values.get(name) is True

    def number(self, name: str) -> float:
        value = self._values.get(name)
        return float(value) if isinstance(value, (int, float)) and abs(value) < _LARGEST else 0.0

    @property
    def size(self) -> str:
        size = self._values.get("size_bytes")
        return people_size(size) if isinstance(size, int) and 0 <= size < _LARGEST else ""

    @property
    def digest(self) -> str:
        """Enough of it to compare with one's own copy."""
        return f"SHA-256 {self['sha256'][:16]}…" if self["sha256"] else ""

    @property
    def file(self) -> str:
        return _joined(self.size, self.digest)

    @property
    def trouble(self) -> str:
        return sentences(self["error"], self["hint"])

    @property
    def undo(self) -> bool:
        return self["operation"] == "undo"


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def sentences(*parts: str) -> str:
    """The parts, each ended by a full stop if nothing else ends it."""
    return " ".join(part if part.endswith((".", "!", "?", "…")) else f"{part}." for part in parts if part)


_CHANGES: Final = MappingProxyType(
    {
        "password": "The password of {} was changed",
        "totp_enabled": "The second factor of {} was turned on",
        "totp_disabled": "The second factor of {} was turned off",
        "recovery_codes": "{} has new recovery codes",
        "disabled": "{} was disabled: no more sign-ins",
        "enabled": "{} was enabled and can sign in again",
    }
)
_REASONS: Final = MappingProxyType(
    {
        "password": "The address or the password was wrong",
        "totp": "The password was right, the code was not",
        "throttled": "Too many attempts: this one was not looked at",
    }
)
_SOURCES: Final = MappingProxyType(
    {
        "upload": "uploaded in the browser",
        "api": "sent by a program",
        "kept": "taken from a kept copy",
        "file": "named on the command line",
        "archive": "fetched from an archive by its address",
    }
)
_STAGES: Final = MappingProxyType(
    {
        "waiting": "waiting for its turn",
        "closing": "requests wait, the shop is being closed",
        "replacing": "the file is being replaced",
        "checking": "the new file is being checked",
        "opening": "the shop is being opened",
        "done": "done",
    }
)
_OUTCOMES: Final = MappingProxyType(
    {
        "replaced": "It had got far enough: the shop runs on the new database.",
        "unchanged": "Nothing had been replaced: the shop runs on the database that it had.",
        "returned": "The database from before was put back, and the shop runs on it.",
    }
)
_PRODUCT: Final = MappingProxyType(
    {"created": "added", "changed": "changed", "archived": "archived", "deleted": "deleted"}
)


def _admin_changed(of: _Details) -> Told:
    words = _CHANGES.get(of["change"], "The account {} was changed")
    return Told(words.format(of["email"]), tone="warn" if of["change"] in ("totp_disabled", "disabled") else "info")


def _sign_in_failed(of: _Details) -> Told:
    if of["reason"] == REST_IS_COUNTED:
        return Told("Many sign-ins fail", "Those of the next hour are counted, and no longer listed one by one.", "bad")
    if of["reason"] == COUNTED:
        return Told(f"{int(of.number('times')):,} more sign-ins failed", "Too many to list in the hour before.", "bad")
    return Told("A sign-in failed", _REASONS.get(of["reason"], of["reason"]), "warn")


def _inspected(of: _Details) -> Told:
    if of.is_true("acceptable"):
        return Told("A file for a restore was looked at: it can be restored", _joined(of["verdict"], of.file))
    return Told("A file for a restore was looked at: it cannot be restored", _joined(of["verdict"], of.file), "warn")


def _refused(of: _Details) -> Told:
    by = f"Refused by the guard {of['guard']} of the plugin {of['plugin']}." if of["guard"] else ""
    return Told("A restore was refused", sentences(of.trouble, by), "warn")


def _finished(of: _Details) -> Told:
    return Told("The shop's database was replaced by a backup", _joined(of.file, _closed(of), _arrived(of)), "good")


def _undone(of: _Details) -> Told:
    former = f"The database of {of['former']} is back"
    return Told("A restore was undone", _joined(former, _closed(of), _arrived(of)), "good")


def _closed(of: _Details) -> str:
    return f"the shop was closed for {of.number('closed_seconds'):.2f} s"


def _arrived(of: _Details) -> str:
    arrived = int(of.number("arrived_since"))
    orders = "1 order" if arrived == 1 else f"{arrived:,} orders"
    return f"{orders} of the last moment are in the former database alone" if arrived else ""


def _failed(of: _Details) -> Told:
    shop = (
        "The shop runs on the database that it had."
        if of.is_true("former_current")
        else "Look at the shop: it may not run on the database that it had."
    )
    return Told("An undo failed" if of.undo else "A restore failed", sentences(of.trouble, shop), "bad")


def _interrupted(of: _Details) -> Told:
    title = "An undo was cut short: the server ended" if of.undo else "A restore was cut short: the server ended"
    return Told(title, _OUTCOMES.get(of["outcome"], of["outcome"]), "warn")


def _former_removed(of: _Details) -> Told:
    why = "newer ones are kept" if of["reason"] == "pruned" else "it was deleted"
    return Told("A former database was removed", _joined(of["former"], of.size, why))


_NEWS: Final = MappingProxyType(
    {"reminder": " that it goes on", "recovered": " that it is well again", "test": " as a test"}
)


def _base_rotated(of: _Details) -> Told:
    renewed, unreadable, ended = (int(of.number(name)) for name in ("renewed", "unreadable", "sessions_ended"))
    text = _joined(
        f"{renewed:,} encrypted {'field' if renewed == 1 else 'fields'} renewed",
        f"{unreadable:,} that no key opens" if unreadable else "",
        f"{ended:,} sessions ended" if ended else "",
    )
    return Told("The key of sessions and encrypted fields was changed", text, "warn" if unreadable else "good")


_WORDS: Final[Mapping[str, Callable[[_Details], Told]]] = MappingProxyType(
    {
        events.AdminCreated.name: lambda of: Told(f"{of['email']} was made an admin"),
        events.AdminChanged.name: _admin_changed,
        events.AdminSignedIn.name: lambda _: Told("Signed in"),
        events.AdminSignInFailed.name: _sign_in_failed,
        events.AdminSignedOut.name: lambda of: Told(
            "Signed out everywhere" if of.is_true("everywhere") else "Signed out"
        ),
        events.TokenCreated.name: lambda of: Told(f"The token bp_{of['prefix']}_… was made", f"May: {of['scopes']}"),
        events.TokenRevoked.name: lambda of: Told(f"The token bp_{of['prefix']}_… was revoked"),
        events.BackupStarted.name: lambda of: Told("A backup was started", f"{of['exporter']} · {of['backup_id']}"),
        events.BackupFinished.name: lambda of: Told(
            "A backup was made", _joined(of["exporter"], of.file, of["backup_id"]), "good"
        ),
        events.BackupFailed.name: lambda of: Told(f"A backup failed: {of['exporter']}", of.trouble, "bad"),
        events.BackupDownloaded.name: lambda of: Told("A backup was downloaded", _joined(of.size, of["backup_id"])),
        events.KeptBackupDownloaded.name: lambda of: Told(
            f"A copy that {of['exporter']} keeps was downloaded", _joined(of.size, of["copy_id"])
        ),
        events.KeptBackupDeleted.name: lambda of: Told(
            f"A copy that {of['exporter']} kept was deleted", of["copy_id"], "warn"
        ),
        events.BackupProven.name: lambda of: Told(
            f"A backup of {of['exporter']} was proven: a shop was run on it",
            _joined(of["copy_id"], f"{of.number('seconds'):.1f} s"),
            "good",
        ),
        events.BackupDrillFailed.name: lambda of: Told(
            f"A drill failed: {of['exporter']}", sentences(of.trouble, of["copy_id"]), "bad"
        ),
        events.BackupScheduleChanged.name: lambda of: Told(
            "Backups are made by themselves"
            if of.is_true("enabled")
            else "Backups are not made by themselves any more",
            of["when"] if of.is_true("enabled") else "",
            "info" if of.is_true("enabled") else "warn",
        ),
        events.BackupRetentionChanged.name: lambda of: Told(
            "Which backups are removed in time was changed"
            if of.is_true("enabled")
            else "No backup is removed in time any more"
        ),
        events.BackupPlaceChanged.name: lambda of: Told(
            f"Where backups go was changed: {of['exporter']}", of["location"] or "What was set is forgotten"
        ),
        events.RestoreStaged.name: lambda of: Told(
            "A file for a restore is here", _joined(_SOURCES.get(of["source"], of["source"]), of.file)
        ),
        events.RestoreInspected.name: _inspected,
        events.RestoreRefused.name: _refused,
        events.RestoreDiscarded.name: lambda of: Told("A file for a restore was thrown away", of.file),
        events.RestoreStarted.name: lambda of: Told(
            "An undo was confirmed" if of.undo else "A restore was confirmed", of.file, "warn"
        ),
        events.RestoreStageReached.name: lambda of: Told(
            f"{'Undo' if of.undo else 'Restore'}: {_STAGES.get(of['stage'], of['stage'])}"
        ),
        events.RestoreFinished.name: _finished,
        events.RestoreFailed.name: _failed,
        events.RestoreInterrupted.name: _interrupted,
        events.RestoreUndone.name: _undone,
        events.FormerDatabaseRemoved.name: _former_removed,
        events.KeyKitMade.name: lambda of: Told(
            "The emergency kit of the key was made", f"Key {of['fingerprint']}", "warn"
        ),
        events.KeyKept.name: lambda of: Told(
            "The key is kept elsewhere: it was shown", f"Key {of['fingerprint']}", "good"
        ),
        events.KeyNotRecognised.name: lambda of: Told(
            "What was entered as the key that is kept is another one", f"The shop's is {of['fingerprint']}", "warn"
        ),
        events.BaseKeyRotated.name: _base_rotated,
        events.KeyRotationStarted.name: lambda of: Told(
            "A change of the shop's key was begun", f"From {of['fingerprint']} to {of['new_fingerprint']}", "warn"
        ),
        events.KeyRotated.name: lambda of: Told(
            "The shop's key was changed", f"From {of['former_fingerprint']} to {of['fingerprint']}", "good"
        ),
        events.KeyRotationFailed.name: lambda of: Told("The shop's key could not be changed", of["message"], "bad"),
        events.KeyRotationConfirmed.name: lambda of: Told(
            "The change of the shop's key was confirmed", f"Key {of['fingerprint']}", "good"
        ),
        events.DatabaseEncrypted.name: lambda of: Told(
            "The shop's file was encrypted", _joined(f"Key {of['fingerprint']}", of.size), "good"
        ),
        events.DatabaseDecrypted.name: lambda of: Told(
            "The shop's file was decrypted: anybody who has it can read it",
            _joined(f"It was under the key {of['fingerprint']}", of.size),
            "bad",
        ),
        events.NotificationSent.name: lambda of: Told(
            f"{of['notifier']} was told{_NEWS.get(of['kind'], '')}: {of['title']}",
            f"{of['part']} · {of['condition']}",
            "good" if of["kind"] == "recovered" else "info",
        ),
        events.NotificationFailed.name: lambda of: Told(
            f"{of['notifier']} could not be told of {of['condition']}", of.trouble, "bad"
        ),
        events.NotificationSettingsChanged.name: lambda of: Told(
            f"Alarms go to {of['notifier']} no more"
            if of["change"] == "removed"
            else f"Where {of['notifier']} sends alarms to was changed",
            tone="warn",
        ),
        events.PluginQuarantined.name: lambda of: Told(
            f"The plugin {of['plugin']} failed at start and is not called", of["error"], "bad"
        ),
        events.ProductChanged.name: lambda of: Told(
            f"The product {of['slug']} was {_PRODUCT.get(of['change'], of['change'])}"
        ),
        events.OrderPlaced.name: lambda of: Told(f"The order {of['number']} was placed"),
        events.OrderStatusChanged.name: lambda of: Told(
            f"The order {of['number']} is {of['status']} now", f"it was {of['before']}"
        ),
        events.SubscriberJoined.name: lambda of: Told(f"The subscriber {of['subscriber_id']} was added"),
        events.SubscriberLeft.name: lambda of: Told(f"The subscriber {of['subscriber_id']} was removed"),
    }
)
