"""What API tokens may be allowed. Apart from the accounts, so that the command line can tell it at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# What each scope allows, in the words of the page on which an admin grants it.
SCOPE_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "stats:read": "See figures about the shop and its file, and the list of plugins",
        "metrics:read": "See the figures of backups that Prometheus collects, on /metrics",
        "audit:read": "Read the audit log: who did what, when and from where",
        "backup:read": "List and download backups: whoever has one and the key has the whole shop",
        "backup:write": "Make and delete backups",
        "restore:write": "Replace the whole shop with a backup",
        "shop:read": "Read products, orders, subscribers and settings",
        "shop:write": "Change products, orders, subscribers and settings",
    }
)

SCOPES: tuple[str, ...] = tuple(SCOPE_MEANINGS)
