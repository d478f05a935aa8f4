"""A server with example data, for a first look."""
