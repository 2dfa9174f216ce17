"""nginx with the settings of docs/deploy.md, in front of a shop in production."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import trustme

from berrypod.accounts import Accounts
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from tests.conftest import IN_CI
from tests.deploy.signing import addresses, guess
from tests.docs.blocks import ROOT, blocks
from tests.faults.served import stocked
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

EMAIL, PASSWORD = "ada@example.org", "a pod of berries, by the gate"
CUSTOMER = "127.0.0.2"  # the proxy is 127.0.0.1
MEGABYTES = 8


@dataclass(frozen=True)
class Front:
    """The proxy as it runs. `folder` is where it would put what it collects."""

    url: str
    trusted: ssl.SSLContext
    folder: Path
    token: str
    settings: Settings
    server: RunningServer

    def client(self) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self.trusted, local_address=CUSTOMER)
        return httpx.Client(transport=transport, base_url=self.url, timeout=60)


def configuration(folder: Path, listener: socket.socket, upstream: str) -> str:
    """The block of the documentation; other are the address, the certificate and the shop's port."""
    (block,) = [block.code for block in blocks(ROOT / "docs" / "deploy.md") if block.language == "nginx"]
    server = block.replace("listen 443", f"listen 127.0.0.1:{listener.getsockname()[1]}")
    server = re.sub(r"(ssl_certificate_key +)\S+;", rf"\1{folder}/key.pem;", server)
    server = re.sub(r"(ssl_certificate +)\S+;", rf"\1{folder}/certificate.pem;", server)
    server = server.replace("http://127.0.0.1:8000", upstream)
    kept = "".join(f"{name}_temp_path {folder}/kept;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    return f"{user} daemon off; pid {folder}/pid; events {{}} http {{ access_log off; {kept}\n{server}}}"


@pytest.fixture
def front(encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path) -> Iterator[Front]:
    if shutil.which("nginx") is None:
        (pytest.fail if IN_CI else pytest.skip)("no nginx on the path")
    token = stocked(encrypted_settings)
    asyncio.run(admin(encrypted_settings))
    settings = replace(
        encrypted_settings, environment="prod", secret_key_base=Secret("the key of the sessions, behind nginx")
    )
    upstream = serve(settings, env={"BERRYPOD_TRUSTED_PROXIES": "127.0.0.1"})

    folder = tmp_path / "nginx"
    folder.mkdir()
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    # nginx takes over a socket that is open already, as it does when it replaces itself: so the port is a free one.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (folder / "nginx.conf").write_text(configuration(folder, listener, upstream.url))
        process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")],
            env={**os.environ, "NGINX": f"{listener.fileno()};"},
            pass_fds=[listener.fileno()],
        )
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        try:
            found = Front(url, trusted, folder, token, settings, upstream)
            wait_for(found, process)
            yield found
        finally:
            process.terminate()
            process.wait(30)


async def admin(settings: Settings) -> None:
    database = Database(settings)
    await database.open()
    try:
        await Accounts(database, settings).admins.create(email=EMAIL, password=PASSWORD, name="Ada")
    finally:
        await database.close()


def wait_for(front: Front, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    with front.client() as client:
        while process.poll() is None and time.monotonic() < until:
            try:
                if client.get("/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise AssertionError("nginx does not answer")


def test_an_admin_signs_in_and_guesses_are_told_by_the_customers_address(front: Front) -> None:
    """What a customer says of their own address is not believed."""
    with front.client() as client:
        assert guess(client, x_forwarded_for="203.0.113.9").status_code != 303
        signed_in = guess(client, PASSWORD)
        assert signed_in.status_code == 303, signed_in.text
        assert "secure" in signed_in.headers["set-cookie"].lower()
        assert client.get("/admin/backup").status_code == 200
    front.server.stop()
    assert addresses(front.settings) == [CUSTOMER]


def test_shops_go_through_in_both_directions_and_nothing_is_collected_on_the_way(front: Front) -> None:
    with front.client() as client:
        client.headers["authorization"] = f"Bearer {front.token}"
        started = client.post("/api/restores", content=os.urandom(MEGABYTES * 1_000_000))
        assert started.status_code == 202, started.text
        ended = client.get(started.headers["location"], params={"wait": 60}).json()
        assert ended["received_bytes"] == MEGABYTES * 1_000_000, ended
    assert [path for path in front.folder.rglob("kept/**/*") if path.is_file()] == []
