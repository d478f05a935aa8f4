"""The bench's own rules: what counts as a figure, and what the table says about it."""
