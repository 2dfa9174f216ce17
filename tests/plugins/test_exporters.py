"""What exporters return, and what becomes of one that fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from berrypod.declarations import BackupExporter, Declared, Delivered, ExportedFile, Snapshot
from berrypod.errors import PluginError
from berrypod.plugins import Ok
from tests.plugins.conftest import Host
from tests.plugins.making import ENOUGH, PATIENCE, failed


def _deliver(snapshot: Snapshot, folder: Path) -> Delivered:
    return Delivered(message="It is there.")


class TestIsSetUp:
    def exporter(self, **more) -> Declared[BackupExporter]:
        declared = BackupExporter(name="s9", title="S9", description="Elsewhere", export=_deliver, **more)
        return Declared(plugin="p", declaration=declared)

    async def test_an_exporter_says_whether_it_knows_where_to_put_a_backup(self, host: Host) -> None:
        async def asked() -> bool:
            return False

        for function, answer in ((None, True), (asked, False), (lambda: True, True)):
            assert await host().is_set_up(self.exporter(is_set_up=function)) == Ok(answer)

    async def test_one_that_answers_nonsense_has_failed(self, host: Host) -> None:
        assert "str" in failed(await host().is_set_up(self.exporter(is_set_up=lambda: "yes"))).error

    def test_what_cannot_be_asked_is_refused_at_the_start(self) -> None:
        with pytest.raises(PluginError, match="is_set_up"):
            self.exporter(is_set_up="yes")


class TestExporters:
    def exporter(self, export, timeout_seconds: float = ENOUGH) -> Declared[BackupExporter]:
        declared = BackupExporter(
            name="csv", title="CSV", description="As CSV", export=export, timeout_seconds=timeout_seconds
        )
        return Declared(plugin="p", declaration=declared)

    async def test_an_exported_file_lies_in_the_folder_that_was_given(
        self, host: Host, berrypod_snapshot: Snapshot, tmp_path: Path
    ) -> None:
        def export(snapshot: Snapshot, folder: Path) -> ExportedFile:
            (folder / "orders.csv").write_text("number\n")
            return ExportedFile(path=folder / "orders.csv", filename="orders.csv", media_type="text/csv")

        outcome = await host().export(self.exporter(export), berrypod_snapshot, tmp_path)
        assert isinstance(outcome, Ok)
        assert isinstance(outcome.value, ExportedFile)
        assert outcome.value.path.read_text() == "number\n"

    async def test_the_snapshot_itself_may_be_what_is_exported(
        self, host: Host, berrypod_snapshot: Snapshot, tmp_path: Path
    ) -> None:
        async def export(snapshot: Snapshot, folder: Path) -> ExportedFile:
            return ExportedFile(path=snapshot.path, filename="backup.db")

        assert isinstance(await host().export(self.exporter(export), berrypod_snapshot, tmp_path), Ok)

    @pytest.mark.parametrize(
        ("result", "words"),
        [
            (None, "it returned a NoneType"),
            ("orders.csv", "it returned a str"),
            (ExportedFile(path=Path("/etc/hostname"), filename="x"), "outside of the folder"),
            (ExportedFile(path=Path("missing.csv"), filename="x"), "outside of the folder"),
        ],
    )
    async def test_an_exporter_that_returns_nonsense_has_failed(
        self, host: Host, berrypod_snapshot: Snapshot, tmp_path: Path, result, words: str
    ) -> None:
        outcome = await host().export(self.exporter(lambda snapshot, folder: result), berrypod_snapshot, tmp_path)

        assert words in failed(outcome).error

    async def test_a_file_that_was_never_written_is_a_failure(
        self, host: Host, berrypod_snapshot: Snapshot, tmp_path: Path
    ) -> None:
        def export(snapshot: Snapshot, folder: Path) -> ExportedFile:
            return ExportedFile(path=folder / "orders.csv", filename="orders.csv")

        outcome = await host().export(self.exporter(export), berrypod_snapshot, tmp_path)
        assert failed(outcome).error == "its file orders.csv does not exist"

    async def test_one_exporter_that_fails_never_stops_another(
        self, host: Host, berrypod_snapshot: Snapshot, tmp_path: Path, hang
    ) -> None:
        plugins = host()
        slow, gone = self.exporter(hang, PATIENCE), self.exporter(lambda snapshot, folder: Delivered(message="Sent"))
        outcomes = await asyncio.gather(
            *(plugins.export(one, berrypod_snapshot, tmp_path) for one in (slow, gone)), return_exceptions=False
        )

        assert failed(outcomes[0]).timed_out
        assert outcomes[1] == Ok(Delivered(message="Sent"))
