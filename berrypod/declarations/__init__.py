"""What a plugin declares: frozen records that check themselves, so that a mistake is told where it was made.

Nothing in here does anything. Hooks return these records at start-up (`hookspecs.py`), the core keeps them,
and the functions that they carry are called later, one plugin at a time, by `plugins.py`. A function may be
`async`, and then runs on the event loop and must not block it, or plain, and then runs in a thread of its
own.
"""

from berrypod.declarations.archives import (
    ArchiveSource,
    OpenFunction,
    Rehearsed,
    RehearseFunction,
    RestoreRehearsal,
)
from berrypod.declarations.backups import (
    BackupExporter,
    Delivered,
    ExportedFile,
    ExportFunction,
    ExportResult,
    KeptCopies,
    KeptCopy,
    Snapshot,
)
from berrypod.declarations.declared import Declared
from berrypod.declarations.doctor import DoctorCheck, Examination, Finding, FindingsFunction, Level
from berrypod.declarations.figures import Figure, FiguresFunction, StatsProvider
from berrypod.declarations.health import (
    Condition,
    ConditionsFunction,
    HealthPart,
    Notification,
    NotificationKind,
    Notifier,
    SendFunction,
    Severity,
)
from berrypod.declarations.panels import AdminPanel, PanelRequest, RenderFunction
from berrypod.declarations.restores import (
    GUARD_FAILED,
    Allow,
    CheckFunction,
    Judgement,
    Refuse,
    RestoreCandidate,
    RestoreGuard,
    Warn,
)
from berrypod.declarations.settings import SettingDeclaration

__all__ = [
    "GUARD_FAILED",
    "AdminPanel",
    "Allow",
    "ArchiveSource",
    "BackupExporter",
    "CheckFunction",
    "Condition",
    "ConditionsFunction",
    "Declared",
    "Delivered",
    "DoctorCheck",
    "Examination",
    "ExportFunction",
    "ExportResult",
    "ExportedFile",
    "Figure",
    "FiguresFunction",
    "Finding",
    "FindingsFunction",
    "HealthPart",
    "Judgement",
    "KeptCopies",
    "KeptCopy",
    "Level",
    "Notification",
    "NotificationKind",
    "Notifier",
    "OpenFunction",
    "PanelRequest",
    "Refuse",
    "RehearseFunction",
    "Rehearsed",
    "RenderFunction",
    "RestoreCandidate",
    "RestoreGuard",
    "RestoreRehearsal",
    "SendFunction",
    "SettingDeclaration",
    "Severity",
    "Snapshot",
    "StatsProvider",
    "Warn",
]
