"""What can be wrong with a drill."""

from __future__ import annotations

from berrypod.errors import BackupError, BerrypodError
from berrypod.records import Trouble


class DrillUnknown(BackupError):
    code = "drill_unknown"
    status = 404
    title = "There is no such drill"
    default_hint = "GET /api/backups/drills lists them. Records of old drills are removed."


class TooManyDrills(BackupError):
    code = "too_many_drills"
    status = 409
    title = "Too many drills wait already"
    default_hint = "One is done at a time. Cancel one of them, or wait."


class DrillInterrupted(BackupError):
    code = "drill_interrupted"
    status = 409
    title = "The drill was ended before it could tell anything"
    default_hint = "The backup is as it was before, and so is the shop. Start the drill again."


class Unproven(Exception):
    """Why a backup is not proven. `conclusive`: it is the backup's fault; otherwise nobody knows more than before."""

    def __init__(self, trouble: Trouble, *, conclusive: bool) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble
        self.conclusive = conclusive

    @classmethod
    def because(cls, error: BerrypodError, *, conclusive: bool) -> Unproven:
        return cls(Trouble.of(error), conclusive=conclusive)
