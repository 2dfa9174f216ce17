"""What can be wrong with a request for a restore."""

from __future__ import annotations

from berrypod.errors import BerrypodError


class RestoreError(BerrypodError):
    code = "restore_failed"
    title = "The database could not be replaced"
    default_hint = "The shop runs on the database that it had. Read the reason, put it right and try again."


class RestoreUnknown(RestoreError):
    code = "restore_unknown"
    status = 404
    title = "There is no such restore"
    default_hint = (
        "`berrypod restore list`, or GET /api/restores, shows them. A file that nobody restored is removed after a day."
    )


class FormerNeeded(RestoreError):
    code = "former_needed"
    status = 409
    title = "The newest former database is always kept"
    default_hint = "The last restore is undone with it. It goes when a newer one takes its place."


class FormerUnknown(RestoreError):
    code = "former_unknown"
    status = 404
    title = "There is no such former database"
    default_hint = (
        "`berrypod restore list`, or GET /api/restores/formers, shows those that are kept. The oldest ones are removed."
    )


class FormerUnusable(RestoreError):
    code = "former_unusable"
    status = 409
    title = "The former database cannot be put back"
    default_hint = "Choose an older one, or stage a backup."


class RestoreNotReady(RestoreError):
    code = "restore_not_ready"
    status = 409
    title = "The file is not ready to be restored"
    default_hint = "Look at its state: only what is `ready` can be restored."


class RestoreRunning(RestoreError):
    """`operation`, `by`, `since` and `restore_id` in its details say who is at it."""

    code = "restore_running"
    status = 409
    title = "The database is being replaced already"
    default_hint = "Wait until that has ended, look what became of it, and try again. Yours has changed nothing."


class StateChanged(RestoreError):
    """`expect` and `comparison` in its details are the new ones, where they could be had."""

    code = "state_changed"
    status = 409
    title = "The shop has changed since you compared"
    default_hint = "Look at the new comparison, and confirm again if it suits you. Nothing was replaced."


class WouldLose(RestoreError):
    """`expect` and `comparison` in its details say what, and how to confirm it."""

    code = "would_lose"
    status = 409
    title = "Something that is in the shop would be lost"
    default_hint = "Look what it is, and confirm it: send `expect` as it is told here."


class TooManyRestores(RestoreError):
    code = "too_many_restores"
    status = 409
    title = "Too many files wait to be restored already"
    default_hint = "Discard one of them: each takes as much space as a whole shop."


class UploadTooLarge(RestoreError):
    code = "upload_too_large"
    status = 413
    title = "The file is larger than this shop takes"
    default_hint = (
        "Raise BERRYPOD_RESTORE_MAX_BYTES and start the shop again; or restore it on the machine itself "
        "with `berrypod restore apply FILE`."
    )


class UploadIncomplete(RestoreError):
    code = "upload_incomplete"
    status = 400
    title = "The upload ended too soon"
    default_hint = "Nothing of it was kept. Send the file once more."


class WrongContentType(RestoreError):
    code = "wrong_content_type"
    status = 415
    title = "The body is not sent as raw bytes"
    default_hint = (
        "Send the file itself as the body, with `Content-Type: application/octet-stream` "
        "(curl: `-H 'Content-Type: application/octet-stream' --data-binary @FILE`, or `-T FILE -X POST`)."
    )
