"""Notices: what concerns one agent, stored and numbered per agent, sent on `agent:<id>`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from channels.action import Action


class NoticeType(StrEnum):
    """Why an agent is told of an action."""

    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    MENTIONED = "mentioned"
    REPLIED = "replied"


@dataclass(frozen=True, slots=True)
class Notice:
    """`offset` numbers the notices of one agent from 1 without gaps, in commit order."""

    agent_id: int
    offset: int
    type: NoticeType
    action: Action
    created_at: datetime

    def publication_json(self) -> dict[str, Any]:
        """The data of its publication on `agent:<id>`."""
        return {"type": self.type, "customer_id": self.action.customer_id, "action": self.action.as_json()}
