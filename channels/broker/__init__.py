"""A small Redis client: what the bus and the rosters need, over one server, Sentinel or a cluster.

Why not redis-py's: see docs/decisions/0014-a-redis-client-of-our-own.md.
"""
