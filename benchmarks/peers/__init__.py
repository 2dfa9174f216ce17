"""The same shop as others would build it, for comparison."""
