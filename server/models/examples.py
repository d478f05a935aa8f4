"""The examples of the OpenAPI document; a test sends them through the models."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict


def shown(example: Any) -> ConfigDict:
    """The configuration of a model that is documented by this example."""
    return ConfigDict(json_schema_extra={"examples": [example]})


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

# What is answered

ME = AGENT | {"permissions": [], "visibility": "all"}
TOKENS: dict[str, Any] = {"access_token": "eyJ…", "token_type": "Bearer", "expires_in": 900, "agent": AGENT}
AGENTS = {"items": [AGENT]}
LISTED = CUSTOMER | {"unread": 2}
CUSTOMERS = {"items": [LISTED], "next_cursor": "eyJrZXkiOiIyMDI2LTExLTIzIn0"}
COUNTS = {"new": 4, "open": 120, "in_progress": 31, "waiting": 77, "resolved": 12, "closed": 256}
CHANGED = {"customer": CUSTOMER, "action": STATUS_CHANGE}
ACTIONS = {"epoch": EPOCH, "offset": 32, "items": [STATUS_CHANGE, COMMENT]}
EDITING = {"agent": ACTOR, "fields": ["status"], "base_version": 8, "expires_at": "2026-11-23T10:06:30.000000Z"}
PRESENCE = {
    "complete": True,
    "viewing": [{"agent": ACTOR, "client": "0e70534a-6f0e-4b8a-9a53-0a4b5a1f7c11"}],
    "editing": [EDITING],
}
NOTICES = {
    "epoch": EPOCH,
    "offset": 12,
    "read_offset": 11,
    "items": [
        {
            "offset": 12,
            "type": "mentioned",
            "customer_id": 42,
            "customer_name": "Acme Ltd",
            "action": COMMENT,
            "created_at": "2026-11-23T10:06:00.000000Z",
        }
    ],
}
BULK = {
    "items": [
        {"customer_id": 42, "status": 200, "customer": CUSTOMER, "action": STATUS_CHANGE},
        {
            "customer_id": 43,
            "status": 404,
            "problem": {
                "type": "/problems/not-found",
                "title": "Not found",
                "status": 404,
                "detail": "there is no customer 43",
            },
        },
    ]
}
WORKLOAD = {"complete": True, "items": [{"agent_id": 7, "online": True, "counts": COUNTS}]}
READING = {
    "connections": 48,
    "channels": 61,
    "writes_per_second": 3.2,
    "conflicts_per_second": 0.05,
    "healed_per_second": 0.0,
    "healing_lag_seconds": 0.6,
    "requests_per_second": 12.4,
    "pool_open": 10,
    "pool_busy": 1,
    "waiting_writes": 0,
}
SYSTEM = {
    "at": "2026-11-23T10:06:00.000000Z",
    "complete": True,
    "redis_seconds": 0.0004,
    "tick_seconds": 5,
    "ends_at": 1_795_428_355,
    "totals": READING
    | {
        "pool_max": 50,
        "agents_online": 31,
        "redis_connected": 1,
        "processes": 1,
        "nodes": 1,
        "request_p50_seconds": 0.003,
        "request_p95_seconds": 0.011,
        "request_p99_seconds": 0.024,
    },
    "series": {name: [None, value] for name, value in READING.items()} | {"request_p95_seconds": [None, 0.011]},
    "processes": [
        READING
        | {
            "pool_max": 50,
            "node": "casewire-1",
            "pid": 4711,
            "version": "0.1.0",
            "started_at": "2026-11-23T08:00:00.000000Z",
            "redis_connected": True,
            "request_p95_seconds": 0.011,
        }
    ],
}
STATE = {"status": "ready"}
MEANING = {
    "type": "/problems/not-found",
    "title": "Not found",
    "status": 404,
    "meaning": "There is nothing at this address, or nothing that you may see.",
    "remedy": "Check the address and the id.",
}

# What is sent

LOGIN = {"username": "dana", "password": "casewire"}
NEW_AGENT = {"username": "sam", "name": "Sam", "role": "agent", "password": "a long pass phrase"}
AGENT_CHANGE = {"active": False}
NEW_CUSTOMER = {"name": "Acme Ltd", "ref": "AC-1042", "assigned_to": 7, "fields": {"plan": "gold"}}
CUSTOMER_CHANGE = {
    "base_version": 7,
    "changes": {"status": "waiting", "fields": {"plan": "gold"}},
    "command_id": COMMAND_ID,
}
BULK_CHANGE = {"customer_ids": [42, 43], "changes": {"assigned_to": 7}, "command_id": COMMAND_ID}
NEW_COMMENT = {"body": "Called back, @lee takes over.", "seen_offset": 31, "command_id": COMMAND_ID}
COMMENT_CHANGE = {"body": "Called back twice.", "command_id": COMMAND_ID}
READ = {"offset": 32}
