"""An admin at the command line whose `berrypod restore` is killed, and what is there afterwards."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from berrypod.errors import BerrypodError
from berrypod.settings import Secret
from berrypod.storage import schema
from tests.conftest import KEY
from tests.faults import commands, work
from tests.faults.commands import Printed
from tests.faults.forks import Ended, Forks
from tests.faults.shops import Templates, put
from tests.faults.work import Stop

Doing = Literal["apply", "undo", "rekey"]

_LEFTOVERS = (".part", "-claim", "-swap", "-wal", "-shm")

OTHER_KEY = Secret("the key of a shop from long ago, which nobody uses any more")


@dataclass(frozen=True)
class Command:
    """What is typed, and what was before and will be after, by the digests of the contents."""

    arguments: tuple[str, ...]
    stdin: str
    old: str
    new: str


@dataclass(frozen=True)
class Aftermath:
    """What the next process finds: `digest` is None if the shop could not be opened, with the reason in `code`."""

    digest: str | None
    code: str | None
    records: list[dict[str, Any]]
    formers: list[dict[str, Any]]
    former_digests: list[str]


class Admin:
    """Has shops to do one thing with."""

    def __init__(self, folder: Path, doing: Doing, templates: Templates, forks: Forks) -> None:
        self.doing: Doing = doing
        self._forks = forks
        self._templates = templates
        self._folder = folder
        self._template = folder / "template"
        self._backup = folder / "backup.db"
        self._made = 0
        put([(templates.shop, self._template / "shop.db")])
        shutil.copyfile(templates.sibling, self._backup)
        self.command = self._prepared()

    def _prepared(self) -> Command:
        shop, sibling = (self._templates.digests[name] for name in ("shop", "sibling"))
        apply = ("restore", "apply", str(self._backup), "--yes", "--json")
        if self.doing == "apply":
            return Command(apply, "", shop, sibling)
        if self.doing == "undo":
            done = self._run(self._template, Command(apply, "", shop, sibling)).result()
            assert done.status == 0, done.err
            return Command(("restore", "undo", "--yes", "--json"), "", sibling, shop)
        self._backup.unlink()
        schema.create(self._backup, OTHER_KEY)
        self._forks.prepare(work.remember_keys, paths=(self._backup,), passphrases=(KEY.reveal(), OTHER_KEY.reveal()))
        return Command((*apply, "--key-stdin"), f"{OTHER_KEY.reveal()}\n", shop, self._templates.digests["empty"])

    def shop(self) -> Path:
        """The folder of a new shop."""
        folder = self._folder / str(self._made)
        self._made += 1
        shutil.copytree(self._template, folder)
        return folder

    def run(self, folder: Path, *, stop: Stop | None = None, as_nobody: bool = False) -> Ended:
        return self._run(folder, self.command, stop=stop, as_nobody=as_nobody)

    def _run(self, folder: Path, command: Command, **more: Any) -> Ended:
        return self._forks.run(
            commands.run, path=folder / "shop.db", arguments=list(command.arguments), stdin=command.stdin, **more
        )

    def judge(self, folder: Path) -> str:
        """Returns "old" or "new"; fails if it is neither, or if anything is left over, or is told wrongly."""
        found: Aftermath = self._forks.run(aftermath, path=folder / "shop.db").result()
        assert found.code is None, found
        assert found.digest in (self.command.old, self.command.new), f"neither the old shop nor the new: {found}"
        became = "old" if found.digest == self.command.old else "new"
        files = [path for path in folder.rglob("*") if path.is_file()]
        left = {str(path.relative_to(folder)): path.stat().st_nlink for path in files}
        assert set(left.values()) == {1}, f"a file has two names: {left}"
        assert not [name for name in left if name.endswith(_LEFTOVERS)], left
        assert not self._hot_journals(folder), left
        assert not [name for name in left if "restore/data" in name], (
            f"what was staged is left over: {left} {found.records}"
        )
        assert all(
            record["state"] not in ("uploading", "inspecting", "ready", "applying") for record in found.records
        ), found.records
        self._require_told(found.records, became)
        self._require_formers(folder, found, became)
        return became

    def _hot_journals(self, folder: Path) -> list[Path]:
        """Journals that SQLite believes. One whose header is not written yet says nothing, and is used again."""
        return [path for path in folder.rglob("*-journal") if path.read_bytes()[:8].strip(b"\0")]

    def _require_told(self, records: list[dict[str, Any]], became: str) -> None:
        operation = "undo" if self.doing == "undo" else "restore"
        mine = [record for record in records if record["operation"] == operation]
        if became == "new":
            [record] = mine
            assert record["outcome"] == "replaced", record
        for record in mine:
            assert (record["outcome"] == "replaced") == (became == "new"), record
            if record["state"] == "interrupted":
                assert record["error"]["message"], record
                assert record["error"]["hint"], record

    def _require_formers(self, folder: Path, found: Aftermath, became: str) -> None:
        """An undo always leaves one: what it put back has left, what it replaced has come."""
        kept = {"old": self.command.new, "new": self.command.old} if self.doing == "undo" else {"new": self.command.old}
        files = [path.name for path in (folder / "shop.db-former").glob("*.db")]
        assert files == [former["filename"] for former in found.formers]
        assert found.former_digests == ([kept[became]] if became in kept else []), f"{became}: {found}"


def aftermath(path: Path) -> Aftermath:
    """In the next process: what it says of restores, and what is in the shop."""
    printed: Printed = commands.run(path, ["restore", "list", "--json"])
    assert printed.status == 0, printed.err
    told = json.loads(printed.out)
    formers = [path.with_name(path.name + "-former") / former["filename"] for former in told["formers"]]
    found = Aftermath(None, None, told["restores"], told["formers"], list(map(work.digest_of, formers)))
    try:
        return replace(found, digest=asyncio.run(work.digest_of_open(path)))
    except BerrypodError as error:
        return replace(found, code=error.code)
