"""What an engine does with an image, as far as a shop notices: its own processes, mounts and network; a volume."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.deploy.images import Image

# Nothing but the volume and /tmp can be written. The network is one of its own, and so is each port.
_CONFINED = (
    'mount --bind "$VOLUME" "$1/$MOUNTED" && mount -t tmpfs tmpfs "$1/tmp" && ip link set lo up'
    ' && mount --rbind "$1" "$1" && mount -o remount,bind,ro "$1"'
)


class Container:
    """One that runs: `Container(...)` in a `with`; it is killed at the end if nobody has stopped it."""

    def __init__(self, image: Image, volume: Path, env: Mapping[str, str], log: Path) -> None:
        self._image, self._volume, self._env, self._log = image, volume, {**image.env, **env}, log

    def __enter__(self) -> Self:
        (mounted,) = self._image.volumes
        command = self._image.entered(self._image.command, self._env, user=self._image.user, before=_CONFINED)
        command.insert(1, "--net")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "VOLUME": str(self._volume), "MOUNTED": mounted},
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            # By its first process, and with that all within: what `unshare --kill-child` asks the kernel for is
            # forgotten where a process takes another user.
            if first := self._first():
                subprocess.run(["kill", "-KILL", first], check=False)
            self._process.kill()
            self._process.wait(30)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        return self._log.read_text()

    def healthy(self) -> bool:
        """The health check of the image, within."""
        return self.execute(self._image.health).returncode == 0

    def execute(self, command: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command beside the one that runs, as `docker exec` does."""
        first = self._first()
        if first is None:
            return subprocess.CompletedProcess(command, 1, "", "nothing runs there yet")
        user, _, group = self._image.user.partition(":")
        within = ["env", "-i", *(f"{name}={text}" for name, text in self._env.items()), *command]
        spaces = ["--mount", "--pid", "--net", "--root", "--wd", f"--setuid={user}", f"--setgid={group}"]
        return subprocess.run(
            ["nsenter", f"--target={first}", *spaces, *within], input=stdin, capture_output=True, text=True, check=False
        )

    def stop(self, seconds: float) -> int:
        """The signal that the image names, to its first process; returns the exit status.

        :raises subprocess.TimeoutExpired: it takes longer than `seconds`.
        """
        first = self._first()
        assert first is not None
        subprocess.run(["kill", f"-{self._image.stop_signal.name.removeprefix('SIG')}", first], check=True)
        return self._process.wait(seconds)

    def _first(self) -> str | None:
        pid = self._process.pid
        return next(iter(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()), None)


def new_volume(image: Image, folder: Path) -> Path:
    """An empty volume. Engines give it the owner and the mode that its place has in the image."""
    place = image.inside(image.volumes[0])
    folder.mkdir()
    shutil.copystat(place, folder)
    status = place.stat()
    shutil.chown(folder, status.st_uid, status.st_gid)
    return folder
