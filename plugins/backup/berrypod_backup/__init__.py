"""Backups of a shop: a snapshot of its file, verified, and handed to exporters; kept, scheduled, proven, thinned out.

records    what is known of a backup, and the states that it goes through; store: on disk, for all processes
turns      one snapshot at a time, over all processes
service    starting, following, fetching (fetching) and deleting backups
running    one backup from its beginning to its end (writing: its record; announcing: who is told)
exporting  exporters, each isolated; `download` is the built-in one
last       when the last backup was made, for the figures

keeping    the archive on this machine; sources: archives that are named by an address
archives   the archives of all exporters; archive_service: what is done with what they keep; archived: as it is told
drill/     a shop is run on a kept backup, to prove it; and checks, which only read it back
schedule/  when backups are made; retention/: which of them stay
watching/  whether all of that is well, and figures of it for Prometheus

api, archive_api, wire                 /api/backups
panel, kept_panel, pages, archive_pages  the parts of /admin/backup, and what their forms call
commands, kept_commands                `berrypod backup`
plugin     the hooks; shared: what they share; routes: all routes
"""
