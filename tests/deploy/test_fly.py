"""fly.toml fits the image and the server: what one says and the other does not, nobody would notice before a stop."""

from __future__ import annotations

import tomllib
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from berrypod.commands.serve import SHUTDOWN_SECONDS
from berrypod.settings import Settings
from tests.deploy.images import instructions
from tests.docs.blocks import ROOT


@pytest.fixture(scope="module")
def fly() -> dict[str, Any]:
    return tomllib.loads((ROOT / "fly.toml").read_text())


@pytest.fixture(scope="module")
def image() -> dict[str, str]:
    """The instructions of the last stage by their names; the last of each."""
    return dict(instructions(ROOT / "Dockerfile"))


def test_requests_come_to_the_port_that_the_image_serves(fly: dict[str, Any], image: dict[str, str]) -> None:
    port = str(fly["http_service"]["internal_port"])
    assert image["expose"] == port
    assert f'"{port}"' in image["cmd"]
    assert f":{port}/health" in image["healthcheck"]
    assert [check["path"] for check in fly["http_service"]["checks"]] == ["/health"]
    assert fly["http_service"]["force_https"] is True


def test_the_volume_is_where_the_image_has_its_shop(fly: dict[str, Any], image: dict[str, str]) -> None:
    (mount,) = fly["mounts"]
    assert mount["destination"] == image["volume"] == image["workdir"]
    assert f"DATABASE_PATH={image['volume']}/" in image["env"]


def test_a_stop_is_waited_for(fly: dict[str, Any], image: dict[str, str]) -> None:
    assert fly["kill_signal"] == image["stopsignal"] == "SIGTERM"
    assert fly["kill_timeout"] > SHUTDOWN_SECONDS


def test_one_machine_that_does_not_sleep(fly: dict[str, Any]) -> None:
    service = fly["http_service"]
    assert (service["auto_stop_machines"], service["min_machines_running"]) == ("off", 1)
    assert fly["deploy"]["strategy"] == "immediate", "there is no second machine to be taken first"


def test_the_proxy_is_believed_and_no_secret_is_there(fly: dict[str, Any], image: dict[str, str]) -> None:
    settings = Settings.from_env({name: str(value) for name, value in fly["env"].items()})
    assert any(ip_address("172.19.4.1") in ip_network(network) for network in settings.trusted_proxies)
    assert settings.client_address_header.lower() == "fly-client-ip"
    assert not any("SECRET" in name for name in fly["env"])
    assert "SECRET" not in image["env"]
