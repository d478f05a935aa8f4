"""Supervisors and admins see everybody's work in numbers, and how all processes together are doing."""

from __future__ import annotations

from itertools import accumulate, count
from typing import Any
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from server.lifespan import running_services
from server.metrics import SECONDS
from server.system import quantile, system_state
from server.vitals import EVERY, KEPT
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy, unix_socket
from tests.http.desk import Desk, open_desk, problem

BUCKETS = len(SECONDS) + 1


def entry(pid: int, ticks: range, node: str = "one", **series: list[Any]) -> dict[str, Any]:
    names = ("connections", "channels", "writes", "conflicts", "healed", "lag", "pool", "busy", "waiting")
    length = len(ticks)
    return {
        "node": node,
        "pid": pid,
        "version": "1",
        "started_at": "2026-11-23T10:00:00.000000Z",
        "redis": True,
        "agents": [pid, 7],
        "pool_max": 10,
        "series": {
            "tick": list(ticks),
            "seconds": [5.0] * length,
            **{name: [0] * length for name in names},
            "requests": [[0] * BUCKETS] * length,
            **series,
        },
    }


def test_ticks_of_several_processes_are_added_up_where_they_belong() -> None:
    early = entry(1, range(97, 100), connections=[1, 2, 3], writes=[5, 10, 15], lag=[0.5, 0.5, 0.5])
    late = entry(2, range(98, 101), connections=[10, 20, 30], writes=[0, 0, 5], lag=[0.1, 0.9, 0.2], node="two")
    state = system_state([late, early])
    series = state["series"]
    assert state["ends_at"] == 100 * EVERY
    assert {len(values) for values in series.values()} == {KEPT}
    assert series["connections"][-5:] == [None, 1, 12, 23, 30]
    assert series["writes_per_second"][-4:] == [1, 2, 3, 1]
    assert series["healing_lag_seconds"][-4:] == [0.5, 0.5, 0.9, 0.2]
    assert [row["node"] for row in state["processes"]] == ["one", "two"]
    totals = state["totals"]
    assert (totals["connections"], totals["pool_max"], totals["nodes"], totals["processes"]) == (33, 20, 2, 2)
    assert totals["writes_per_second"] == 2.333  # of the last minute, as far as each was there
    assert totals["agents_online"] == 3  # 7 is connected to both


def test_a_process_that_was_held_up_leaves_a_hole_and_no_peak() -> None:
    held_up = entry(1, range(90, 99, 4), writes=[5, 20, 20], seconds=[5.0, 20.0, 20.0])
    series = system_state([held_up])["series"]
    assert series["writes_per_second"][-9:] == [1, None, None, None, 1, None, None, None, 1]


def test_nobody_told_anything() -> None:
    state = system_state([])
    assert state["totals"]["connections"] == 0
    assert state["totals"]["request_p95_seconds"] is None


@given(st.lists(st.integers(0, 50), min_size=BUCKETS, max_size=BUCKETS), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_lies_in_its_bucket(counts: list[int], share: float) -> None:
    found = quantile(counts, share)
    if sum(counts) == 0:
        assert found is None
        return
    assert found is not None
    reached = list(accumulate(counts))
    bucket = next(place for place, upto in enumerate(reached) if upto >= share * sum(counts) and upto > 0)
    bounds = [0.0, *SECONDS, SECONDS[-1]]
    assert bounds[bucket] - 1e-5 <= found <= bounds[bucket + 1] + 1e-5


async def test_the_workload_counts_for_everybody_and_for_nobody(desk: Desk) -> None:
    dana = desk.agents["dana"]
    for status in ("open", "open", "waiting"):
        await desk.customer(status=status, assigned_to=dana.id)
    gone = await desk.customer(assigned_to=dana.id)
    await desk.of("ines").patch(f"/api/customers/{gone['id']}", json={"base_version": 1, "changes": {"archived": True}})
    await desk.customer()
    answer = (await desk.of("ines").get("/api/workload")).json()
    work = {item["agent_id"]: item["counts"] for item in answer["items"]}
    assert set(work) == {agent.id for agent in desk.agents.values()} | {None}
    assert {status: count for status, count in work[dana.id].items() if count} == {"open": 2, "waiting": 1}
    assert sum(work[None].values()) == 1
    assert [item["online"] for item in answer["items"]] == [False] * 5


async def test_agents_oversee_nobody(desk: Desk) -> None:
    for path in ("/api/workload", "/api/system"):
        problem(await desk.of("dana").get(path), 403, "permission-denied")
        problem(await desk.client().get(path), 401, "unauthorized")
        assert (await desk.of("root").get(path)).status_code == 200


async def test_all_processes_are_in_it_whichever_answers(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url) as desk, running_services(desk.services.settings) as other:
        ticks = count(10**9)

        async def is_all_told() -> dict[str, Any] | None:
            await desk.customer()
            for vitals in (desk.services.vitals, other.vitals):
                vitals.tell(next(ticks))
            members = await other.vitals.everybody()
            state = system_state(members.entries.values())
            totals = state["totals"]
            complete = members.complete and (totals["processes"], totals["redis_connected"]) == (2, 2)
            return state if complete and totals["writes_per_second"] > 0 else None

        state = await eventually(is_all_told, what="the one tells of the other's write")
        assert state["totals"]["pool_max"] == 20
        answer = (await desk.of("ines").get("/api/system")).json()
        assert answer["complete"] is True
        assert answer["redis_seconds"] is not None
        assert answer["totals"]["processes"] == 2


async def test_without_redis_a_process_tells_of_itself(database_url: str, redis_url: str) -> None:
    parts = urlsplit(redis_url)
    async with (
        Proxy(unix_socket(parts.path)) as proxy,
        open_desk(database_url, f"redis://127.0.0.1:{proxy.port}/{parts.query.removeprefix('db=')}") as desk,
    ):
        await eventually(lambda: desk.services.broker.connected, what="the bus is subscribed")
        proxy.refuse = True
        proxy.cut()
        await eventually(lambda: not desk.services.broker.connected, what="the bus is known to be away")
        desk.services.vitals.tell(10**9)
        state = (await desk.of("ines").get("/api/system")).json()
        assert (state["complete"], state["redis_seconds"]) == (False, None)
        assert (state["totals"]["processes"], state["totals"]["redis_connected"]) == (1, 0)
