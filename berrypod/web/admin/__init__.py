"""The pages for admins. Everything works without JavaScript, and nothing here is open but the way in.

login, setup            the way in; local_path: where it may lead
dashboard, panels       what plugins show
account, authenticator, key, key_change, tokens, plugins, audit: how the shop is run
pages, state, forms     what they share
"""

from berrypod.web.admin.account import AccountController
from berrypod.web.admin.audit import audit_page
from berrypod.web.admin.authenticator import AuthenticatorController
from berrypod.web.admin.dashboard import dashboard
from berrypod.web.admin.key import KeyController
from berrypod.web.admin.key_change import KeyChangeController
from berrypod.web.admin.login import LoginController
from berrypod.web.admin.panels import backup, of_plugins
from berrypod.web.admin.plugins import plugins_api, plugins_page
from berrypod.web.admin.setup import SetupController
from berrypod.web.admin.tokens import TokensController

handlers = (
    LoginController,
    SetupController,
    dashboard,
    backup,
    of_plugins,
    AccountController,
    AuthenticatorController,
    KeyController,
    KeyChangeController,
    TokensController,
    audit_page,
    plugins_page,
    plugins_api,
)

__all__ = ["handlers"]
