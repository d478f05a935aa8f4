"""What callers may send. Each model makes an intent; HTTP takes the customer's id from the path instead."""

from __future__ import annotations

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from channels.agent import Role
from channels.command import AddComment, Base, CreateCustomer, DeleteComment, EditComment, UpdateCustomer
from channels.customer import CUSTOM_FIELD, Priority, Status
from channels.errors import BaseMissing, InvalidRequest
from server.models import examples
from server.models.examples import shown
from server.models.values import (
    CommentText,
    CustomFields,
    Email,
    Id,
    Name,
    NewPassword,
    Phone,
    Position,
    Ref,
    Username,
    storable,
)

MAX_BULK = 500


class Request(BaseModel):
    """The base of all: unknown members are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Write(Request):
    command_id: UUID | None = Field(None, description="Makes a retry safe: the same id is written once.")


# Comments


class NewComment(Write):
    model_config = shown(examples.NEW_COMMENT)

    body: CommentText = Field(description="1 to 10,000 characters; `@username` mentions an agent.")
    reply_to: Id | None = Field(None, description="The offset of the comment that this one answers.")
    seen_offset: Position | None = Field(
        None, description="The latest offset that the author has seen; refused with 409 if another agent wrote since."
    )

    def intent(self, customer_id: int) -> AddComment:
        return AddComment(customer_id, self.body, self.reply_to, self.seen_offset)


class CommentAdd(NewComment):
    customer_id: Id

    def to_intent(self) -> AddComment:
        return self.intent(self.customer_id)


class CommentRewrite(Write):
    model_config = shown(examples.COMMENT_CHANGE)

    body: CommentText

    def intent(self, customer_id: int, offset: int) -> EditComment:
        return EditComment(customer_id, offset, self.body)


class CommentEdit(CommentRewrite):
    customer_id: Id
    offset: Id

    def to_intent(self) -> EditComment:
        return self.intent(self.customer_id, self.offset)


class CommentDelete(Write):
    customer_id: Id
    offset: Id

    def to_intent(self) -> DeleteComment:
        return DeleteComment(self.customer_id, self.offset)


# Customers


class CustomerChanges(Request):
    """The fields to change; what is left out stays. `null` empties a field, and removes a key of `fields`."""

    ref: Ref | None = None
    name: Name = ""
    email: Email | None = None
    phone: Phone | None = None
    status: Status = Status.NEW
    priority: Priority = Priority.NORMAL
    assigned_to: Id | None = None
    archived: bool = Field(False, strict=True)
    fields: CustomFields = Field(default_factory=dict)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.flat():
            raise ValueError("must name at least one field")
        return self

    def flat(self) -> dict[str, Any]:
        """The given fields by name, those inside `fields` as `fields.<key>`."""
        given = {name: getattr(self, name) for name in self.model_fields_set if name != "fields"}
        return given | {f"{CUSTOM_FIELD}{key}": value for key, value in self.fields.items()}


class CustomerPatch(Write):
    model_config = shown(examples.CUSTOMER_CHANGE)

    base_version: Id | None = Field(None, description="The version that the changes started from.")
    base_updated_at: AwareDatetime | None = Field(
        None, description="Instead of `base_version`: the `updated_at` that they started from; compares the whole."
    )
    changes: CustomerChanges
    strict: bool = Field(False, strict=True, description="Any change since the base is a conflict.")

    def intent(self, customer_id: int, if_match: int | None = None) -> UpdateCustomer:
        """Raises BaseMissing; `if_match` is the version of the header of that name."""
        return UpdateCustomer(customer_id, self.changes.flat(), self._base(if_match))

    def _base(self, if_match: int | None) -> Base:
        if self.base_version is not None and self.base_updated_at is not None:
            raise InvalidRequest.of("base_updated_at", "must not be given beside base_version")
        if if_match is not None:
            if self.base_updated_at is not None or self.base_version not in (None, if_match):
                raise InvalidRequest.of("If-Match", "names another base than the body")
            return Base(version=if_match, strict=True, precondition=True)
        if self.base_version is None and self.base_updated_at is None:
            raise BaseMissing("name the state that the change started from: base_version, base_updated_at or If-Match")
        return Base(self.base_version, self.base_updated_at, strict=self.strict)


class CustomerUpdate(CustomerPatch):
    customer_id: Id

    def to_intent(self) -> UpdateCustomer:
        return self.intent(self.customer_id)


class CustomerCreate(Write):
    model_config = shown(examples.NEW_CUSTOMER)

    name: Name
    ref: Ref | None = None
    email: Email | None = None
    phone: Phone | None = None
    status: Status = Status.NEW
    priority: Priority = Priority.NORMAL
    assigned_to: Id | None = None
    fields: CustomFields = Field(default_factory=dict)

    def to_intent(self) -> CreateCustomer:
        values = {name: getattr(self, name) for name in type(self).model_fields if name not in ("command_id", "fields")}
        custom = {f"{CUSTOM_FIELD}{key}": value for key, value in self.fields.items() if value is not None}
        return CreateCustomer(values | custom)


class BulkUpdate(Write):
    model_config = shown(examples.BULK_CHANGE)

    customer_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_BULK)]
    changes: CustomerChanges


class CustomerRef(Request):
    customer_id: Id


class EditBegin(CustomerRef):
    base_version: Id
    fields: (
        Annotated[list[Annotated[str, Field(max_length=80), AfterValidator(storable)]], Field(max_length=64)] | None
    ) = Field(None, description="The fields being edited (`status`, `fields.plan`); all of them if left out.")


class ReadPosition(Request):
    model_config = shown(examples.READ)

    offset: Position = Field(description="The latest offset that was read.")


class ReadMark(ReadPosition):
    customer_id: Id


# Accounts


class Login(Request):
    model_config = shown(examples.LOGIN)

    username: Annotated[str, Field(max_length=200), AfterValidator(storable)]
    password: Annotated[str, Field(max_length=1024), AfterValidator(storable)]


class AgentCreate(Request):
    model_config = shown(examples.NEW_AGENT)

    username: Username
    name: Name
    role: Role = Role.AGENT
    password: NewPassword | None = Field(None, description="Without one the agent uses tokens only.")


class AgentPatch(Request):
    model_config = shown(examples.AGENT_CHANGE)

    name: Name | None = None
    role: Role | None = None
    active: bool | None = Field(None, strict=True)
    password: NewPassword | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("must name at least one field")
        return self
