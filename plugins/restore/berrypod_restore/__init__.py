"""Restoring a shop: what a file is, what would be lost, and the swap."""
