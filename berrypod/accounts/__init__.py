"""Who may look after the shop. Services without HTTP: the web and the command line both stand on them.

principals  who sends a request, and the scopes of tokens
admins      accounts and passwords; totp: the second factor
sessions    sign-ins of admins; tokens: programs
sign_in     password, code, session; throttle: guessing made slow; devices: browsers that are known
setup       the first admin; carrying: what survives a restore
"""

from __future__ import annotations

import argon2

from berrypod.accounts.admins import Admins
from berrypod.accounts.devices import Devices
from berrypod.accounts.passwords import Passwords
from berrypod.accounts.principals import SCOPES, AdminPrincipal, Principal, TokenPrincipal
from berrypod.accounts.sessions import Sessions
from berrypod.accounts.setup import Setup
from berrypod.accounts.sign_in import SignIn
from berrypod.accounts.throttle import Throttle
from berrypod.accounts.tokens import Tokens
from berrypod.accounts.totp import Totp
from berrypod.clock import Clock, utc_now
from berrypod.settings import Settings
from berrypod.storage.database import Database

__all__ = ["SCOPES", "Accounts", "AdminPrincipal", "Principal", "TokenPrincipal"]


class Accounts:
    """All of it, over one database, which may be opened later."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        """:param hasher: other costs than the default, for tests."""
        self.admins = Admins(database, Passwords(hasher), clock)
        self.totp = Totp(database, clock)
        self.sessions = Sessions(database, clock)
        self.tokens = Tokens(database, clock)
        self.throttle = Throttle(database, settings, clock)
        self.setup = Setup(database, self.admins, clock)
        self.sign_in = SignIn(self.admins, self.totp, self.sessions, self.throttle, Devices(settings))
