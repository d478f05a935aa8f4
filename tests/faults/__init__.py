"""The laws under faults: clients that write and view, faults that are caused, a recorded history, and a pure checker."""
