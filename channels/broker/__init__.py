"""A small Redis client: what the bus and the rosters need, over one server, Sentinel or a cluster.

Why not redis-py's: see docs/decisions (a Redis client of our own).
"""
