"""Two workers under write load while the key is changed: no request fails, and each order is in the file afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from berrypod.settings import Secret, Settings
from tests.faults.served import Customers, command, notes_in, stocked, told
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

ORDERS_BETWEEN = 20


def test_each_order_that_was_confirmed_is_in_the_file_under_the_new_key(
    encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    stocked(encrypted_settings)
    server = serve(encrypted_settings, workers=2)
    key_file = tmp_path / "new.key"
    with Customers(server.url).ordering() as customers:
        customers.wait_for(ORDERS_BETWEEN)
        rotated = told(command(encrypted_settings, "key", "rotate", "--json", "--key-file", str(key_file)))
        customers.wait_for(ORDERS_BETWEEN)
    assert server.stop() == 0
    assert (customers.failures, customers.told) == ([], {}), "nobody was turned away"

    unaware = serve(encrypted_settings, workers=2)  # With the key that its environment has always had.
    with Customers(unaware.url, "later").ordering() as later:
        later.wait_for(ORDERS_BETWEEN)
    assert unaware.stop() == 0

    renewed = replace(encrypted_settings, secret_key_db=Secret(key_file.read_text().strip()))
    again = serve(renewed, workers=2)
    assert httpx.get(f"{again.url}/health", timeout=60).status_code == 200
    confirmed = told(command(renewed, "key", "confirm", "--json"))
    assert confirmed["new_fingerprint"] == rotated["rotated"]["rotation"]["new_fingerprint"]
    assert again.stop() == 0
    notes = notes_in(renewed.database_path, renewed.secret_key_db)
    assert notes == {*customers.confirmed, *later.confirmed}
    former = notes_in(Path(confirmed["former_file"]))
    assert former < set(customers.confirmed), "nothing was written to it after the swap"
    waited = rotated["rotated"]["closed_seconds"]
    print(f"{len(notes)} orders, {len(former)} of them before; requests waited {waited:.3f} s")
