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


def identity(*notifications: Notification) -> str:
    """The same for the same notifications, however often they are sent: a receiver can tell a repetition by it."""
    # In whatever order they come.
    each = sorted(_digest(_thread(one), one.kind, one.at.isoformat()) for one in notifications)
    return each[0] if len(each) == 1 else _digest(*each)


def line(notification: Notification) -> str:
    """`Berry & Plum: Still: The last backup is 3 days old`."""
    return _one_line(f"{notification.shop}: {_headline(notification)}")


def mail(*notifications: Notification, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """As one mail, with the worst of them first. What belongs to one condition is one thread."""
    told = sorted(notifications, key=_urgency)
    first = told[0]
    message = EmailMessage()
    shop = _one_line(first.shop)
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    subject = _one_line(f"[{shop}] {_headline(first)}")
    message["Subject"] = subject[: _LONGEST_SUBJECT - len(more)] + more
    message["From"] = formataddr((shop, sender))
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(max(one.at for one in told))
    domain = sender.rpartition("@")[2]
    message["Message-ID"] = f"<{identity(*told)}@{domain}>"
    # The last one is the thread that programs put it into.
    message["References"] = " ".join(f"<{_thread(one)}@{domain}>" for one in reversed(told))
    # Nobody's automatic reply is wanted (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(told))
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


def _urgency(notification: Notification) -> tuple[int, bool]:
    """What has begun comes before what goes on, and that before what is over; what is bad before the rest."""
    return list(_BEGIN).index(notification.kind), notification.condition.severity != "bad"


def _body(notifications: Sequence[Notification]) -> str:
    shop = _one_line(notifications[0].shop)
    titles = [f"- {_headline(one)}" for one in notifications]
    parts = [
        *(["\n".join(titles)] if len(titles) > 1 else []),
        *(_section(one) for one in notifications),
        f"-- \n{shop} watches over itself. Where this goes to is set on /admin/alarms.",
    ]
    return ("\n\n\n" if len(titles) > 1 else "\n\n").join(parts) + "\n"


def _headline(notification: Notification) -> str:
    return f"{_BEGIN[notification.kind]}{notification.condition.title}"


def _section(notification: Notification) -> str:
    condition = notification.condition
    since = f"Since {notification.since:%Y-%m-%d %H:%M} UTC."
    ended = f"It began on {notification.since:%Y-%m-%d at %H:%M} UTC, and is over."
    parts = [
        _headline(notification),
        _told(notification),
        ended if notification.kind == "recovered" else since if notification.kind != "test" else "",
        f"The page that helps, in the administration of the shop: {condition.path}"
        if condition.path and notification.kind != "recovered"
        else "",
    ]
    return "\n\n".join(part for part in parts if part)


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
