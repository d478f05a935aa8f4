"""The laws under faults: clients that write and view, faults, a recorded history, and a checker that judges it."""
