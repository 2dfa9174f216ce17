"""A way to an S3 server that is as bad as a test wants it: cut, slow, refusing. On the loopback, like the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_PIECE: Final = 65_536
_HOP_BY_HOP: Final = {"connection", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that has come. `path` is with the question mark and what follows."""

    method: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Instead of the server's: a status with one of S3's codes; or with other `content`, as from a web server."""

    status: int
    code: str = ""
    content: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        if self.content is not None:
            return self.content
        return f"<?xml version='1.0'?><Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The connection ends after so many bytes of the answer's body; or, of the request's, before it is passed on."""

    after_bytes: int = 0
    request: bool = False


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Nothing comes until the test has ended."""


Plan = Callable[[Asked], Answer | Cut | Silence | None]


@dataclass
class Proxy:
    """`plan` decides about each request; None passes it on. `asked` are all that came, in their order."""

    url: str
    plan: Plan = lambda asked: None
    asked: list[Asked] = field(default_factory=list[Asked])
    released: threading.Event = field(default_factory=threading.Event)

    def only(self, times: int, what: Answer | Cut | Silence, *, method: str = "", part: str = "") -> None:
        """Do `what` to the first so many requests of this method that have `part` in their path."""
        left = [times]

        def plan(asked: Asked) -> Answer | Cut | Silence | None:
            if left[0] > 0 and asked.method == (method or asked.method) and part in asked.path:
                left[0] -= 1
                return what
            return None

        self.plan = plan

    def always(self, what: Answer | Cut | Silence, *, method: str = "", part: str = "") -> None:
        self.only(1_000_000, what, method=method, part=part)

    def well(self) -> None:
        """As a good line."""
        self.plan = lambda asked: None

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]


@contextmanager
def proxy_to(port: int) -> Generator[Proxy]:
    """Run one, on a free port, in threads of this process."""

    class Handler(_Handler):
        target = port

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
        Handler.proxy = proxy
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.released.set()
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: int
    proxy: Proxy

    def handle_all(self) -> None:
        asked = Asked(method=self.command, path=self.path)
        self.proxy.asked.append(asked)
        plan = self.proxy.plan(asked)
        length = int(self.headers.get("content-length") or 0)
        if isinstance(plan, Cut) and plan.request:
            self.rfile.read(min(length, plan.after_bytes))
            self.close_connection = True
            self.connection.close()
            return
        body = self.rfile.read(length)
        if isinstance(plan, Silence):
            self.proxy.released.wait(60)
            self.close_connection = True
        elif isinstance(plan, Answer):
            self._send(plan.status, [("content-type", "application/xml"), *plan.headers], plan.body)
        else:
            self._pass_on(body, plan)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_all  # noqa: N815 - http.server's names

    def _pass_on(self, body: bytes, cut: Cut | None) -> None:
        upstream = HTTPConnection("127.0.0.1", self.target, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        upstream.request(self.command, self.path, body=body, headers=headers)
        answer = upstream.getresponse()
        content = answer.read()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        self._send(answer.status, kept, content, cut)
        upstream.close()

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes, cut: Cut | None = None) -> None:
        self.send_response_only(status)
        named = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in named:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, min(len(content), cut.after_bytes if cut else len(content)), _PIECE):
            self.wfile.write(content[start : min(start + _PIECE, cut.after_bytes if cut else len(content))])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Nothing: the tests look at `asked`."""
