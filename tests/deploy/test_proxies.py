"""Where a request comes from, with and without proxies in front that are believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, cast

import httpx
import pytest
from litestar.types import Receive, Scope, Send

from berrypod.errors import SettingsError
from berrypod.settings import Settings
from berrypod.web.forwarded import behind_proxies
from tests.deploy.signing import addresses, guess
from tests.support.server import RunningServer

CUSTOMER, STRANGER, PROXY = "203.0.113.9", "198.51.100.66", "127.0.0.1"


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that answers with the address and the scheme that it sees."""
    seen: Any = scope
    body = f"{seen['client'][0]} {seen['scheme']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def seen(settings: Settings, headers: dict[str, str], *, peer: str = PROXY) -> str:
    async def run() -> str:
        transport = httpx.ASGITransport(app=cast("Any", behind_proxies(tell, settings)), client=(peer, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example.org") as client:
            return (await client.get("/", headers=headers)).text

    return asyncio.run(run())


def configured(trusted: str, header: str = "") -> Settings:
    return Settings.from_env({"BERRYPOD_TRUSTED_PROXIES": trusted, "BERRYPOD_CLIENT_ADDRESS_HEADER": header})


FORWARDED = {"x-forwarded-for": CUSTOMER, "x-forwarded-proto": "https"}


def test_a_trusted_proxy_tells_address_and_scheme() -> None:
    assert seen(configured("127.0.0.1"), FORWARDED) == f"{CUSTOMER} https"
    assert seen(configured("10.0.0.0/8"), FORWARDED, peer="10.2.3.4") == f"{CUSTOMER} https"
    assert seen(configured("::1"), FORWARDED, peer="::1") == f"{CUSTOMER} https"


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8,192.0.2.1"])
def test_others_are_not_believed(trusted: str) -> None:
    assert seen(configured(trusted), FORWARDED, peer=STRANGER) == f"{STRANGER} http"


def test_what_a_customer_sends_to_the_proxy_is_not_believed_either() -> None:
    """The proxy adds the address that it sees at the end."""
    spoofed = {"x-forwarded-for": f"192.0.2.99, {CUSTOMER}"}
    assert seen(configured("127.0.0.1"), spoofed) == f"{CUSTOMER} http"


def test_a_chain_of_proxies_is_followed_as_far_as_it_is_trusted() -> None:
    chain = {"x-forwarded-for": f"192.0.2.99, {CUSTOMER}, 10.0.0.7"}
    assert seen(configured("127.0.0.1, 10.0.0.7"), chain) == f"{CUSTOMER} http"


class TestAnotherHeader:
    """As Fly.io sends them: X-Forwarded-For ends with an address of the shop itself."""

    SENT: ClassVar = {"x-forwarded-for": f"192.0.2.99, {CUSTOMER}, 66.241.124.230", "x-forwarded-proto": "https"}
    FLY = configured("172.16.0.0/12", "Fly-Client-IP")

    def test_it_alone_says_the_address(self) -> None:
        headers = self.SENT | {"fly-client-ip": CUSTOMER}
        assert seen(self.FLY, headers, peer="172.19.4.1") == f"{CUSTOMER} https"

    def test_without_it_the_address_is_that_of_the_proxy(self) -> None:
        assert seen(self.FLY, self.SENT, peer="172.19.4.1") == "172.19.4.1 https"

    def test_a_stranger_who_sends_it_is_not_believed(self) -> None:
        headers = self.SENT | {"fly-client-ip": "192.0.2.99"}
        assert seen(self.FLY, headers, peer=STRANGER) == f"{STRANGER} http"


@pytest.mark.parametrize("value", ["*", "0.0.0.0/0", "::/0", "127.0.0.1, *"])
def test_to_believe_everybody_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="which is everybody") as refused:
        configured(value)
    assert "127.0.0.1" in refused.value.hint


@pytest.mark.parametrize("value", ["proxy.example.org", "10.0.0.1/8", "10.0.0.1 10.0.0.2", "10.0.0"])
def test_what_is_no_address_is_refused(value: str) -> None:
    """uvicorn would take it for a name that no address has, and trust nobody without a word."""
    with pytest.raises(SettingsError, match="neither an address nor a network"):
        configured(value)


def test_what_is_no_name_of_a_header_is_refused() -> None:
    with pytest.raises(SettingsError, match="no name of a header"):
        configured("127.0.0.1", "Fly Client IP")


@pytest.mark.slow
class TestARealServer:
    """Six wrong guesses from one address are too many. How many from how many addresses?"""

    def throttled(self, server: RunningServer) -> int:
        told: list[int] = []
        for number in range(7):
            with httpx.Client(base_url=server.url, timeout=60) as client:
                told.append(guess(client, x_forwarded_for=f"203.0.113.{number}").status_code)
        return told.count(429)

    def test_strangers_do_not_escape_by_a_new_address_each(
        self, settings: Settings, serve: Callable[..., RunningServer]
    ) -> None:
        server = serve(settings)
        assert self.throttled(server) > 0
        server.stop()
        assert set(addresses(settings)) == {"127.0.0.1"}

    def test_customers_behind_a_proxy_do_not_hold_back_one_another(
        self, settings: Settings, serve: Callable[..., RunningServer]
    ) -> None:
        server = serve(settings, env={"BERRYPOD_TRUSTED_PROXIES": "127.0.0.1"})
        assert self.throttled(server) == 0
        server.stop()
        assert addresses(settings) == [f"203.0.113.{number}" for number in range(7)]
