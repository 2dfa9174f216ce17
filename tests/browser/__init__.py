"""The whole shop in a real browser, against a real server."""
