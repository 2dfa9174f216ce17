"""Restoring a shop: what a file is, what would be lost, the swap, and the way back.

records    what is known of a restore, and the states that it goes through; store: on the disk, for all processes
service    what the API, the pages and the commands call: the parts below, put together (workroom: what they share)

staging    a file comes to lie beside the database: receiving (from wherever) and sources
examining  from staged to ready or refused:
           inspection, verdicts (unopened, telling, facts), rekeying, preparation, guarding (builtin_guards, shrinkage)
comparing  with the shop as it is now: comparison, differences (kinds, pairing, reading, showing), losses_csv, piping
contenders what is ready, and under the shop's key
deciding   what must hold before anything is replaced; confirming: what `expect` stands for; state: of the shop
applying   the swap: turns (one at a time), formers (what was replaced), ending; interruptions and sweeping

api, wire, describing      /api/restores
panel, pages, views, ...   the part of /admin/backup, and the pages of restores
commands, on_terminal      `berrypod restore`
plugin                     the hooks
"""
