"""Berrypod: a self-hosted shop whose whole state is one encrypted SQLite file."""

__version__ = "0.1.0"
