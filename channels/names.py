"""Channel names: `customer:<id>`, `agent:<id>`, `work:<agent id>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_LENGTH = 255
_NAME = re.compile(r"(customer|agent|work):([1-9][0-9]{0,17})", re.ASCII)


class ChannelKind(StrEnum):
    """The word before the colon: what the channel's number is the id of, and what travels on it."""

    CUSTOMER = "customer"
    AGENT = "agent"
    WORK = "work"


WORK_PREFIX = f"{ChannelKind.WORK}:"


@dataclass(frozen=True, slots=True)
class ChannelName:
    """The name of a channel taken apart; `str` puts it together again. `id` is a customer's or an agent's."""

    kind: ChannelKind
    id: int

    @classmethod
    def parse(cls, text: str) -> ChannelName | None:
        """None for the name of no known kind."""
        match = _NAME.fullmatch(text)
        return None if match is None else cls(ChannelKind(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def recoverable(self) -> bool:
        """Whether the channel has a stream: numbered publications that PostgreSQL keeps."""
        return self.kind is not ChannelKind.WORK


def customer_channel(customer_id: int) -> ChannelName:
    """The actions of one customer."""
    return ChannelName(ChannelKind.CUSTOMER, customer_id)


def agent_channel(agent_id: int) -> ChannelName:
    """The notices of one agent."""
    return ChannelName(ChannelKind.AGENT, agent_id)


def work_channel(agent_id: int) -> ChannelName:
    """The changes of the list of what is assigned to an agent."""
    return ChannelName(ChannelKind.WORK, agent_id)
