"""Drawing on all processors, or on one if it must be."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from berrypod.demo import painting
from berrypod.demo.painting import paint
from berrypod.demo.pictures import Picture, draw_picture

_NAMES = ("swatch-pip-socks-plum", "swatch-pip-socks-blush", "swatch-jam-today-mug-cream", "cover-gift-card")


async def _painted(helpers: int) -> dict[str, Picture]:
    pictures: list[Picture] = []
    await paint(_NAMES, pixels=0.2, helpers=helpers, told=pictures.append)
    assert len(pictures) == len(_NAMES)
    return {picture.name: picture for picture in pictures}


@pytest.mark.parametrize("helpers", [0, 2])
async def test_pictures_are_the_same_wherever_they_are_drawn(helpers: int) -> None:
    assert await _painted(helpers) == {name: draw_picture(name, pixels=0.2) for name in _NAMES}


async def test_without_shared_memory_one_process_draws_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in some containers, where making the pool fails."""

    def refuse(*_args: Any, **_options: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(painting, "ProcessPoolExecutor", refuse)
    assert set(await _painted(2)) == set(_NAMES)


async def test_a_helper_that_dies_loses_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where memory is short and the system ends the largest process."""

    class Dying:
        def __init__(self, *_args: Any, **_options: Any) -> None: ...

        def submit(self, *_args: Any, **_options: Any) -> Future[Picture]:
            future: Future[Picture] = Future()
            future.set_exception(BrokenProcessPool("ended"))
            return future

        def shutdown(self, **_options: Any) -> None: ...

    monkeypatch.setattr(painting, "ProcessPoolExecutor", Dying)
    assert set(await _painted(2)) == set(_NAMES)


async def test_an_error_in_a_drawing_is_an_error_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def spill(_name: str, *, pixels: float) -> Picture:
        raise ZeroDivisionError(pixels)

    monkeypatch.setattr(painting, "draw_picture", spill)
    with pytest.raises(ExceptionGroup) as caught:
        await paint(_NAMES, helpers=0, told=print)
    assert caught.group_contains(ZeroDivisionError)
