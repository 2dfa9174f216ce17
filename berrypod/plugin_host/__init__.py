"""How the core hosts plugins: the inside of `berrypod.plugins`. A plugin imports nothing from here.

checks           what every declaration checks of itself
limits           how long and how often, in one record, so that tests can be quick
host             what these parts share, one per app
sources          where plugins come from: entry points, or objects that are handed in
registration     from an object to hook implementations, with pluggy; what is misspelt is found here
records          one record a plugin: its state, its errors, what of them may be told
discovery        importing and registering each plugin alone
plugin_settings  the environment variables that plugins declare
declaring        asking every plugin what it declares
answers          what hooks and providers may answer; anything else is an error
calls            running what was declared, while the shop runs
observers        telling plugins of events, in the background
lifespans        entering and leaving what plugins keep open while the shop runs
commands         commands of plugins, which cannot replace the shop's own
routes           route handlers of plugins, so that a bad one costs its plugin and not the start
"""
