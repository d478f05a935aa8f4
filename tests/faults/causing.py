"""The faults, each caused for real. `FAULTS` names them; each is called with the stage and its round, while the scribes
write, and returns when the fault is over and what was stopped runs again.

Whom a fault excuses from law 7 while it lasts: those whose only way leads through what is frozen or cut off. A Redis
that is away excuses nobody.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.faults.bareviewers import RawViewer
from tests.faults.bus import RedisProcess, operators
from tests.faults.plan import Round
from tests.faults.stage import Stage
from tests.faults.world import PATIENCE, Node
from tests.ground.eventually import eventually

Fault = Callable[[Stage, Round], Awaitable[None]]

WRITES_MEANWHILE = 4
"""How many writes must be acknowledged while a fault lasts that writes survive."""


# Redis


async def redis_killed(stage: Stage, round_: Round) -> None:
    """Of a cluster one server; another one may take its place."""
    with stage.fault("redis killed"):
        killed = _redis(stage, round_)
        killed.kill()
        await stage.until_acknowledged(WRITES_MEANWHILE)
        await killed.revive()


async def redis_frozen(stage: Stage, round_: Round) -> None:
    with stage.fault("redis frozen"):
        frozen = _redis(stage, round_)
        frozen.freeze()
        try:
            await stage.until_acknowledged(WRITES_MEANWHILE)
            await asyncio.sleep(round_.hold)
        finally:
            frozen.thaw()


async def pubsub_killed(stage: Stage, _round: Round) -> None:
    """The subscriptions' connections alone, a few times."""
    for _ in range(3):
        with stage.fault("pubsub killed"):
            async with operators(stage.world.bus) as servers:
                for server in servers:
                    await server.client_kill_filter(_type="pubsub")
            await stage.until_acknowledged(1)


async def pubsub_overflow(stage: Stage, round_: Round) -> None:
    """Redis drops subscribers that take more than it is willing to hold for them, and what it held."""
    limit = "client-output-buffer-limit"
    async with operators(stage.world.bus) as servers:
        usual = [str((await server.config_get(limit))[limit]) for server in servers]
        with stage.fault("pubsub overflow"):
            for server in servers:
                await server.config_set(limit, "pubsub 1024 0 0")
            try:
                await _write_much(stage, round_, count=3)
            finally:
                for server, words in zip(servers, usual, strict=True):
                    await server.config_set(limit, words)


async def redis_cut(stage: Stage, round_: Round) -> None:
    """One node's connections to Redis, in the middle of a message."""
    redis = stage.world.bus.proxies[round_.node]
    with stage.fault("redis cut"):
        redis.cut_within_next_answer()
        await stage.until_acknowledged(2)
        redis.cut()
        await stage.until_acknowledged(1)


async def redis_unreachable(stage: Stage, round_: Round) -> None:
    """One node and Redis do not hear each other, and nobody tells them."""
    redis = stage.world.bus.proxies[round_.node]
    with stage.fault("redis unreachable"):
        redis.hold()
        try:
            await stage.until_acknowledged(WRITES_MEANWHILE)
            await asyncio.sleep(round_.hold)
        finally:
            redis.resume()


# Nodes


async def node_killed(stage: Stage, round_: Round) -> None:
    node = _node(stage, round_)
    with stage.fault("node killed"):
        node.kill()
        await stage.until_acknowledged(WRITES_MEANWHILE)
        await node.start()


async def node_frozen(stage: Stage, round_: Round) -> None:
    node = _node(stage, round_)
    with stage.fault("node frozen", stage.served_by(node)):
        stage.send_home(node)
        node.freeze()
        try:
            await stage.until_acknowledged(WRITES_MEANWHILE)
            await asyncio.sleep(round_.hold)
        finally:
            node.thaw()


async def node_restarted(stage: Stage, round_: Round) -> None:
    """As at a deploy: told to end, it sends its clients elsewhere."""
    node = _node(stage, round_)
    with stage.fault("node restarted"):
        code = await node.stop()
        assert code == 0, f"{node.name} ended with code {code}"
        await stage.until_acknowledged(WRITES_MEANWHILE)
        await node.start()


async def worker_killed(stage: Stage, round_: Round) -> None:
    """One process of a node's; its parent starts another in its place."""
    node = stage.world.nodes[-1]
    before = node.workers()
    with stage.fault("worker killed"):
        node.kill_worker(before[round_.number % len(before)])
        await stage.until_acknowledged(WRITES_MEANWHILE)
        await eventually(lambda: set(node.workers()) - set(before), within=PATIENCE, what="the worker was replaced")


async def worker_frozen(stage: Stage, round_: Round) -> None:
    """The other workers of its node go on, and take who comes."""
    node = stage.world.nodes[-1]
    frozen = node.workers()[round_.number % node.count]
    with stage.fault("worker frozen", stage.served_by_worker(node, frozen)), _frozen([frozen]):
        await stage.until_acknowledged(WRITES_MEANWHILE)
        await asyncio.sleep(round_.hold)


# PostgreSQL


async def postgres_killed(stage: Stage, _round: Round) -> None:
    with stage.fault("postgres killed", "*"):
        killed = stage.world.postgres()
        killed.kill()
        await stage.until_attempted(WRITES_MEANWHILE)
        await stage.world.until_postgres_restarted(killed.pid)


async def postgres_crashed(stage: Stage, round_: Round) -> None:
    """One of its processes is killed while it works; PostgreSQL then throws out everybody and repairs itself."""
    with stage.fault("postgres crashed", "*"):
        backends = [p for p in stage.world.postgres().children() if "casewire" in _title(p) and "idle" in _title(p)]
        backends[round_.number % len(backends)].kill()
        await stage.until_attempted(WRITES_MEANWHILE)
        await eventually(stage.world.postgres_answers, within=PATIENCE, what="PostgreSQL has repaired itself")


async def postgres_frozen(stage: Stage, round_: Round) -> None:
    main = stage.world.postgres()
    with stage.fault("postgres frozen", "*"), _frozen([main, *main.children(recursive=True)]):
        await stage.until_under_way(WRITES_MEANWHILE)
        await asyncio.sleep(round_.hold)


async def postgres_cut(stage: Stage, round_: Round) -> None:
    """All of one node's connections at once, one of them in the middle of a message."""
    database = _node(stage, round_).database
    with stage.fault("postgres cut"):
        database.cut_within_next_answer()
        await stage.until_acknowledged(2)
        database.cut()
        await stage.until_acknowledged(1)


async def commit_cut(stage: Stage, round_: Round) -> None:
    """Committed, but the answer does not reach the node: of one transaction, then of all that are under way."""
    node = _node(stage, round_)
    database, cuts = node.database, node.database.cuts
    with stage.fault("commit cut"):
        database.cut_after_answer_to(b"COMMIT")
        await stage.until(lambda: database.cuts > cuts, "a commit's answer is cut")
    with stage.fault("commit cut", stage.served_by(node)):
        stage.send_home(node)
        database.hold_answers()
        await stage.until_acknowledged(2)
        database.cut()
        database.resume()


async def postgres_unreachable(stage: Stage, round_: Round) -> None:
    node = _node(stage, round_)
    with stage.fault("postgres unreachable", stage.served_by(node)):
        stage.send_home(node)
        node.database.hold()
        try:
            await stage.until_acknowledged(2)
            await asyncio.sleep(round_.hold)
        finally:
            node.database.resume()


# Clients


async def clients_cut(stage: Stage, round_: Round) -> None:
    """Every way in of one home, in the middle of a frame; then all at once."""
    doors = [door for name, door in stage.doors.items() if stage.homes[name] == round_.node]
    with stage.fault("clients cut"):
        for door in doors:
            door.cut_within_next_answer()
        await stage.until_acknowledged(WRITES_MEANWHILE)
        for door in doors:
            door.cut()


async def answers_cut(stage: Stage, _round: Round) -> None:
    """Committed, but the answer does not reach the client."""
    for name, door in stage.doors.items():
        if not name.startswith("scribe"):
            continue
        with stage.fault("answers cut"):
            door.hold_answers()
            await stage.until_acknowledged(2)
            door.cut()
            door.resume()


async def clients_unreachable(stage: Stage, round_: Round) -> None:
    """The viewers of one home hear nothing and are not heard, and nobody tells them."""
    names = [viewer.name for viewer in stage.viewers if stage.homes[viewer.name] == round_.node]
    with stage.fault("clients unreachable", names):
        for name in names:
            stage.doors[name].hold()
        await stage.until_acknowledged(WRITES_MEANWHILE)
        await asyncio.sleep(round_.hold)
        for name in names:
            if round_.number % 2:
                stage.doors[name].cut()
            stage.doors[name].resume()


async def reader_stalled(stage: Stage, round_: Round) -> None:
    """A viewer stops reading while more is written than its connection may hold, with all the buffers on the way."""
    reader = next(v for v in stage.viewers if isinstance(v, RawViewer) and stage.homes[v.name] == round_.node)
    with stage.fault("reader stalled", [reader.name]):
        reader.stall()
        stage.doors[reader.name].hold_answers()  # no more room than the connection's own
        losses, cut = reader.losses, _cut_off_as_slow(stage)
        for part in range(20):
            if _cut_off_as_slow(stage) > cut:
                break
            await _write_much(stage, round_, count=15, part=part)
        stage.doors[reader.name].resume()
        reader.read_on()
    await eventually(lambda: reader.losses > losses, within=PATIENCE, what="the slow reader was cut off")


FAULTS: dict[str, Fault] = {
    function.__name__.replace("_", " "): function
    for function in (
        *(redis_killed, redis_frozen, pubsub_killed, pubsub_overflow, redis_cut, redis_unreachable),
        *(node_killed, node_frozen, node_restarted, worker_killed, worker_frozen),
        *(postgres_killed, postgres_crashed, postgres_frozen, postgres_cut, commit_cut, postgres_unreachable),
        *(clients_cut, answers_cut, clients_unreachable, reader_stalled),
    )
}

BY_PROXY = frozenset({"redis cut", "redis unreachable"})
"""Those that stand between a node and Redis, which a cluster leaves no room for."""


OF_WORKERS = frozenset({"worker killed", "worker frozen"})
"""Those that need a node of several processes."""


def _node(stage: Stage, round_: Round) -> Node:
    return stage.world.nodes[round_.node]


def _redis(stage: Stage, round_: Round) -> RedisProcess:
    return stage.world.bus.processes[round_.number % len(stage.world.bus.processes)]


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


@contextmanager
def _frozen(processes: list[psutil.Process]) -> Iterator[None]:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


def _cut_off_as_slow(stage: Stage) -> int:
    return sum(node.words.count('"code":3008') for node in stage.world.nodes)


async def _write_much(stage: Stage, round_: Round, count: int, part: int = 0) -> None:
    """Comments of 40 KB to the customer that everybody watches."""
    customer_id = stage.known.customers[0]
    for number in range(count):
        await stage.scribes[0].comment(customer_id, f"{round_.number} much {part}.{number}", "😀" * 9_900)
