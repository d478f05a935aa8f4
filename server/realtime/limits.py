"""How much one client may have of a process (docs/realtime.md, "Limits")."""

from __future__ import annotations

from dataclasses import dataclass

from channels.buckets import Allowance

CONNECT_DEADLINE = 10.0
"""Seconds from the handshake to the `connect` command."""

UNUSABLE_DEADLINE = 5.0
"""Seconds for a client whose `connect` was refused to go by itself."""

COMMANDS_WAITING = 512
INCOMING_LIMIT = 1 << 20
"""Commands, and bytes of them, that may wait for those before them."""

OPENED_PER_TURN = 4
ADMITTED_PER_TURN = 4
"""WebSockets opened, and sessions whose first commands are begun, in one turn of the loop: together about a
millisecond's work. More wait for the next."""

SUBSCRIPTIONS = 128

COMMANDS_OF_CONNECTION = Allowance(rate=500, burst=1_000)
COMMANDS_OF_AGENT = Allowance(rate=1_000, burst=5_000)


@dataclass(frozen=True, slots=True)
class RealtimeLimits:
    """Commands are counted per process: they guard its loop. Without an allowance they are not counted.

    `connections_per_agent` holds for all processes together (`server.realtime.elsewhere`).
    """

    connections_per_agent: int = 100
    commands_of_connection: Allowance | None = COMMANDS_OF_CONNECTION
    commands_of_agent: Allowance | None = COMMANDS_OF_AGENT

    @classmethod
    def uncounted(cls) -> RealtimeLimits:
        """Where the operator switched rate limits off."""
        return cls(commands_of_connection=None, commands_of_agent=None)
