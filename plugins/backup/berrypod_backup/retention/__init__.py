"""Which backups stay, and which go.

settings   what an admin wants kept
plan       what that means for the entries of one archive: pure, and the rules that no setting overrides
applying   the plan of each archive, shown or carried out
"""
