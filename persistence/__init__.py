"""The only place that knows asyncpg and SQL.

Imports `channels`, never `server`.
"""
