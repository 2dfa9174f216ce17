"""HEAD, answered as GET is, without the body: what monitors, link checkers and download managers ask first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from litestar import Litestar

if TYPE_CHECKING:
    from litestar.types import HTTPScope, LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send

# A stream that is told that nobody listens any more ends at once; one that would not is left alone.
_LET_GO_SECONDS = 1.0


class HeadLitestar(Litestar):
    """Litestar answers HEAD with 405 unless each handler is written twice."""

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return
        # A copy: the server looks at its own whether it has to send a body.
        as_get = cast("HTTPScope", {**cast("dict[str, Any]", scope), "method": "GET"})
        answer = _Headless(cast("Receive", receive), cast("Send", send))
        await super().__call__(as_get, answer.receive, answer.send)


class _Headless:
    """An answer that ends where its body would begin. To a stream it is as if the client had gone then: a backup that
    is removed when its last byte has left stays.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._ended = asyncio.Event()

    async def send(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        if not self._ended.is_set():
            self._ended.set()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        if message["more_body"]:
            await asyncio.sleep(_LET_GO_SECONDS)

    async def receive(self) -> Any:
        tasks = [asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._ended.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return tasks[0].result() if tasks[0].done() else {"type": "http.disconnect"}
        finally:
            for task in tasks:
                task.cancel()
