"""Checks of the disk: what is free, and whether its file system keeps locks and outlives the machine's restart."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from berrypod.declarations.doctor import Finding
from berrypod.doctor.findings import failed, passed, warned
from berrypod.doctor.mounts import mount_of
from berrypod.doctor.subject import Subject
from berrypod.storage.files import free_bytes, people_size
from berrypod.storage.log import log_path
from berrypod.storage.snapshot import SPARE_BYTES

_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs"}
    | {"nfs4", "ocfs2", "orangefs", "smb3", "smbfs"}
)
# Folders of the machine around a virtual one.
_SHARED = frozenset({"prl_fs", "vboxsf", "virtiofs", "vmhgfs"})
_GONE_AT_RESTART = frozenset({"tmpfs", "ramfs"})
_LAYERED = frozenset({"overlay", "aufs"})
_WITHOUT_MODES = frozenset({"vfat", "msdos", "exfat"})
# As in `fuse.sshfs`. `fuseblk` is a local disk: NTFS, mostly.
_FUSE = "fuse"


def space(subject: Subject) -> Finding:
    """A backup fits on the disk, and a restore, which needs about as much again."""
    name = "space"
    folder = _existing(subject.path.parent)
    size = sum(path.stat().st_size for path in (subject.path, log_path(subject.path)) if path.exists())
    free = free_bytes(folder)
    told = f"{people_size(free)} are free in {folder}, and the shop has {people_size(size)}"
    make_room = "Free some space, or move the shop to a bigger disk. Former databases and old backups are a good start."
    if free < SPARE_BYTES:
        return failed(name, "The disk is nearly full", f"{told}. Soon no order can be saved.", make_room)
    if free < size + SPARE_BYTES:
        return failed(name, "The disk is too full for a backup", f"{told}. A copy needs about as much.", make_room)
    if free < 2 * size + SPARE_BYTES:
        why = f"{told}. A backup fits; a restore beside it, which keeps the former database, may not."
        return warned(name, "The disk may be too full for a restore", why, make_room)
    if _without_inodes(folder):
        why = f"The file system of {folder} can hold no further file, however small (inodes)."
        return failed(name, "The disk has no room for another file", why, "Remove files that nobody needs.")
    return passed(name, "The disk has room for a backup and a restore", told)


def file_system(subject: Subject) -> Sequence[Finding]:
    """The file system keeps locks between processes, and keeps the file."""
    name = "file-system"
    mount = mount_of(subject.path.parent)
    if mount is None:
        return []
    kind, where = mount.kind, f"{subject.path.parent} is on {mount.kind} ({mount.source}, mounted at {mount.point})"
    local = "Keep the file on a local disk, and let backups go over the network."
    if kind in _NETWORK or kind in _SHARED or kind.partition(".")[0] == _FUSE:
        why = f"{where}. Locks are not kept reliably there, and two processes that do not see them destroy the file."
        return [warned(name, "The database is on a file system without reliable locks", why, local)]
    if kind in _LAYERED:
        why = f"{where}: a layer of a container. The shop is gone when the container is."
        return [warned(name, "The database is inside of a container", why, "Mount a volume for the database's folder.")]
    if kind in _GONE_AT_RESTART:
        why = f"{where}: memory. The shop is gone when the machine restarts."
        return [warned(name, "The database is in memory", why, "Move it to a disk.")]
    if kind in _WITHOUT_MODES:
        why = f"{where}, which knows no owners and modes: everybody on the machine can read and write the file."
        return [warned(name, "The file system protects no file", why, "Move it to a disk with ext4, xfs or the like.")]
    return [passed(name, "The database is on a local disk", f"{kind}, {mount.source}")]


def _without_inodes(folder: Path) -> bool:
    status = os.statvfs(folder)
    return status.f_files > 0 and status.f_favail == 0  # Some (btrfs) do not count them.


def _existing(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)
