"""From a plugin's object to hook implementations that pluggy has checked."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from berrypod import __version__, hookspecs
from berrypod.errors import PluginError

_HINT = "docs/hooks.md names every hook with its arguments."
_MARKER = f"{hookspecs.PROJECT}_impl"

HookFunction = Callable[..., object]


@dataclass(frozen=True)
class Implementation:
    """One plugin's implementation of one hook. `rank` is -1 for those that are asked first, 1 for the last ones."""

    plugin: str
    function: HookFunction
    argument_names: tuple[str, ...]
    rank: int

    def __call__(self, arguments: Mapping[str, object]) -> object:
        return self.function(*(arguments[name] for name in self.argument_names))


class _Found:
    """What pluggy gets to see: the implementations and nothing else.

    Looking through a module or object can run its code (`__dir__`, properties). That is done once, inside the
    isolation; the manager, which all plugins share, is touched only afterwards and only with plain functions.
    """

    def __init__(self, functions: Mapping[str, HookFunction]) -> None:
        vars(self).update(functions)


def find_implementations(plugin: object) -> dict[str, HookFunction]:
    """The functions of `plugin` that are marked with `@hookimpl`, by their names. Runs the plugin's code.

    :raises PluginError: there are none, or some cannot be used as a hook.
    """
    if inspect.isclass(plugin):
        raise PluginError(
            f"the entry point names the class {plugin.__name__}",
            hint="Let it name a module, or an object of the class: `plugin = MyPlugin()`.",
        )
    functions: dict[str, HookFunction] = {}
    for name in dir(plugin):
        if isinstance(inspect.getattr_static(plugin, name, None), property):
            continue
        value: Any = getattr(plugin, name, None)
        options: object = getattr(value, _MARKER, None)
        if not inspect.isroutine(value):
            if isinstance(options, dict):
                raise PluginError(f"{name} is marked with @hookimpl and is no function", hint="Make it a function.")
        elif isinstance(options, dict):
            _check_usable(name, value, options)  # pyright: ignore[reportUnknownArgumentType]
            functions[name] = value
        elif name in HOOKS and not hasattr(value, f"{hookspecs.PROJECT}_spec"):
            raise PluginError(f"{name} is not marked with @hookimpl", hint="from berrypod.hookspecs import hookimpl")
    if not functions:
        raise PluginError("nothing in it is marked with @hookimpl", hint=_HINT)
    return functions


def _check_usable(name: str, function: HookFunction, options: Mapping[str, object]) -> None:
    if options.get("wrapper") or options.get("hookwrapper"):
        raise PluginError(f"{name} is a hook wrapper", hint="Plugins are called one by one: there is nothing to wrap.")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(
            f"{name} is async", hint="Hooks are plain functions; the functions that they return may be async."
        )


class Registration:
    """The typed, thin face of one app's pluggy manager."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)

    def register(self, name: str, functions: Mapping[str, HookFunction]) -> tuple[str, ...]:
        """Take up a plugin's implementations. Returns the names of its hooks; on an error nothing of it
        stays.

        :raises PluginError: a hook or an argument is misspelt.
        """
        plugin = _Found(functions)
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            raise _misspelt(error, functions) from error
        return tuple(hook for hook in HOOKS if self.of(name, hook))

    def unregister(self, name: str) -> None:
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)

    def of(self, name: str, hook: str) -> list[Implementation]:
        """The implementations of `hook` by one plugin."""
        return [found for found in self.all(hook) if found.plugin == name]

    def all(self, hook: str) -> list[Implementation]:
        """All implementations of `hook`: `tryfirst` ones first, `trylast` ones last, else by the plugin's name."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        found = [
            Implementation(impl.plugin_name, impl.function, tuple(impl.argnames), impl.trylast - impl.tryfirst)
            for impl in caller.get_hookimpls()
        ]
        return sorted(found, key=lambda one: (one.rank, one.plugin))


def _misspelt(error: pluggy.PluginValidationError, functions: Mapping[str, HookFunction]) -> PluginError:
    for name, function in functions.items():
        hook = str(getattr(function, _MARKER).get("specname") or name)
        if hook not in HOOKS and not getattr(function, _MARKER).get("optionalhook"):
            return PluginError(f"Berrypod {__version__} has no hook {hook}", hint=_did_you_mean(hook, HOOKS))
        wanted = inspect.signature(function).parameters
        known = inspect.signature(getattr(hookspecs, hook)).parameters if hook in HOOKS else wanted
        for argument in wanted:
            if argument not in known and wanted[argument].default is inspect.Parameter.empty:
                hint = _did_you_mean(argument, known) if known else f"{hook} has no arguments."
                return PluginError(f"{name} has no argument {argument}", hint=hint)
    return PluginError(str(error).splitlines()[0], hint=_HINT)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"Did you mean {close[0]}? {_HINT}" if close else _HINT


def _hook_names() -> tuple[str, ...]:
    marked = f"{hookspecs.PROJECT}_spec"
    return tuple(name for name, value in vars(hookspecs).items() if hasattr(value, marked))


HOOKS = _hook_names()
