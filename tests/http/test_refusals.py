"""Both faces know every refusal, and agree on whether trying again can help."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import server.app  # noqa: F401 # reason: with it, every module that adds a refusal is there
from channels.errors import CasewireError
from persistence.migrate import MigrationRefused
from server.problems import PROBLEMS
from server.realtime.codes import INTERNAL, error_code


def refusals(base: type[CasewireError] = CasewireError) -> Iterator[type[CasewireError]]:
    """All that a caller can be told; whoever starts a server alone is told of a refused migration."""
    for kind in base.__subclasses__():
        if kind is not MigrationRefused and not kind.__module__.startswith("tests."):
            yield kind
            yield from refusals(kind)


@pytest.mark.parametrize("kind", sorted(set(refusals()), key=lambda kind: kind.__name__))
def test_a_refusal_is_a_problem_and_the_faces_agree_on_retrying(kind: type[CasewireError]) -> None:
    assert PROBLEMS[kind.name].status in ((429, 503) if kind.retryable else range(400, 429))
    code = error_code(kind.__new__(kind))
    if kind.retryable or code is not INTERNAL:  # the others are never given over the socket
        assert code.temporary is kind.retryable


def test_every_problem_is_given_by_something() -> None:
    assert set(PROBLEMS) == {kind.name for kind in refusals()} | {CasewireError.name}
