"""The commands of `berrypod`, a file for each group. They hold no logic: they call the services that the web calls."""
