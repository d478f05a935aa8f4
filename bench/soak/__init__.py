"""The soak: the fault tests of `tests.faults` for as long as one likes, with more seeds, and figures at the end."""
