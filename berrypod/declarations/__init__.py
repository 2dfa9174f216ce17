"""What a plugin declares: frozen records that check themselves, so that a mistake is told where it was made.

Nothing in here does anything. Hooks return these records at start-up (`hookspecs.py`), the core keeps them,
and the functions that they carry are called later, one plugin at a time, by `plugins.py`. A function may be
`async`, and then runs on the event loop and must not block it, or plain, and then runs in a thread of its
own.
"""

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
    "BackupExporter",
    "CheckFunction",
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
    "Judgement",
    "KeptCopies",
    "KeptCopy",
    "Level",
    "PanelRequest",
    "Refuse",
    "RenderFunction",
    "RestoreCandidate",
    "RestoreGuard",
    "SettingDeclaration",
    "Snapshot",
    "StatsProvider",
    "Warn",
]
