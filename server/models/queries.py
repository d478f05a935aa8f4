"""What callers may ask for in a query string. Several values of one parameter are separated by commas."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from channels.action import ActionKind
from channels.customer import Priority, Status
from server.models.values import MAX_ID, PathId, storable

PAGE = 100
MAX_WAIT = 25.0

Assignee = int | Literal["none"] | None


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _separated(value: Any) -> Any:
    given = value if isinstance(value, list | tuple) else [value]
    return [part for text in given for part in (text.split(",") if isinstance(text, str) else [text]) if part != ""]


def _assignee(text: str) -> str:
    if text in ("me", "none") or (text.isascii() and text.isdecimal() and 1 <= int(text[:20]) <= MAX_ID):
        return text
    raise ValueError("must be me, none, or an agent's id")


AssigneeText = Annotated[str, Field(max_length=20), AfterValidator(_assignee)]


class AssigneeQuery(Query):
    assigned_to: AssigneeText | None = Field(
        None, description="`me`, `none` (unassigned), or an agent's id; everybody's if left out."
    )

    def assignee(self, caller_id: int) -> Assignee:
        match self.assigned_to:
            case None | "none":
                return self.assigned_to
            case "me":
                return caller_id
            case text:
                return int(text)


class CustomersQuery(AssigneeQuery):
    status: Annotated[list[Status], BeforeValidator(_separated)] | None = Field(
        None, description="One or more, separated by commas."
    )
    priority: Annotated[list[Priority], BeforeValidator(_separated)] | None = Field(
        None, description="One or more, separated by commas."
    )
    archived: Literal["false", "true", "any"] = "false"
    unread: bool = Field(False, description="Only customers with actions that the caller has not read.")
    q: Annotated[str, Field(max_length=200), AfterValidator(storable)] | None = Field(
        None, description="Words that the name, the ref or the e-mail address must contain."
    )
    sort: Literal["-updated_at", "updated_at", "name", "-name"] = "-updated_at"
    limit: int = Field(PAGE, ge=1, le=PAGE)
    cursor: Annotated[str, Field(max_length=2000), AfterValidator(storable)] | None = Field(
        None, description="`next_cursor` of the page before."
    )

    def archived_as_bool(self) -> bool | None:
        return {"false": False, "true": True, "any": None}[self.archived]


class PageQuery(Query):
    after: int | None = Field(None, ge=0, le=MAX_ID, description="Ascending from the one after this offset.")
    before: PathId | None = Field(None, description="The newest ones before this offset, newest first.")
    limit: int = Field(PAGE, ge=1, le=PAGE)

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if self.after is not None and self.before is not None:
            raise ValueError("after and before cannot be combined")
        return self


class ActionsQuery(PageQuery):
    kind: Annotated[list[ActionKind], BeforeValidator(_separated)] | None = Field(
        None, description="One or more, separated by commas."
    )
    wait: float = Field(
        0, ge=0, le=MAX_WAIT, description="With `after`: seconds to wait for something new before answering empty."
    )

    @model_validator(mode="after")
    def _waits_for_something(self) -> Self:
        if self.wait and self.after is None:
            raise ValueError("wait needs after")
        return self
