"""API tokens: shown once, hashed, scoped, expiring, revoked at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from berrypod.accounts import SCOPES, Accounts, TokenPrincipal
from berrypod.accounts.tokens import USED_EVERY, NewToken
from berrypod.errors import Invalid, NotFound
from berrypod.storage.database import Database
from tests.accounts.conftest import Clock


@pytest.fixture
async def token(accounts: Accounts) -> NewToken:
    return await accounts.tokens.create(name="Nightly backup", scopes=["backup:read", "stats:read"])


def _header(token: NewToken) -> str:
    return f"Bearer {token.token.reveal()}"


async def test_a_token_has_its_form_and_is_in_no_repr(token: NewToken) -> None:
    assert re.fullmatch(r"bp_[a-z0-9]{8}_[A-Za-z0-9]{43}", token.token.reveal())
    assert token.token.reveal() not in repr(token)
    assert token.record.scopes == ("stats:read", "backup:read"), "in the order of the scopes"


async def test_a_header_with_a_token_is_the_program_with_its_scopes(accounts: Accounts, token: NewToken) -> None:
    found = await accounts.tokens.authenticate(_header(token))
    wanted = TokenPrincipal(
        token.record.id, "Nightly backup", frozenset({"stats:read", "backup:read"}), token.record.prefix
    )
    assert found == wanted
    assert await accounts.tokens.authenticate(f"bearer   {token.token.reveal()} ") == wanted


async def test_the_file_holds_the_hash_alone(token: NewToken, database: Database) -> None:
    async with database.read() as session:
        stored = str((await session.execute(text("SELECT * FROM api_tokens"))).all())
    assert token.record.prefix in stored
    assert token.token.reveal().rsplit("_", 1)[1] not in stored


async def test_the_prefix_with_another_secret_is_nobody(accounts: Accounts, token: NewToken) -> None:
    value = token.token.reveal()
    changed = value[:-1] + ("a" if value[-1] != "a" else "b")
    assert await accounts.tokens.authenticate(f"Bearer {changed}") is None


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(header=st.one_of(st.text(), st.text().map("Bearer {}".format), st.text().map("Bearer bp_{}".format)))
async def test_what_is_no_token_is_nobody(accounts: Accounts, header: str) -> None:
    assert await accounts.tokens.authenticate(header) is None


@pytest.mark.parametrize("form", ["{}", "Basic {}", "Bearer{}", "Token {}", "Bearer {} {}", "Bearer x{}"])
async def test_a_token_in_the_wrong_form_is_nobody(accounts: Accounts, token: NewToken, form: str) -> None:
    value = token.token.reveal()
    assert await accounts.tokens.authenticate(form.format(value, value)) is None


async def test_an_expired_token_is_nobody(accounts: Accounts, clock: Clock) -> None:
    token = await accounts.tokens.create(name="Short", scopes=["shop:read"], expires_at=clock() + timedelta(minutes=1))
    assert await accounts.tokens.authenticate(_header(token))
    clock.forward(minutes=1)
    assert await accounts.tokens.authenticate(_header(token)) is None
    assert token.record.state(clock()) == "expired"


async def test_a_revoked_token_is_nobody_at_once_in_every_process(
    accounts: Accounts, elsewhere: Accounts, token: NewToken, clock: Clock
) -> None:
    assert await elsewhere.tokens.authenticate(_header(token))
    revoked = await accounts.tokens.revoke(token.record.id)
    assert revoked.state(clock()) == "revoked"
    assert await elsewhere.tokens.authenticate(_header(token)) is None
    clock.forward(days=1)
    assert (await accounts.tokens.revoke(token.record.id)).revoked_at == revoked.revoked_at
    with pytest.raises(NotFound):
        await accounts.tokens.revoke(999)


async def test_use_is_noted_and_seldom_written(
    accounts: Accounts, token: NewToken, clock: Clock, database: Database
) -> None:
    await accounts.tokens.authenticate(_header(token))
    first = (await accounts.tokens.find(f"bp_{token.record.prefix}")).last_used_at
    assert first == clock()
    before = database.data_version()
    clock.forward(seconds=USED_EVERY.total_seconds() - 1)
    await accounts.tokens.authenticate(_header(token))
    assert database.data_version() == before
    clock.forward(seconds=1)
    await accounts.tokens.authenticate(_header(token))
    assert (await accounts.tokens.find(token.record.prefix)).last_used_at == clock()


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [
        ("", ["shop:read"], "name"),
        ("  ", ["shop:read"], "name"),
        ("x" * 101, ["shop:read"], "name"),
        ("Job", [], "scopes"),
        ("Job", ["shop:read", "shop:everything"], "scopes"),
        ("Job", ["SHOP:READ"], "scopes"),
    ],
)
async def test_a_token_without_a_name_or_with_scopes_that_do_not_exist_is_refused(
    accounts: Accounts, name: str, scopes: list[str], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await accounts.tokens.create(name=name, scopes=scopes)
    assert set(caught.value.fields) == {field}
    assert await accounts.tokens.list() == ()


async def test_an_expiry_in_the_past_is_refused(accounts: Accounts, clock: Clock) -> None:
    with pytest.raises(Invalid):
        await accounts.tokens.create(name="Job", scopes=["shop:read"], expires_at=clock())


@given(st.iterables(st.sampled_from(SCOPES), min_size=1))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_scopes_may_come_in_any_order_and_twice(accounts: Accounts, scopes: list[str]) -> None:
    given_scopes = list(scopes)
    new = await accounts.tokens.create(name="Job", scopes=iter(given_scopes))
    assert set(new.record.scopes) == set(given_scopes)
    assert list(new.record.scopes) == sorted(new.record.scopes, key=SCOPES.index)
