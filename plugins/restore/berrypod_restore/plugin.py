"""What the plugin declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from weakref import WeakValueDictionary

from berrypod.context import PluginContext
from berrypod.declarations import SettingDeclaration
from berrypod.hookspecs import hookimpl
from berrypod_restore.service import Restores

T = TypeVar("T")

# The hooks of one app share its restores. What they declare keeps them alive, and they keep the database: so an entry
# lives as long as its app, and its identity cannot be used again before.
_restores: WeakValueDictionary[int, Restores] = WeakValueDictionary()


def restores_of(context: PluginContext) -> Restores:
    """The restores of the app that `context` belongs to."""
    found = _restores.get(id(context.database))
    if found is None:
        found = _restores[id(context.database)] = Restores(context)
    return found


@hookimpl
def berrypod_settings() -> Sequence[SettingDeclaration]:
    return [
        SettingDeclaration(
            name="BERRYPOD_RESTORE_MAX_BYTES",
            help="The largest file that may be uploaded to be restored, in bytes.",
            default="8000000000",
        ),
        SettingDeclaration(
            name="BERRYPOD_RESTORE_FORMERS",
            help="How many databases that were replaced are kept for an undo. The newest always is.",
            default="3",
        ),
    ]
