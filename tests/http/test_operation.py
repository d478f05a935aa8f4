"""What platforms and monitoring ask: alive, ready, metrics; and what is said without a database."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from server.realtime.drain import drain
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy, postgres_behind, postgres_through, unix_socket
from tests.http.desk import Desk, open_desk, problem


async def test_alive_and_ready(desk: Desk) -> None:
    client = desk.client()
    assert (await client.get("/livez")).json() == {"status": "alive"}
    await eventually(lambda: desk.services.broker.connected, what="the bus is subscribed")
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_a_server_that_is_about_to_stop_wants_no_more_work(desk: Desk) -> None:
    desk.services.draining = True
    document = problem(await desk.client().get("/readyz"), 503, "not-ready")
    assert "draining: the server is about to stop" in document["missing"]
    assert (await desk.client().get("/livez")).status_code == 200


async def test_a_server_that_stops_answers_those_who_wait_for_news(desk: Desk) -> None:
    """With nothing, and not with an error: they ask again, elsewhere."""
    customer = await desk.customer()
    path = f"/api/customers/{customer['id']}/actions"
    waiting = asyncio.ensure_future(desk.of("ines").get(path, params={"after": 1, "wait": 25}))
    await eventually(lambda: desk.services.polls.count == 1, what="the request waits")
    await drain(desk.services)
    answer = await asyncio.wait_for(waiting, 20)
    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_a_lost_database_is_named_and_every_call_says_that_it_can_be_tried_again(
    database_url: str, redis_url: str
) -> None:
    async with (
        Proxy(postgres_behind(database_url)) as proxy,
        open_desk(postgres_through(database_url, proxy), redis_url, db_connect_timeout=1.0) as desk,
    ):
        customer = await desk.customer()
        path = f"/api/customers/{customer['id']}"
        dana = desk.of("dana")
        proxy.refuse = True
        proxy.cut()
        document = problem(await desk.client().get("/readyz"), 503, "not-ready")
        assert document["missing"] == ["PostgreSQL cannot be reached"]
        for method, url, body in (
            ("GET", path, None),
            ("GET", "/api/customers", None),
            ("POST", f"{path}/comments", {"body": "hello"}),
            ("PATCH", path, {"base_version": 1, "changes": {"status": "open"}}),
        ):
            answer = await dana.request(method, url, json=body)
            problem(answer, 503, "database-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        bulk = await dana.post(
            "/api/customers/bulk", json={"customer_ids": [customer["id"]], "changes": {"status": "open"}}
        )
        assert [item["status"] for item in bulk.json()["items"]] == [503]
        assert (await dana.get("/api/me")).status_code == 200  # who one is needs no database
        proxy.refuse = False
        await eventually(lambda: _ready(desk), what="the database is back")
        assert (await dana.get(path)).json()["version"] == 1


async def _ready(desk: Desk) -> bool:
    return (await desk.client().get("/readyz")).status_code == 200


async def test_a_lost_redis_is_named(database_url: str, redis_url: str) -> None:
    parts = urlsplit(redis_url)
    async with (
        Proxy(unix_socket(parts.path)) as proxy,
        open_desk(database_url, f"redis://127.0.0.1:{proxy.port}?{parts.query}") as desk,
    ):
        await eventually(lambda: _ready(desk), what="both are there")
        proxy.refuse = True
        proxy.cut()
        await eventually(lambda: not desk.services.broker.connected, what="the loss is noticed")
        document = problem(await desk.client().get("/readyz"), 503, "not-ready")
        assert document["missing"] == ["Redis cannot be reached"]
        customer = await desk.customer()  # and work goes on
        assert customer["version"] == 1
        proxy.refuse = False
        await eventually(lambda: _ready(desk), what="Redis is back")


async def test_metrics_count_requests_by_route_and_not_by_path(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.of("dana").get(f"/api/customers/{customer['id']}")
    await desk.of("dana").get("/api/customers/4711")
    await desk.of("dana").get("/api/nothing")
    await desk.of("dana").get(f"/api/customers/{customer['id']}/actions", params={"after": 1, "wait": 0.01})
    answer = await desk.client().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, sample.labels.get("route"), sample.labels.get("status")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["casewire_http_requests_total", "/api/customers/{customer_id}", "200"] == 1
    assert samples["casewire_http_requests_total", "/api/customers/{customer_id}", "404"] == 1
    assert samples["casewire_http_requests_total", "none", "404"] == 1
    assert samples["casewire_http_request_seconds_count", "/api/customers", None] == 1
    log = "/api/customers/{customer_id}/actions"
    assert samples["casewire_http_requests_total", log, "200"] == 1
    assert ("casewire_http_request_seconds_count", log, None) not in samples  # a long poll takes its time
    assert "4711" not in answer.text
    assert "process_resident_memory_bytes" in answer.text


async def test_metrics_in_the_newer_format(desk: Desk) -> None:
    answer = await desk.client().get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_probes_may_ask_for_the_head_alone(desk: Desk) -> None:
    await eventually(lambda: _ready(desk), what="the bus is subscribed")
    for path in ("/livez", "/readyz"):
        answer = await desk.client().head(path)
        assert answer.status_code == 200
        assert answer.content == b""


async def test_an_unexpected_error_tells_its_number_and_nothing_else(desk: Desk) -> None:
    async def broken() -> None:
        raise RuntimeError("a secret detail")

    desk.app.add_api_route("/api/broken", broken)
    answer = await desk.client().get("/api/broken")
    document = problem(answer, 500, "internal-error")
    assert len(document["request_id"]) == 32
    assert "secret" not in answer.text
