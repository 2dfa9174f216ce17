"""Proxies in front of the shop: which of them are believed when they say where a request comes from.

What a proxy sends along (`X-Forwarded-For`, `X-Forwarded-Proto`) anybody else can send too. It counts only in a
request that comes from an address that the settings name: else whoever guesses passwords would have a new address
for each, and the audit log would say what a stranger wants it to say.
"""

from __future__ import annotations

import ipaddress
import re

from berrypod.errors import SettingsError

PROXIES = "BERRYPOD_TRUSTED_PROXIES"
ADDRESS_HEADER = "BERRYPOD_CLIENT_ADDRESS_HEADER"
FORWARDED_FOR = "x-forwarded-for"

_EXAMPLES = f"{PROXIES}=127.0.0.1 for a proxy on this machine, {PROXIES}=10.0.0.7,172.16.0.0/12 for others"
_HEADER = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)


def parse_proxies(text: str) -> tuple[str, ...]:
    """Addresses and networks, separated by commas, as uvicorn takes them.

    :raises SettingsError: one is neither, or is everybody.
    """
    return tuple(_parsed(part.strip()) for part in text.split(",") if part.strip())


def _parsed(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        if text == "*":
            raise _everybody(text) from error
        raise SettingsError(
            f"{PROXIES} has {text!r}, which is neither an address nor a network ({error})",
            hint=f"Name the addresses that requests come from: {_EXAMPLES}.",
        ) from error
    if network.prefixlen == 0:
        raise _everybody(text)
    return str(network if "/" in text else network.network_address)


def _everybody(text: str) -> SettingsError:
    return SettingsError(
        f"{PROXIES} has {text!r}, which is everybody: whoever sends a request could choose its address",
        hint=f"Name the proxies alone: {_EXAMPLES}.",
    )


def parse_header(text: str) -> str:
    """The name of the header in which the proxies write the address, in small letters.

    :raises SettingsError: it is no name of a header.
    """
    name = text.strip().lower() or FORWARDED_FOR
    if not _HEADER.fullmatch(name):
        raise SettingsError(
            f"{ADDRESS_HEADER} is {text!r}, which is no name of a header",
            hint=f"Leave it out for X-Forwarded-For; on Fly.io set {ADDRESS_HEADER}=Fly-Client-IP.",
        )
    return name
