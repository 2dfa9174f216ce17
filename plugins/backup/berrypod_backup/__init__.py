"""Backups of a shop: a snapshot of its file, verified, and handed to exporters.

records    what is known of a backup, and the states that it goes through
store      the records on disk, shared by all processes of a shop
turns      one snapshot at a time, over all processes
service    starting, following, fetching and deleting backups
running    one backup from its beginning to its end
exporting  exporters, each isolated; `download` is the built-in one
last       when the last backup was made, for the figures
api, wire  /api/backups
panel, pages  the part of /admin/backup, and what its forms call
commands   `berrypod backup`
plugin     the hooks
"""
