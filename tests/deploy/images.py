"""A Dockerfile carried out without a container engine: its instructions, in folders that stand for file systems.

In place of the base image there is a root made from the distribution's packages; each RUN, COPY and ENV is done as it
stands in the file.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from docker.utils import exclude_paths
from dockerfile_parse import DockerfileParser

_SUITE = "bookworm"
# As in python:slim: the interpreter, what the steps call, and apt, for the libstdc++ that it brings.
_PACKAGES = "python3,python3-venv,apt,base-files,base-passwd,coreutils,dash,bash,passwd,login"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BUILD_SECONDS = 400

# How this machine reaches package registries: an engine hands such variables on as well.
_OF_REGISTRIES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT", "REQUESTS_CA")

_NEEDED = ("mmdebstrap", "unshare", "nsenter", "chroot", "ip")

# Nothing to carry out; what they say is looked at by the linter.
_WORDS_ONLY = ("comment", "arg", "expose")


def containers_missing() -> str | None:
    """Why nothing can be built and started here; None if it can."""
    missing = [program for program in _NEEDED if shutil.which(program) is None]
    if missing:
        return f"not on the path: {', '.join(missing)}"
    return None if os.geteuid() == 0 else "it takes root to change roots"


@dataclass
class Image:
    """A root, and how what is in it is started. `volumes` are paths within; `command` is ENTRYPOINT and CMD."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    folder: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    stop_signal: signal.Signals = signal.SIGTERM

    def inside(self, path: str) -> Path:
        """Where a path within lies on this machine."""
        return self.root / str(Path("/", self.folder, path)).lstrip("/")

    def entered(self, command: Sequence[str], env: Mapping[str, str], *, user: str, before: str = ":") -> list[str]:
        """The command that runs `command` within, as process 1 of its own namespaces.

        :param before: what a shell does in the new namespaces, before it goes in; `$1` is the root.
        """
        within = ["env", "-i", f"--chdir={self.folder}", *(f"{name}={text}" for name, text in env.items()), *command]
        into = f'mount --rbind /dev "$1/dev" && {before} && user=$2 && exec chroot --userspec="$user" "$1" "${{@:3}}"'
        spaces = ["--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root / 'proc'}"]
        return ["unshare", *spaces, "bash", "-euc", into, "bash", str(self.root), user, *within]


def base_root(folder: Path) -> Path:
    """The distribution's packages, unpacked. None is configured: that takes minutes, and the steps need none of it."""
    options = ["--quiet", "--mode=root", "--variant=extract", "--format=directory", f"--include={_PACKAGES}"]
    options.append('--aptopt=Acquire::Retries "5"')  # A registry that does not answer once is no fault of the image.
    subprocess.run(["mmdebstrap", *options, _SUITE, str(folder)], check=True, timeout=_BUILD_SECONDS)
    for name in ("passwd", "group"):  # as the configuration of base-passwd does
        shutil.copyfile(folder / f"usr/share/base-passwd/{name}.master", folder / "etc" / name)
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    return folder


def context_files(folder: Path) -> list[str]:
    """What an engine would be sent: the files of `folder` that its .dockerignore lets through."""
    lines = [line.strip() for line in (folder / ".dockerignore").read_text().splitlines()]
    names = exclude_paths(str(folder), [line for line in lines if line and not line.startswith("#")])
    # Those two are sent in any case, and no COPY sees them.
    return sorted({name for name in map(str, names) if (folder / name).is_file()} - {"Dockerfile", ".dockerignore"})


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Name, in small letters, and value of each instruction."""
    steps = DockerfileParser(path=str(dockerfile), cache_content=True).structure
    return [(step["instruction"].lower(), step["value"]) for step in steps]


class Building:
    """Carries the Dockerfile of `source` out. Each stage begins as a copy of `base`."""

    def __init__(self, source: Path, base: Path, workroom: Path) -> None:
        self._source, self._base, self._workroom = source, base, workroom
        self._stages: dict[str, Image] = {}
        self._image = Image(base)

    def build(self) -> Image:
        """The last stage. An instruction that is not known here is an error."""
        for name, value in instructions(self._source / "Dockerfile"):
            if name not in _WORDS_ONLY:
                getattr(self, f"_{name}")(value)
        return self._image

    def _from(self, value: str) -> None:
        name = value.partition(" AS ")[2] or str(len(self._stages))
        root = self._workroom / name
        subprocess.run(["cp", "-a", "--reflink=auto", str(self._base), str(root)], check=True)
        self._image = self._stages[name] = Image(root)

    def _env(self, value: str) -> None:
        before = dict(self._image.env)
        for word in shlex.split(value):
            name, _, text = word.partition("=")
            self._image.env[name] = Template(text).safe_substitute(before)

    def _workdir(self, value: str) -> None:
        self._image.folder = value
        self._image.inside(".").mkdir(parents=True, exist_ok=True)

    def _copy(self, value: str) -> None:
        *words, target = shlex.split(value)
        to = self._image.inside(target)
        if words[0].startswith("--from="):
            stage = self._stages[words[0].partition("=")[2]]
            for source in words[1:]:
                to.mkdir(parents=True, exist_ok=True)
                # Linked, as nothing writes to either any more: some hundred MB.
                subprocess.run(["cp", "-al", f"{stage.inside(source)}/.", str(to)], check=True)
            return
        for name in context_files(self._source):
            if "." in words or name in words:
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._source / name, to / name)

    def _run(self, value: str) -> None:
        given = {name: text for name, text in os.environ.items() if name.upper().startswith(_OF_REGISTRIES)}
        for path in {text for text in given.values() if text.startswith("/") and Path(text).is_file()}:
            certificates = self._image.inside(path)
            certificates.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, certificates)
        done = subprocess.run(
            self._image.entered(["/bin/sh", "-c", value], given | self._image.env, user=self._image.user),
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{value}\n{done.stdout}\n{done.stderr}"

    def _user(self, value: str) -> None:
        self._image.user = value

    def _volume(self, value: str) -> None:
        self._image.volumes.append(value)

    def _stopsignal(self, value: str) -> None:
        self._image.stop_signal = signal.Signals[value]

    def _healthcheck(self, value: str) -> None:
        self._image.health = json.loads(value.partition("CMD")[2])

    def _entrypoint(self, value: str) -> None:
        self._image.command = json.loads(value)

    def _cmd(self, value: str) -> None:
        self._image.command = [*self._image.command, *json.loads(value)]
