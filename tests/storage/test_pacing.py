"""What is written goes to the disk step by step, and an error of the disk is never lost."""

from __future__ import annotations

import os

import pytest

from berrypod.storage.pacing import STEP_BYTES, PacedWriting


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    monkeypatch.setattr(os, "fdatasync", seen.append)
    return seen


def test_each_full_step_is_brought_to_the_disk(synced: list[int]) -> None:
    paced = PacedWriting(7)
    for _ in range(6):
        paced.wrote(STEP_BYTES // 2)
    paced.end()
    assert synced == [7, 7, 7]


def test_what_is_less_than_a_step_is_left_to_the_end(synced: list[int]) -> None:
    paced = PacedWriting(7)
    paced.wrote(STEP_BYTES - 1)
    paced.end()
    assert synced == []


@pytest.mark.parametrize("later", ["another step", "the end"])
def test_an_error_of_the_disk_is_raised_by_what_comes_next(monkeypatch: pytest.MonkeyPatch, later: str) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    paced = PacedWriting(7)
    paced.wrote(STEP_BYTES)
    with pytest.raises(OSError, match="Input/output"):
        if later == "the end":
            paced.end()
        else:
            paced.wrote(STEP_BYTES)
