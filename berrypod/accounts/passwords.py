"""Passwords: argon2id, computed in threads of its own, in the same time whether there is such an admin or not."""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import argon2

from berrypod.errors import Invalid

T = TypeVar("T")

MINIMUM_CHARACTERS: Final = 12
# Longer ones are no safer, and a megabyte of "password" costs whoever must hash it.
MAXIMUM_CHARACTERS: Final = 512

_FEWEST_DIFFERENT: Final = 5

# More than OWASP's minimum (19 MiB, 2 passes). Each hash takes this memory, and a small host has 256 MB in all:
# two at a time, so that a flood of sign-ins cannot push the shop out of memory.
_MEMORY_KIBIBYTES: Final = 32_768
_PASSES: Final = 3
_LANES: Final = 2
_AT_A_TIME: Final = 2


def default_hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIBIBYTES, parallelism=_LANES)


@dataclass(frozen=True)
class Verdict:
    """`rehashed` is the hash to store instead, if the old one was made with other parameters."""

    correct: bool
    rehashed: str | None = None


WRONG: Final = Verdict(correct=False)


class Passwords:
    """Makes and checks password hashes. The event loop is never held up."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or default_hasher()
        self._executor = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="berrypod-password")
        self._nobody = self._hash_that_nothing_fits()

    async def hash(self, password: str) -> str:
        return await self._in_thread(partial(self._hasher.hash, _bytes(password)))

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Check a password against a stored hash.

        Without one (there is no such admin) another hash is checked, which nothing fits: the answer takes as long.
        """
        return await self._in_thread(partial(self._verify, stored or self._nobody, _bytes(password)))

    async def _in_thread(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, job)

    def _verify(self, stored: str, password: bytes) -> Verdict:
        try:
            self._hasher.verify(stored, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHash):
            return WRONG
        outdated = self._hasher.check_needs_rehash(stored)
        return Verdict(correct=True, rehashed=self._hasher.hash(password) if outdated else None)

    def _hash_that_nothing_fits(self) -> str:
        """Random bytes in the form of a hash with today's parameters: made at once, where a real one costs 50 ms."""
        hasher = self._hasher
        salt, digest = (
            base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
            for length in (hasher.salt_len, hasher.hash_len)
        )
        costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
        return f"$argon2id$v=19${costs}${salt}${digest}"


def require_good_password(password: str, *, email: str, field: str = "password") -> None:
    """Length above all; beyond it only what is plainly no secret.

    :raises Invalid: with the reason under `field`.
    """
    normal = _normal(password)
    reason = ""
    if len(normal) < MINIMUM_CHARACTERS:
        reason = f"At least {MINIMUM_CHARACTERS} characters, please: a few words in a row are easy to remember."
    elif len(normal) > MAXIMUM_CHARACTERS:
        reason = f"At most {MAXIMUM_CHARACTERS} characters, please."
    elif len(set(normal)) < _FEWEST_DIFFERENT:
        reason = "That repeats the same few characters. A few words in a row are easy to remember."
    elif normal.casefold() == email.casefold():
        reason = "That is the e-mail address, which is no secret."
    if reason:
        raise Invalid("The password is too easy to guess", fields={field: reason})


def _normal(password: str) -> str:
    """The same characters as typed on any keyboard: an accent may come as one code point or as two."""
    return unicodedata.normalize("NFKC", password[: MAXIMUM_CHARACTERS + 1])


def _bytes(password: str) -> bytes:
    # A terminal may send what is not UTF-8; Python keeps that as lone surrogates.
    return _normal(password).encode("utf-8", "surrogatepass")
