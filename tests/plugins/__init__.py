"""Plugins: what they may do, and that none can harm the shop or another plugin."""
