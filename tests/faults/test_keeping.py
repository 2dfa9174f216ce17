"""Making, deleting and uploading backups, killed at random moments: what is listed is whole, nothing is left over.

By commands that keep them here, and by commands that send them to a bucket; and by a server that makes those that are
due, and others, while customers order. BERRYPOD_TEST_KILLS=100 kills a hundred times.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from berrypod_s3.config import checked

from tests.faults import commands, keeping, work
from tests.faults.commands import Printed
from tests.faults.forks import Forks
from tests.faults.how_many import part_of
from tests.faults.keeping import ENVIRONMENT, Found
from tests.faults.kept_by_server import ServedShop
from tests.faults.shops import Templates, put
from tests.faults.work import stop_at
from tests.s3.making import ID, SECRET, Raw
from tests.s3.servers import S3Server, start_s3

pytestmark = pytest.mark.slow

KILLS = {where: part_of(kills, percent=12) for where, kills in {"here": 50, "bucket": 38, "served": 12}.items()}
SEED = 20260314

# More than one part of an upload (16 MiB), and some chunks.
_PAGES = {"here": 1200, "bucket": 4500}
_MOST_KEPT = 4

Doing = Literal["create", "compact", "prune", "delete"]


@dataclass
class Tally:
    """What happened, for one line."""

    where: Counter[str] = field(default_factory=Counter[str])
    verified: int = 0
    left: int = 0
    bad: list[str] = field(default_factory=list[str])

    @property
    def kills(self) -> int:
        return self.where.total()

    def note(self, found: Found, when: str) -> None:
        self.verified += found.verified
        self.bad += [f"{when}: {broken}" for broken in found.broken]


@dataclass
class Room:
    """A shop that lives through all kills of its room, and the archive that its backups go to."""

    path: Path
    exporter: str
    env: Mapping[str, str]
    forks: Forks
    raw: Raw | None = None
    tally: Tally = field(default_factory=Tally)
    runs: dict[Doing, Printed] = field(default_factory=dict[Doing, Printed])

    def arguments(self, doing: Doing, kept: list[str]) -> list[str]:
        match doing:
            case "create":
                return ["backup", "create", "--to", self.exporter, "--json"]
            case "compact":
                return ["backup", "create", "--to", self.exporter, "--method", "compact", "--json"]
            case "prune":
                return ["backup", "prune", "--yes", "--json"]
            case "delete":
                return ["backup", "delete", kept[-1], "--exporter", self.exporter, "--yes", "--json"]

    def run(self, arguments: list[str]) -> Printed:
        printed: Printed = self.forks.run(commands.run, path=self.path, arguments=arguments, env=self.env).result()
        assert printed.status == 0, printed
        return printed

    def look(self, *, newest_alone: bool = False) -> Found:
        return self.forks.run(keeping.look, path=self.path, env=self.env, newest_alone=newest_alone).result()

    def prepare(self, pages: int) -> None:
        """Have each thing done once, undisturbed."""
        self.forks.run(keeping.change, path=self.path, round_number=0, pages=pages).result()
        counts = ("--last", "2", "--daily", "0", "--weekly", "0", "--monthly", "0", "--manual")
        self.run(["backup", "retention", "set", *counts])
        doings: tuple[Doing, ...] = ("create", "compact", "create", "create", "prune", "delete")
        for number, doing in enumerate(doings):
            self.forks.run(keeping.change, path=self.path, round_number=number, pages=0).result()
            kept = self.look().kept[self.exporter] if doing == "delete" else []
            self.runs[doing] = self.run(self.arguments(doing, kept))

    def kill_at_random(self, times: int) -> Tally:
        chance = random.Random(f"{SEED} {self.exporter}")
        found, rounds = self.look(), 0
        while self.tally.kills < times:
            rounds += 1
            assert rounds < 3 * times, "most of it is over before it is killed"
            kept = found.kept[self.exporter]
            self.forks.run(keeping.change, path=self.path, round_number=rounds, pages=chance.choice([0, 20])).result()
            doing = _doing(chance, len(kept))
            where = self._killed(doing, kept, chance)
            if where:
                self.tally.where[where] += 1
            after_kill = self.look()
            self.tally.note(after_kill, f"after a kill at {where}")
            kept = after_kill.kept[self.exporter]
            self.run(self.arguments("create" if len(kept) <= _MOST_KEPT else "prune", kept))
            found = self.look(newest_alone=self.raw is not None)  # 60 MB come from there for all of them
            self.tally.note(found, f"after the start that followed a kill at {where}")
            self._judge_leftovers(found, where)
        return self.tally

    def _killed(self, doing: Doing, kept: list[str], chance: random.Random) -> str:
        """Where it was killed; nothing if it was over before."""
        whole = self.runs[doing]
        # Half of them after it has begun to write: before, it opens the shop and reads.
        since = chance.choice([0.0, whole.times[0]])
        stop = stop_at(chance.uniform(since, whole.times[-1] * 1.02), whole.points, whole.times)
        ended = self.forks.run(
            commands.run, path=self.path, arguments=self.arguments(doing, kept), env=self.env, stop=stop
        )
        half_sent = " (an upload half-sent)" if self.raw and self.raw.unfinished() else ""
        return f"{doing} {stop.point}{half_sent}" if ended.killed else ""

    def _judge_leftovers(self, found: Found, where: str) -> None:
        left = [*found.others, *found.active]
        objects = (
            keeping.objects_of(self.raw)
            if self.raw
            else keeping.objects_in(self.path.with_name(f"{self.path.name}-backups"))
        )
        left += keeping.in_vain(objects) + keeping.left_on_disk(self.path.parent)
        self.tally.left += len(left)
        self.tally.bad += [f"left over after a kill at {where}: {name}" for name in left]


def _doing(chance: random.Random, kept: int) -> Doing:
    if kept < 3:
        return chance.choice(["create", "create", "compact"])
    return chance.choice(["create", "create", "compact", "prune", "delete"])


def _room(where: str, folder: Path, templates: Templates, s3: S3Server) -> Tally:
    path = folder / where / "shop.db"
    put([(templates.shop, path)])
    env, raw, exporter = dict(ENVIRONMENT), None, "keep"
    if where == "bucket":
        raw, exporter = _bucket(s3), "s3"
        env |= {
            "BERRYPOD_S3_BUCKET": raw.config.bucket,
            "BERRYPOD_S3_PREFIX": raw.config.prefix,
            "BERRYPOD_S3_ENDPOINT": s3.url,
            "BERRYPOD_S3_ACCESS_KEY_ID": ID,
            "BERRYPOD_S3_SECRET_ACCESS_KEY": SECRET,
        }
    with Forks.ready() as forks:
        forks.prepare(work.remember_keys, paths=(path,))
        forks.prepare(keeping.be_ready, env=env)
        if where == "served":
            served = ServedShop(path, forks)
            served.kill_at_random(KILLS[where], random.Random(f"{SEED} {where}"))
            return Tally(served.where, served.verified, len(served.left), served.bad + served.left)
        room = Room(path, exporter, env, forks, raw)
        room.prepare(_PAGES[where])
        return room.kill_at_random(KILLS[where])


def _bucket(s3: S3Server) -> Raw:
    bucket = f"berries-{uuid4().hex[:12]}"
    raw = Raw(
        checked(
            bucket=bucket,
            prefix="shop",
            endpoint=s3.url,
            region="",
            path_style="",
            access_key_id=ID,
            secret_access_key=SECRET,
        )
    )
    raw.client.create_bucket(Bucket=bucket)
    return raw


def test_kills_at_random_moments(quick_folder: Path, templates: Templates) -> None:
    begun = time.monotonic()
    s3 = start_s3()
    try:
        with ThreadPoolExecutor(len(KILLS)) as pool:
            told = dict(
                zip(KILLS, pool.map(lambda where: _room(where, quick_folder, templates, s3), KILLS), strict=True)
            )
    finally:
        s3.stop()
    bad = [f"{where}: {line}" for where, tally in told.items() for line in tally.bad]
    kills, verified = (sum(each) for each in zip(*((one.kills, one.verified) for one in told.values()), strict=True))
    fell = "; ".join(
        f"{where}: " + ", ".join(f"{count} {point}" for point, count in sorted(tally.where.items()))
        for where, tally in told.items()
    )
    print(
        f"{kills} kills at random moments in {time.monotonic() - begun:.0f} s; {verified} times a listed backup was "
        f"read back, {sum('left over' not in line for line in bad)} failed; {sum(one.left for one in told.values())} "
        f"left over. Where they fell: {fell}",
        file=sys.stderr,
    )
    assert bad == []
    assert kills >= sum(KILLS.values())
