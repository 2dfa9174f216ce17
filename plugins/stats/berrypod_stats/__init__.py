"""Figures of the shop's file: the plugin `stats`.

wire            what the server and the measuring process say to each other
dbstat_process  the measuring process: the only place that loads the second SQLite library
measuring       what that process does with the file
helper          starts it, waits for it, ends it, and turns every failure into an error with a hint
measurement     one measurement of an open database
facts           what the shop's own connection knows: counts, age, versions
service         measures in the background and answers from memory
describing      words for the OpenAPI document
report          the figures as the API gives them
figures         the same as providers, for every page that shows figures
gather          the figures of all providers, with failures in their place
panel, api, command   the three surfaces
plugin          what is declared to the shop

Nothing is imported here: the measuring process passes through this package on its way in.
"""
