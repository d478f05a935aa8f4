"""Deciding a write: the locked customer, a command and the evidence in; an action or a refusal out.

Pure: no clock, no database. The one writer (`persistence.recorder`) calls `decide` between taking the
row lock and writing, so what is read here cannot change before it is committed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from channels.action import CHANGES_FIELDS, Action, ActionKind, Change
from channels.agent import Agent, Permission
from channels.command import (
    AddComment,
    Base,
    Command,
    CreateCustomer,
    DeleteComment,
    EditComment,
    Intent,
    UpdateCustomer,
)
from channels.conflict import EditConflictDocument, FieldConflict, UnseenActionsDocument
from channels.customer import CUSTOM_FIELD, Customer
from channels.errors import (
    EditConflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    UnseenActions,
)
from channels.mentions import mentioned_usernames
from channels.notice import NoticeType

COMMENT_KINDS = frozenset({ActionKind.COMMENT, ActionKind.COMMENT_EDITED, ActionKind.COMMENT_DELETED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision needs beside the customer, read under its lock.

    `actions`: for an update, the field-changing actions after its base, ascending; for a comment with
    `seen_offset`, every action after it; for an edited or deleted comment, that comment with what was
    done to it since; for a reply, the comment it answers.
    `agents`: active agents by id; `usernames`: their ids by username.
    """

    actions: Sequence[Action] = ()
    target: Action | None = None
    target_history: Sequence[Action] = ()
    agents: Mapping[int, Agent] = field(default_factory=dict)
    usernames: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write: the customer's next state and the action's content (the writer adds id and time)."""

    customer: Customer
    kind: ActionKind
    body: str | None = None
    reply_to: int | None = None
    mentions: tuple[int, ...] = ()
    changes: Mapping[str, Change] = field(default_factory=dict)
    notices: tuple[tuple[int, NoticeType], ...] = ()


def decide(customer: Customer, command: Command, evidence: Evidence) -> Decision | None:
    """None where nothing would change: then nothing is written.

    Raises NotFound, PermissionDenied, InvalidRequest, EditConflict or UnseenActions."""
    if isinstance(command.intent, CreateCustomer):
        return _create(customer, command.agent, command.intent, evidence)
    if not command.agent.may_see(customer.assigned_to, command.visibility):
        raise NotFound(f"there is no customer {customer.id}")  # as if it did not exist: ids cannot be probed
    match command.intent:
        case UpdateCustomer() as update:
            return _update(customer, command.agent, update, evidence)
        case AddComment() as comment:
            return _comment(customer, command.agent, comment, evidence)
        case EditComment() as edit:
            return _edit_comment(customer, command.agent, edit, evidence)
        case DeleteComment() as deletion:
            return _delete_comment(customer, command.agent, deletion, evidence)
        case other:
            assert_never(other)


def referenced_agents(intent: Intent) -> set[int]:
    """The ids of agents that an intent names and that must exist."""
    values = intent.values if isinstance(intent, CreateCustomer) else getattr(intent, "changes", {})
    assignee = values.get("assigned_to")
    return set() if assignee is None else {assignee}


# Creating and updating


def _create(customer: Customer, agent: Agent, intent: CreateCustomer, evidence: Evidence) -> Decision:
    """`customer` carries the values already; its log starts with them."""
    _require_agents(intent, evidence)
    changes = {name: Change(None, value) for name, value in intent.values.items() if value is not None}
    created = replace(customer, version=1, offset=1)
    return Decision(created, ActionKind.CREATED, changes=changes, notices=_assignment_notices(changes, agent))


def _update(customer: Customer, agent: Agent, intent: UpdateCustomer, evidence: Evidence) -> Decision | None:
    if intent.base is not None:
        _refuse_conflict(customer, intent.changes, intent.base, evidence.actions)
    _require_agents(intent, evidence)
    changes = {
        name: Change(customer.value(name), value)
        for name, value in intent.changes.items()
        if not _same(customer.value(name), value)
    }
    if not changes:
        return None
    version = customer.version + 1
    updated = replace(
        _with_values(customer, {name: change.after for name, change in changes.items()}),
        version=version,
        offset=customer.offset + 1,
        field_versions={**customer.field_versions, **dict.fromkeys(changes, version)},
    )
    return Decision(updated, kind_of(changes), changes=changes, notices=_assignment_notices(changes, agent))


def kind_of(changes: Mapping[str, Change]) -> ActionKind:
    """The kind of an action that changes exactly these fields."""
    match list(changes.items()):
        case [("status", _)]:
            return ActionKind.STATUS_CHANGE
        case [("assigned_to", _)]:
            return ActionKind.ASSIGNMENT
        case [("archived", change)]:
            return ActionKind.ARCHIVE if change.after else ActionKind.UNARCHIVE
        case _:
            return ActionKind.UPDATE


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values: unlike in Python, `true` is not 1 and `1` is not `1.0` when nested."""
    return left == right and json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _with_values(customer: Customer, values: Mapping[str, Any]) -> Customer:
    fields = dict(customer.fields)
    columns: dict[str, Any] = {}
    for name, value in values.items():
        if not name.startswith(CUSTOM_FIELD):
            columns[name] = value
        elif value is None:
            fields.pop(name.removeprefix(CUSTOM_FIELD), None)
        else:
            fields[name.removeprefix(CUSTOM_FIELD)] = value
    return replace(customer, fields=fields, **columns)


def _require_agents(intent: Intent, evidence: Evidence) -> None:
    for agent_id in referenced_agents(intent):
        agent = evidence.agents.get(agent_id)
        if agent is None or not agent.active:
            raise InvalidRequest.of("assigned_to", f"there is no active agent {agent_id}")


def _assignment_notices(changes: Mapping[str, Change], author: Agent) -> tuple[tuple[int, NoticeType], ...]:
    change = changes.get("assigned_to")
    if change is None:
        return ()
    pairs = ((change.before, NoticeType.UNASSIGNED), (change.after, NoticeType.ASSIGNED))
    return tuple((agent_id, kind) for agent_id, kind in pairs if agent_id not in (None, author.id))


# Conflicts


def conflicting_fields(customer: Customer, names: Iterable[str], base: Base) -> tuple[str, ...]:
    """Those of `names` (with a strict base: of all fields) that changed since the base, sorted."""
    if base.updated_at is not None:
        changed = set(customer.field_versions) if customer.updated_at != base.updated_at else set()
    else:
        since = base.version or 0
        changed = {name for name, version in customer.field_versions.items() if version > since}
    whole = base.strict or base.updated_at is not None
    return tuple(sorted(changed if whole else changed & set(names)))


def changed_since(customer: Customer, base: Base) -> bool:
    """Whether any field changed since the base."""
    if base.updated_at is not None:
        return customer.updated_at != base.updated_at
    return customer.version > (base.version or 0)


def edit_conflict(
    customer: Customer, wanted: Mapping[str, Any], names: Iterable[str], base: Base, actions: Sequence[Action]
) -> EditConflictDocument:
    """The document that tells of `names` changed since `base`; `actions` changed fields after it, ascending."""
    conflicts = []
    for name in names:
        touching = [action for action in actions if name in action.changes]
        if not touching:
            continue  # changed in the same instant as the base: the customer shows its state
        conflicts.append(
            FieldConflict(
                field=name,
                base=touching[0].changes[name].before,
                yours=wanted.get(name),
                theirs=customer.value(name),
                actor=touching[-1].actor,
                offset=touching[-1].offset,
            )
        )
    return EditConflictDocument(_conflict_sentence(conflicts, customer), base.version, conflicts, customer, actions)


def _conflict_sentence(conflicts: Sequence[FieldConflict], customer: Customer) -> str:
    if not conflicts:
        return f"the customer changed since; it is at version {customer.version} now"
    return "; ".join(f"{c.field} was changed to {_shown(c.theirs)} by {c.actor.name}" for c in conflicts)


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _refuse_conflict(customer: Customer, wanted: Mapping[str, Any], base: Base, actions: Sequence[Action]) -> None:
    if base.version is not None and base.version > customer.version:
        raise InvalidRequest.of("base_version", f"is {base.version}, but the customer is at {customer.version}")
    if not changed_since(customer, base):
        return
    names = conflicting_fields(customer, wanted, base)
    if names or base.strict or base.updated_at is not None:
        document = edit_conflict(customer, wanted, names, base, actions)
        raise EditConflict(document, precondition=base.precondition)


# Comments


def _comment(customer: Customer, agent: Agent, intent: AddComment, evidence: Evidence) -> Decision:
    if intent.seen_offset is not None:
        if intent.seen_offset > customer.offset:
            raise InvalidRequest.of("seen_offset", f"is {intent.seen_offset}, but the latest is {customer.offset}")
        _refuse_unseen(customer, agent, intent.seen_offset, evidence.actions)
    notices: dict[int, NoticeType] = {}
    if intent.reply_to is not None:
        target = evidence.target
        if target is None or target.kind is not ActionKind.COMMENT:
            raise InvalidRequest.of("reply_to", f"{intent.reply_to} is no comment of this customer")
        notices[target.actor.id] = NoticeType.REPLIED
    mentions = _mentions(intent.body, evidence)
    notices |= dict.fromkeys(mentions, NoticeType.MENTIONED)
    notices.pop(agent.id, None)
    return Decision(
        replace(customer, offset=customer.offset + 1),
        ActionKind.COMMENT,
        body=intent.body,
        reply_to=intent.reply_to,
        mentions=mentions,
        notices=tuple(notices.items()),
    )


def _mentions(body: str, evidence: Evidence) -> tuple[int, ...]:
    names = mentioned_usernames(body)
    return tuple(evidence.usernames[name] for name in names if name in evidence.usernames)


def _refuse_unseen(customer: Customer, agent: Agent, seen_offset: int, actions: Sequence[Action]) -> None:
    unseen = [
        action
        for action in actions
        if action.offset > seen_offset
        and action.actor.id != agent.id
        and (action.kind in COMMENT_KINDS or action.kind in CHANGES_FIELDS)
    ]
    if unseen:
        names = ", ".join(dict.fromkeys(action.actor.name for action in unseen))
        count = "one action" if len(unseen) == 1 else f"{len(unseen)} actions"
        detail = f"{count} by {names} came after offset {seen_offset}"
        raise UnseenActions(UnseenActionsDocument(detail, customer, seen_offset, unseen))


def _own_comment(agent: Agent, offset: int, evidence: Evidence) -> Action:
    target = evidence.target
    if target is None or target.kind is not ActionKind.COMMENT:
        raise NotFound(f"there is no comment at offset {offset}")
    if any(action.kind is ActionKind.COMMENT_DELETED for action in evidence.target_history):
        raise NotFound(f"the comment at offset {offset} was deleted")
    if target.actor.id != agent.id and not agent.may(Permission.MODERATE_COMMENTS):
        raise PermissionDenied("only its author or a supervisor may change a comment")
    return target


def _edit_comment(customer: Customer, agent: Agent, intent: EditComment, evidence: Evidence) -> Decision | None:
    target = _own_comment(agent, intent.offset, evidence)
    edits = [action for action in evidence.target_history if action.kind is ActionKind.COMMENT_EDITED]
    current = edits[-1] if edits else target
    if current.body == intent.body:
        return None
    mentions = _mentions(intent.body, evidence)
    fresh = [agent_id for agent_id in mentions if agent_id not in current.mentions and agent_id != agent.id]
    return Decision(
        replace(customer, offset=customer.offset + 1),
        ActionKind.COMMENT_EDITED,
        body=intent.body,
        reply_to=intent.offset,
        mentions=mentions,
        notices=tuple((agent_id, NoticeType.MENTIONED) for agent_id in fresh),
    )


def _delete_comment(customer: Customer, agent: Agent, intent: DeleteComment, evidence: Evidence) -> Decision:
    _own_comment(agent, intent.offset, evidence)
    return Decision(replace(customer, offset=customer.offset + 1), ActionKind.COMMENT_DELETED, reply_to=intent.offset)
