"""What the doctor says of kept backups: whether one was proven, and whose the folder is."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import berrypod_backup.plugin
import msgspec
import pytest
from berrypod_backup.drill.records import DrillRecord, Store
from berrypod_backup.names import FOLDER

from berrypod.archive.layout import manifest_name
from berrypod.archive.manifest import Manifest, Proof, encode
from berrypod.declarations import Finding
from berrypod.testing_tools import CheckPlugin
from tests.backup.watching import test_conditions as conditions
from tests.backup.watching.test_conditions import NOW
from tests.storage.processes import can_become_nobody

PROOF = Proof(at=NOW - timedelta(days=1), seconds=2.0, by="schedule", how="Fetched, and a shop was run on it.")
DAMAGED = msgspec.structs.replace(PROOF, problem="Page 7 is damaged", hint="Make a new backup now.")


def manifest(number: int, proof: Proof | None = None) -> Manifest:
    return msgspec.structs.replace(conditions.manifest(number=number), proof=proof)


class Kept:
    """A shop with what is kept of it, as the doctor looks at it."""

    def __init__(self, check_plugin: CheckPlugin) -> None:
        self._checked = check_plugin(berrypod_backup.plugin, name="backup")
        self.database: Path = self._checked.context.database.path
        self.folder = self.database.with_name(f"{self.database.name}-backups")
        self.drills = self.database.with_name(f"{self.database.name}-work") / "backup" / "drills"

    def keep(self, *manifests: Manifest) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for one in manifests:
            (self.folder / manifest_name(one.id)).write_bytes(encode(one))

    def drilled(self, number: int, exporter: str, proof: Proof) -> None:
        """A record of a drill, as it is left."""
        store = Store(lambda: self.drills)
        record = DrillRecord(
            id=f"20260313-1300{number:02}-0123abcd",
            state="failed" if proof.problem else "proven",
            exporter=exporter,
            copy_id=manifest(number).id,
            created_at=proof.at,
            started_by="schedule",
            proof=proof,
        )
        store.add(record)

    def found(self, name: str, now: datetime = NOW) -> list[Finding]:
        return list(self._checked.examine(name, now=now))

    def level(self, now: datetime = NOW) -> str:
        (finding,) = self.found("backup-proven", now)
        return finding.level


@pytest.fixture
def kept(check_plugin: CheckPlugin) -> Kept:
    return Kept(check_plugin)


class TestProven:
    def test_where_nothing_is_kept_all_is_well_and_nothing_is_made(self, kept: Kept) -> None:
        before = sorted(kept.database.parent.rglob("*"))
        for name in ("backup-proven", "backup-folder"):
            (finding,) = kept.found(name)
            assert finding.level == "pass"
        assert sorted(kept.database.parent.rglob("*")) == before

    def test_what_nobody_has_tried_is_no_backup_to_rely_on(self, kept: Kept) -> None:
        kept.keep(manifest(1), manifest(2))
        (finding,) = kept.found("backup-proven")
        assert (finding.level, finding.title) == ("warn", "No backup was ever proven")
        assert "berrypod backup drill" in finding.what_to_do

    def test_a_proof_of_the_last_days_is_enough(self, kept: Kept) -> None:
        kept.keep(manifest(1, PROOF), manifest(2))
        (finding,) = kept.found("backup-proven")
        assert finding.level == "pass"
        assert manifest(1).id in finding.why
        assert kept.level(NOW + timedelta(days=12)) == "pass"
        assert kept.level(NOW + timedelta(days=14)) == "warn"

    def test_a_drill_that_failed_since_is_told_with_its_reason(self, kept: Kept) -> None:
        later = msgspec.structs.replace(DAMAGED, at=NOW)
        kept.keep(manifest(1, PROOF), manifest(2, later))
        (finding,) = kept.found("backup-proven")
        assert finding.level == "fail"
        assert "Page 7 is damaged" in finding.why
        assert finding.what_to_do == later.hint

    def test_a_proof_after_it_settles_that(self, kept: Kept) -> None:
        kept.keep(manifest(1, DAMAGED), manifest(2, msgspec.structs.replace(PROOF, at=NOW)))
        assert kept.level() == "pass"

    def test_of_backups_elsewhere_the_drills_tell(self, kept: Kept) -> None:
        kept.drilled(1, "s3", PROOF)
        assert kept.level() == "pass"
        kept.drilled(2, "s3", msgspec.structs.replace(DAMAGED, at=NOW))
        assert kept.level() == "fail"

    def test_one_that_was_deleted_since_troubles_nobody(self, kept: Kept) -> None:
        kept.keep(manifest(1, PROOF))
        kept.drilled(2, "keep", msgspec.structs.replace(DAMAGED, at=NOW))
        assert kept.level() == "pass"

    def test_manifests_that_cannot_be_read_are_others_to_tell_of(self, kept: Kept) -> None:
        kept.keep(manifest(1, PROOF), manifest(2))
        (kept.folder / manifest_name(manifest(2).id)).write_text("{")
        assert kept.level() == "pass"


class TestFolder:
    def test_the_shops_alone_passes(self, kept: Kept) -> None:
        kept.keep(manifest(1))
        (finding,) = kept.found("backup-folder")
        assert (finding.level, finding.why) == ("pass", str(kept.folder))

    @pytest.mark.parametrize("mode", [0o750, 0o705, 0o777])
    def test_others_who_get_in_are_told_of_with_the_command(self, kept: Kept, mode: int) -> None:
        kept.keep(manifest(1))
        kept.folder.chmod(mode)
        (finding,) = kept.found("backup-folder")
        assert finding.level == "fail"
        assert f"{mode:04o}" in finding.why
        assert finding.what_to_do == f"chmod 700 {kept.folder}"

    @pytest.mark.skipif(not can_become_nobody(), reason="only root can give files away")
    def test_a_backup_that_sudo_has_made_is_found(self, kept: Kept) -> None:
        kept.keep(manifest(1), manifest(2))
        stranger = kept.folder / manifest_name(manifest(2).id)
        os.chown(stranger, 65_534, 65_534)
        (finding,) = kept.found("backup-folder")
        assert finding.level == "fail"
        assert str(stranger) in finding.why
        assert "chown" in finding.what_to_do

    def test_a_folder_that_cannot_be_one_is_told_before_the_first_backup(self, check_plugin: CheckPlugin) -> None:
        checked = check_plugin(berrypod_backup.plugin, name="backup", environ={FOLDER: "backups"})
        (finding,) = checked.examine("backup-folder", now=NOW)
        assert finding.level == "fail"
        assert FOLDER in finding.why
