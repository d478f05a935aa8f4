"""A TCP port that is free right now."""

from __future__ import annotations

import random
import socket

REDIS_BUS = 10_000
"""A node of a Redis cluster also listens on its port plus this."""


def free_port(*, with_bus: bool = False) -> int:
    """`with_bus`: the port of a cluster's bus is free as well."""
    while True:
        with socket.socket() as probe, socket.socket() as bus:
            # below the ports that the system gives out by itself, and those of the bus below their end
            wanted = random.randrange(16_000, 32_000) if with_bus else 0
            if _binds(probe, wanted) and (not with_bus or _binds(bus, wanted + REDIS_BUS)):
                port: int = probe.getsockname()[1]
                return port


def _binds(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
