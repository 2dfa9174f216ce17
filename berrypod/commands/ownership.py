"""Root's commands, and the shop of another user.

A `sudo berrypod backup create` left a folder of root's beside the shop; the shop, which ran as a user of its own, made
no backups any more, and its key could not be changed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from berrypod.errors import SettingsError
from berrypod.storage.gate import Gate


class AnotherUsersShop(SettingsError):
    code = "another_users_shop"
    title = "Root must not leave files of its own among a shop's"


def require_own_shop(database: Path) -> None:
    """Does nothing for other users than root: those cannot write, where they should not.

    :raises AnotherUsersShop: this is root, and another user runs the shop.
    """
    if os.geteuid() == 0 and (owner := _who_runs(database)):
        from berrypod.doctor.folder import user_name  # noqa: PLC0415 - slow to import

        user = user_name(owner)
        raise AnotherUsersShop(
            f"The shop {database} is run by the user {user}, and could neither read nor write what root makes there",
            hint=f"Type: runuser -u {user} -- berrypod ...  - with the same settings: docs/deploy.md. "
            f"Or, if root is to run the shop from now on: chown -R root {database}*",
        )


def _who_runs(database: Path) -> int | None:
    """The user's number; None if there is none but root.

    Whoever runs a shop has made its lock. The file itself may have come from another machine, with whatever owner.
    """
    with suppress(OSError):
        lock = Gate(database).path
        owner = lock.stat().st_uid
        # Some file systems (of virtual machines, say) give every file one owner, whoever makes it.
        with TemporaryFile(dir=lock.parent) as made:
            return owner if os.fstat(made.fileno()).st_uid != owner else None
    return None
