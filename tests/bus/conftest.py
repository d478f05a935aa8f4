"""Redis in each of its shapes, one of each for the tests of a module."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

import pytest

from tests.ground.redis import Cluster, RedisServer, cluster, oldest_program, single

T = TypeVar("T")


@contextmanager
def outside(manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Enters an asynchronous context without the event loop of a test: only its processes go on."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        yield runner.run(manager.__aenter__())
        runner.run(manager.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with outside(cluster(tmp_path_factory.mktemp("cluster"))) as running:
        yield running


@pytest.fixture(scope="module")
def old_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Of the oldest Redis at hand: where that is before 7, without sharded pub/sub."""
    with outside(cluster(tmp_path_factory.mktemp("old"), program=oldest_program())) as running:
        yield running


@pytest.fixture(scope="module")
def one_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with outside(single(tmp_path_factory.mktemp("single"))) as running:
        yield running
