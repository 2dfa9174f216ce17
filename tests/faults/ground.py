"""One way in which a replacement may happen, shops on which it does, and what may become of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from berrypod.storage.log import log_path
from berrypod.storage.swap_outcomes import Operation, Outcome
from tests.faults import work
from tests.faults.forks import Forks
from tests.faults.shops import Layout, Templates, put, with_log_folded
from tests.faults.work import SWAP_ID, Looked, Stop, Told


@dataclass(frozen=True, kw_only=True)
class Case:
    """`live` and `staged` name a template. `links` is False for a file system that knows no hard links."""

    operation: Operation = "restore"
    live: str | None = "shop"
    staged: str = "sibling"
    links: bool = True


class Ground:
    """Makes shops of one case and says what became of them."""

    def __init__(self, folder: Path, case: Case, templates: Templates, forks: Forks) -> None:
        self.case = case
        self._folder = folder
        self._templates = templates
        self._forks = forks
        self._made = 0

    def shop(self) -> Layout:
        layout = Layout(self._folder / str(self._made), self.case.operation)
        self._made += 1
        files = [(getattr(self._templates, self.case.staged), layout.staged)]
        if self.case.live is not None:
            files.append((getattr(self._templates, self.case.live), layout.path))
        put(files)
        return layout

    def replace(self, shop: Layout, stop: Stop | None = None) -> Told | None:
        """Returns None if it was killed."""
        ended = self._forks.run(
            work.replace,
            path=shop.path,
            staged=shop.staged,
            former=shop.former,
            operation=self.case.operation,
            links=self.case.links,
            stop=stop,
        )
        return None if ended.killed else ended.result()

    def look(self, shop: Layout, stop: Stop | None = None) -> Looked | None:
        """Returns None if it was killed."""
        ended = self._forks.run(work.look, path=shop.path, links=self.case.links, stop=stop)
        return None if ended.killed else ended.result()

    def judge(self, shop: Layout) -> str:
        """Open the shop as the next process does. Returns "old" or "new", and fails if it is neither, or not whole."""
        looked = self.look(shop)
        assert looked is not None
        digests, case = self._templates.digests, self.case
        became = "new" if looked.digest == digests[case.staged] else "old"
        if became == "old":
            self._require_old(shop, looked)
        assert set(shop.files().values()) == {1}, "a file has two names"
        if looked.code != "database_missing":  # Nobody opens what is not there; the next replacement cleans up.
            assert not [name for name in shop.files() if name.endswith((".part", "-claim", "-swap"))], shop.files()
        if case.live is not None:
            assert shop.former.exists() == (became == "new")
            assert shop.staged.exists() == (became == "old")
        if became == "new":
            assert not log_path(shop.path).exists()
            self._require_former(shop)
        self._require_told(looked.outcomes, became)
        return became

    def _require_old(self, shop: Layout, looked: Looked) -> None:
        match self.case.live:
            case None:
                assert looked.code == "database_missing"
                assert not shop.path.exists()
            case "damaged" | "wrecked":
                assert looked.code == ("database_damaged" if self.case.live == "damaged" else "wrong_key")
                self._require_nothing_lost(shop.path)
            case name:
                assert looked.digest == self._templates.digests[name], looked

    def _require_former(self, shop: Layout) -> None:
        match self.case.live:
            case None:
                assert not shop.former.exists()
            case "damaged" | "wrecked":
                self._require_nothing_lost(shop.former)
            case name:
                assert not log_path(shop.former).exists()
                assert self._forks.run(work.digest_of, path=shop.former).result() == self._templates.digests[name]

    def _require_nothing_lost(self, path: Path) -> None:
        """Of a damaged file each byte is kept, and each of its log. SQLite may fold the log as it fails to open it."""
        assert self.case.live is not None
        assert with_log_folded(path) == with_log_folded(getattr(self._templates, self.case.live))

    def _require_told(self, outcomes: list[Outcome], became: str) -> None:
        if outcomes or became == "new":
            [outcome] = outcomes
            assert (outcome.id, outcome.operation) == (SWAP_ID, self.case.operation)
            assert outcome.result in (("replaced",) if became == "new" else ("unchanged", "returned"))
            kept = became == "new" and self.case.live is not None
            assert outcome.former == ("shop-20260314-150000.db" if kept else None)
