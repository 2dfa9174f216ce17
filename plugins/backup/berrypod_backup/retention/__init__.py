"""Which backups stay, and which go.

settings   what an admin wants kept
plan       what that means for the entries of one archive: pure, and the rules that no setting overrides
applying   the plan of each archive, shown or carried out
api, wire  /api/backups/retention and /api/backups/prune
commands, doing  `berrypod backup retention` and `berrypod backup prune`
words      what is kept, in words
"""
