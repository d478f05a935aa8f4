"""Editing leases: "this connection has this customer open for editing, starting from that version".

Courtesy, not law: what is written is judged by versions alone. Pure; the clock is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

LEASE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Lease:
    """`fields` None: the whole form. `expires_at` in seconds since the epoch."""

    client: str
    agent_id: int
    customer_id: int
    base_version: int
    fields: frozenset[str] | None
    expires_at: float

    def touched_by(self, changed: Iterable[str]) -> frozenset[str]:
        """Those of the changed fields that this lease covers."""
        return frozenset(changed) if self.fields is None else self.fields & frozenset(changed)


class Leases:
    """The leases of this process's connections, one for each connection and customer."""

    def __init__(self) -> None:
        self._leases: dict[tuple[str, int], Lease] = {}

    def begin(self, lease: Lease) -> None:
        """Begins or renews."""
        self._leases[lease.client, lease.customer_id] = lease

    def end(self, client: str, customer_id: int) -> Lease | None:
        """Forgets the lease and returns it; None where there was none."""
        return self._leases.pop((client, customer_id), None)

    def get(self, client: str, customer_id: int) -> Lease | None:
        """What the connection edits of the customer, whether or not its time is up."""
        return self._leases.get((client, customer_id))

    def advance(self, client: str, customer_id: int, version: int) -> None:
        """The holder's own write was committed: what it edits now starts from there."""
        lease = self._leases.get((client, customer_id))
        if lease is not None and version > lease.base_version:
            self._leases[client, customer_id] = replace(lease, base_version=version)

    def expired(self, now: float) -> list[Lease]:
        """Those whose time is up and that nobody has ended yet. `now`: as in `Lease.expires_at`."""
        return [lease for lease in self._leases.values() if lease.expires_at <= now]
