"""The names and the stories that the example data is made of, from the TOML files beside this one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from channels.agent import Agent, Role

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Content:
    """`staff` are the agents who have customers, `everybody` includes the supervisor and the administrator.

    `themes` maps what a case can be about to its lines by stage (open, work, wait, done); `anything` holds lines that
    fit every case, also those of replies, mentions and edits.
    """

    staff: Sequence[Agent]
    supervisor: Agent
    everybody: Sequence[Agent]
    first_names: Sequence[str]
    last_names: Sequence[str]
    company_names: Sequence[str]
    trades: Sequence[tuple[str, str]]
    legal_forms: Sequence[str]
    themes: Mapping[str, Mapping[str, Lines]]
    anything: Mapping[str, Lines]


def load_content() -> Content:
    """Reads the names and the lines that the example data is made of."""
    names, stories = _read("names.toml"), _read("stories.toml")
    staff = [Agent(number, username, name) for number, (username, name) in enumerate(names["agents"], 1)]
    supervisor = Agent(len(staff) + 1, names["supervisor"][0], names["supervisor"][1], Role.SUPERVISOR)
    admin = Agent(len(staff) + 2, names["admin"][0], names["admin"][1], Role.ADMIN)
    return Content(
        staff=staff,
        supervisor=supervisor,
        everybody=[*staff, supervisor, admin],
        first_names=names["first_names"],
        last_names=names["last_names"],
        company_names=names["company_names"],
        trades=[(trade, industry) for trade, industry in names["trades"]],
        legal_forms=names["legal_forms"],
        themes=stories["themes"],
        anything=stories["any"],
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("server.demo").joinpath(name).read_text("utf-8"))
