"""The measurements. Each module has `run(bench)`, which returns trials of several subjects, taken in turns."""
