"""The audit log: who did what to the shop, when and from where, in a file beside the database.

Not in the database: a restore replaces that, and what it must not take along is the story of the restore. The file is
JSON, one line an event, appended and never changed.

    entries   which events, and what a line says
    file      the file: appended by several processes, durable, rotated
    log       events queued and written in the background; `record` for who must know that it is written
    flood     failed sign-ins that are too many to list
    reading   the newest first, page by page
    words     what a line says to people
"""

from __future__ import annotations

from berrypod.audit.entries import KINDS, AuditEntry, Kind
from berrypod.audit.log import AuditLog, AuditTrouble
from berrypod.audit.reading import AuditPage

__all__ = ["KINDS", "AuditEntry", "AuditLog", "AuditPage", "AuditTrouble", "Kind"]
