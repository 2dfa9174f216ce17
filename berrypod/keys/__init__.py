"""The life of the shop's key: the kit that is kept elsewhere, whether it is, and its change."""
