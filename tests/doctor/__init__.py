"""The doctor: each check is shown a machine that is bad in that way."""
