"""Figures of the shop's file: the plugin `stats`.

wire            what the server and the measuring process say to each other
dbstat_process  the measuring process: the only place that loads the second SQLite library
measuring       what that process does with the file
helper          starts it, waits for it, ends it, and turns every failure into an error with a hint
service         measures in the background and answers from memory
report          the figures as the API gives them
figures         the same as providers, for every page that shows figures
panel, api, command   the three surfaces

Nothing is imported here: the measuring process passes through this package on its way in.
"""
