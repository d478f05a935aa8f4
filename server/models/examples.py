"""The examples of the OpenAPI document; a test sends them through the models."""

from __future__ import annotations

from typing import Any

COMMAND_ID = "0198c0de-7a11-7000-8000-000000000001"

AGENT: dict[str, Any] = {"id": 7, "username": "dana", "name": "Dana", "role": "agent", "active": True}
ACTOR: dict[str, Any] = {"id": 7, "name": "Dana"}

CUSTOMER: dict[str, Any] = {
    "id": 42,
    "ref": "AC-1042",
    "name": "Acme Ltd",
    "email": "desk@acme.example",
    "phone": None,
    "status": "waiting",
    "priority": "normal",
    "assigned_to": 7,
    "archived": False,
    "fields": {"plan": "gold"},
    "version": 8,
    "offset": 31,
    "created_at": "2026-11-23T10:00:00.000000Z",
    "updated_at": "2026-11-23T10:05:00.000000Z",
}

STATUS_CHANGE: dict[str, Any] = {
    "id": 9001,
    "customer_id": 42,
    "offset": 31,
    "kind": "status_change",
    "actor": ACTOR,
    "body": None,
    "reply_to": None,
    "mentions": [],
    "changes": {"status": {"from": "open", "to": "waiting"}},
    "version": 8,
    "command_id": COMMAND_ID,
    "created_at": "2026-11-23T10:05:00.000000Z",
}

COMMENT: dict[str, Any] = STATUS_CHANGE | {
    "id": 9002,
    "offset": 32,
    "kind": "comment",
    "body": "Called back, @lee takes over.",
    "mentions": [8],
    "changes": {},
    "created_at": "2026-11-23T10:06:00.000000Z",
}

EPOCH = "4f0c9a6be1c24f7d9d5d8f5d3c1b2a90"

CONFLICT: dict[str, Any] = {
    "type": "/problems/edit-conflict",
    "title": "Edit conflict",
    "status": 409,
    "detail": "status was changed to waiting by Dana",
    "customer_id": 42,
    "base_version": 7,
    "current_version": 8,
    "conflicts": [
        {"field": "status", "base": "open", "yours": "resolved", "theirs": "waiting", "actor": ACTOR, "offset": 31}
    ],
    "customer": CUSTOMER,
    "actions": [STATUS_CHANGE],
}
