"""The embedded PostgreSQL and Redis, each claim shown by causing what it is about."""
