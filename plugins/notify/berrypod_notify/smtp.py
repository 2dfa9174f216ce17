"""Mail over SMTP, and what each way to fail means."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from berrypod_notify.faults import NotSent
from berrypod_notify.settings import PORTS, Mail

log = logging.getLogger("berrypod.notify")

# For each step: the connection, the greeting, each command. The notifier's time-out is for all of it.
STEP_SECONDS: Final = 10.0

_LONGEST_ANSWER: Final = 200


async def deliver(mail: Mail, message: EmailMessage, tls: ssl.SSLContext, *, seconds: float = STEP_SECONDS) -> str:
    """Hand `message` to the server.

    :returns: who was refused, in words, while others were not; empty if nobody was.
    :raises NotSent: nobody gets it. The message says at which step, the hint what to do.
    """
    try:
        refused, _ = await aiosmtplib.send(
            message,
            sender=mail.sender,
            recipients=list(mail.recipients),
            hostname=mail.host,
            port=mail.port,
            username=mail.username or None,
            password=mail.password or None,
            use_tls=mail.security == "tls",
            start_tls=mail.security == "starttls",
            tls_context=None if mail.security == "none" else tls,
            timeout=seconds,
        )
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise _explained(error, mail, seconds) from error
    told = "; ".join(f"{address} ({_answer(answer.code, answer.message)})" for address, answer in refused.items())
    if told:
        log.warning("the mail server %s took an alarm, but not for: %s", mail.host, told)
    return told


def _explained(error: Exception, mail: Mail, seconds: float) -> NotSent:
    server = f"The mail server {mail.host}:{mail.port}"
    if tls := next((each for each in _causes(error) if isinstance(each, ssl.SSLError)), None):
        return _of_tls(tls, server, mail)
    if isinstance(error, aiosmtplib.SMTPTimeoutError | TimeoutError):
        return NotSent(
            f"{server} gave no answer within {seconds:g} seconds",
            hint=f"Check name and port (usual: {PORTS[mail.security]} for {mail.security}), and whether a firewall "
            "lets this machine through.",
        )
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException):
        return _of_answer(error, server, mail)
    # A missing STARTTLS or AUTH comes as the base class.
    if isinstance(error, aiosmtplib.SMTPNotSupported) or type(error) is aiosmtplib.SMTPException:
        return NotSent(f"{server} cannot do what was asked: {error}", hint=_NO_STARTTLS)
    if isinstance(error, aiosmtplib.SMTPServerDisconnected) and not isinstance(error, aiosmtplib.SMTPConnectError):
        return NotSent(f"{server} closed the connection in the middle of it", hint=_OTHER_PORT)
    return _of_connection(error, server)


def _of_answer(
    error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException, server: str, mail: Mail
) -> NotSent:
    """The server has said what it does not like."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        told = "; ".join(f"{one.recipient} ({_answer(one.code, one.message)})" for one in error.recipients)
        return NotSent(
            f"{server} refused all recipients: {told}"[:500],
            hint="Correct the addresses. If the server says that it does not relay, it wants a user name.",
        )
    said = _answer(error.code, error.message)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return NotSent(
            f"{server} refused the user name or the password: {said}",
            hint="Enter both anew. Many providers want a password made for programs, not that of the mailbox.",
        )
    if isinstance(error, aiosmtplib.SMTPSenderRefused):
        return NotSent(
            f"{server} refused {mail.sender} as the sender: {said}",
            hint="Enter an address that belongs to the account, or ask its provider; some want a login first.",
        )
    return NotSent(f"{server} did not take it: {said}")


_OTHER_PORT: Final = (
    "A port for TLS closes those that come without, and the other way round: "
    f"tls is usually port {PORTS['tls']}, starttls {PORTS['starttls']}."
)
_NO_STARTTLS: Final = (
    "If it is STARTTLS or a login that it lacks: choose tls (usually port 465); or none, in a network of your own."
)


def _of_tls(error: ssl.SSLError, server: str, mail: Mail) -> NotSent:
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotSent(
            f"{server} has a certificate that is not to be believed: {error.verify_message}",
            hint="Enter the name that the certificate is for. For an authority of your own, set SSL_CERT_FILE to its "
            "certificate, and start the shop anew.",
        )
    return NotSent(
        f"{server} and this machine cannot agree on TLS ({error.reason or error})",
        hint=f"Check security and port: tls is usually {PORTS['tls']}, starttls {PORTS['starttls']}; "
        f"{mail.security} on {mail.port} is set.",
    )


def _of_connection(error: Exception, server: str) -> NotSent:
    for each in _causes(error):
        if isinstance(each, socket.gaierror):
            return NotSent(f"{server} is not known: {each.strerror}", hint="Check its name for typing errors.")
        if isinstance(each, ConnectionRefusedError):
            return NotSent(
                f"{server} refuses the connection: nothing listens there",
                hint="Check name and port, and whether the server runs.",
            )
    return NotSent(f"{server} cannot be reached: {error}"[:500], hint="Check name, port and this machine's network.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _answer(code: int, words: str) -> str:
    """What the server said, cut to what a page has room for."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return f"{code} {text}"[:_LONGEST_ANSWER].strip()
