"""The words of a notification: as mail, as JSON, as one line."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any, Final

from berrypod.declarations import Notification, NotificationKind

_BEGIN: Final[dict[NotificationKind, str]] = {
    "alarm": "",
    "reminder": "Still: ",
    "recovered": "Well again: ",
    "test": "",
}
_LONGEST_SUBJECT: Final = 200


def identity(notification: Notification) -> str:
    """The same for the same notification, however often it is sent: a receiver can tell a repetition by it."""
    return _digest(_thread(notification), notification.kind, notification.at.isoformat())


def line(notification: Notification) -> str:
    """`Berry & Plum: Still: The last backup is 3 days old`."""
    return _one_line(f"{notification.shop}: {_BEGIN[notification.kind]}{notification.condition.title}")


def mail(notification: Notification, *, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """As mail. What belongs to one condition is one thread."""
    message = EmailMessage()
    shop = _one_line(notification.shop)
    subject = _one_line(f"[{shop}] {_BEGIN[notification.kind]}{notification.condition.title}")
    message["Subject"] = subject[:_LONGEST_SUBJECT]
    message["From"] = formataddr((shop, sender))
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(notification.at)
    domain = sender.rpartition("@")[2]
    message["Message-ID"] = f"<{identity(notification)}@{domain}>"
    message["References"] = f"<{_thread(notification)}@{domain}>"
    # Nobody's automatic reply is wanted (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(notification))
    return message


def document(notification: Notification) -> dict[str, Any]:
    """As JSON. `text` is for people: what webhooks of chat programs show."""
    condition = notification.condition
    return {
        "id": identity(notification),
        "kind": notification.kind,
        "shop": notification.shop,
        "part": notification.part,
        "since": notification.since.isoformat(timespec="seconds"),
        "at": notification.at.isoformat(timespec="seconds"),
        "condition": {
            "code": condition.code,
            "severity": condition.severity,
            "title": condition.title,
            "text": condition.text,
            "what_to_do": condition.what_to_do,
            "path": condition.path,
        },
        "text": f"{line(notification)}\n{_told(notification)}",
    }


def _body(notification: Notification) -> str:
    condition = notification.condition
    since = f"Since {notification.since:%Y-%m-%d %H:%M} UTC."
    ended = f"It began on {notification.since:%Y-%m-%d at %H:%M} UTC, and is over."
    parts = [
        f"{_BEGIN[notification.kind]}{condition.title}",
        _told(notification),
        ended if notification.kind == "recovered" else since if notification.kind != "test" else "",
        f"The page that helps, in the administration of the shop: {condition.path}"
        if condition.path and notification.kind != "recovered"
        else "",
        f"-- \n{_one_line(notification.shop)} watches over itself. Where this goes to is set on /admin/alarms.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _told(notification: Notification) -> str:
    condition = notification.condition
    if notification.kind == "recovered":
        return "There is nothing to be done."
    return f"{condition.text}\nWhat to do: {condition.what_to_do}"


def _thread(notification: Notification) -> str:
    return _digest(notification.part, notification.condition.code, notification.since.isoformat())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
