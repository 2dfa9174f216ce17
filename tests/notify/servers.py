"""Real servers on the loopback: one that takes mail, one that takes documents."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Authority:
    """Makes certificates that nobody believes who was not told of it."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    @property
    def certificate(self) -> bytes:
        return self._ca.cert_pem.bytes()

    def context(self, name: str = "localhost") -> ssl.SSLContext:
        """Of a server of this name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(name).configure_cert(context)
        return context


@dataclass
class MailServer:
    """Takes mail from whoever knows the password, if there is one; refuses whom it is told to refuse."""

    authority: Authority
    password: str = ""
    security: str = "none"
    certified_as: str = "localhost"
    refuse_recipients: tuple[str, ...] = ()
    refuse_sender: bool = False
    answer: str = "250 taken"
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[list[str]] = field(default_factory=list[list[str]])

    def environ(self, recipient: str) -> dict[str, str]:
        """What has a shop send its alarms here."""
        return {
            "BERRYPOD_NOTIFY_SMTP_HOST": "localhost",
            "BERRYPOD_NOTIFY_SMTP_PORT": str(self.port),
            "BERRYPOD_NOTIFY_SMTP_SECURITY": "none",
            "BERRYPOD_NOTIFY_SMTP_FROM": "shop@example.com",
            "BERRYPOD_NOTIFY_SMTP_TO": recipient,
        }

    def start(self) -> MailServer:
        tls = self.authority.context(self.certified_as)
        self._controller = _Controller(
            self,
            hostname="127.0.0.1",
            port=0,
            ssl_context=tls if self.security == "tls" else None,
            tls_context=tls if self.security == "starttls" else None,
            require_starttls=self.security == "starttls",
            authenticator=self._authenticate if self.password else None,
            auth_required=bool(self.password),
            # Without a password it offers no login at all.
            auth_require_tls=self.security == "starttls" or not self.password,
            ready_timeout=60,
        )
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller.loop.is_running():
            self._controller.stop()

    @property
    def port(self) -> int:
        return cast("Any", self._controller.server).sockets[0].getsockname()[1]

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.taken]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_sender:
            return "553 not yours"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address in self.refuse_recipients:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            content = cast("bytes", envelope.content)
            self.taken.append(message_from_bytes(content, policy=policy.default))
            self.recipients.append(envelope.rcpt_tos)
        return self.answer

    def _authenticate(self, _: SMTP, __: Session, ___: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == self.password.encode()
        return AuthResult(success=right, handled=right)


class _Controller(Controller):
    """With whatever port the system gives: aiosmtpd would try to reach port 0, and give a busy machine one second."""

    def _trigger_server(self) -> None:
        self.port = cast("Any", self.server).sockets[0].getsockname()[1]
        with ExitStack() as stack:
            line = stack.enter_context(socket.create_connection((self.hostname, self.port), 60))
            if self.ssl_context:
                line = stack.enter_context(_believes_all().wrap_socket(line))
            line.recv(1024)


def _believes_all() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass
class WebServer:
    """Takes what is posted; answers `status` with `body`. `hang`: it answers when the test is over."""

    authority: Authority
    status: int = 204
    body: bytes = b""
    location: str = ""
    tls: bool = False
    hang: bool = False
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])

    def __post_init__(self) -> None:
        server = self
        self._over = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
                if server.hang:
                    server._over.wait(30)
                    return
                self.send_response(server.status)
                if server.location:
                    self.send_header("Location", server.location)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.tls:
            self._http.socket = self.authority.context().wrap_socket(self._http.socket, server_side=True)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://localhost:{self._http.server_port}/hooks/s3cr3t-path"

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.taken]

    def stop(self) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()
