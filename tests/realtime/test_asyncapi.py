"""The AsyncAPI document holds together, tells of everything that there is, and of nothing that does not happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpx
import orjson
import pytest
from pydantic import ValidationError

from channels.agent import Role
from channels.command import AddComment, Base, UpdateCustomer
from channels.names import ChannelKind, work_channel
from server.asyncapi import CHANNELS, METHODS, Models, asyncapi
from server.models.parsing import parse
from server.realtime import methods
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node
from tests.realtime.sdk.peer import PeerError
from tests.realtime.sdk.python_peer import PythonPeer

DOCUMENT = asyncapi("localhost:8000", secure=False)
ACTIONS = ("send", "receive")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolved(reference: str) -> Any:
    assert reference.startswith("#/")
    found: Any = DOCUMENT
    for part in reference[2:].split("/"):
        found = found[part]
    return found


def test_every_reference_leads_somewhere() -> None:
    assert len(list(references(DOCUMENT))) > 50
    for reference in references(DOCUMENT):
        assert resolved(reference) is not None


def test_operations_use_messages_of_their_channel() -> None:
    """AsyncAPI 3.0: an operation's messages must be among those of its channel."""
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in ACTIONS
        for side in (operation, operation.get("reply", operation)):
            channel = side["channel"]["$ref"]
            assert side["messages"], name
            for message in side["messages"]:
                assert message["$ref"].startswith(f"{channel}/messages/"), name


def test_it_is_json_and_all_of_it_is_used() -> None:
    assert orjson.loads(orjson.dumps(DOCUMENT)) == DOCUMENT
    used = {reference.rpartition("/")[2] for reference in references(DOCUMENT)}
    assert set(DOCUMENT["components"]["schemas"]) <= used


def test_every_channel_and_every_method_is_told_of() -> None:
    assert set(CHANNELS) == {kind.value for kind in ChannelKind}
    assert set(METHODS) == set(methods._METHODS)


def models() -> list[Models]:
    of_channels = [model for channel in CHANNELS.values() for model in channel.messages]
    return [*of_channels, *(method.request for method in METHODS.values()), *(m.result for m in METHODS.values())]


@pytest.mark.parametrize("model", dict.fromkeys(models()), ids=lambda model: model.__name__)
def test_examples_hold(model: Models) -> None:
    for channel in DOCUMENT["channels"].values():
        for message in channel["messages"].values():
            if message["name"] == model.__name__:
                for example in message.get("examples", ()):
                    parse(model, example["payload"])


async def test_live_messages_and_results_are_as_described(node: Node) -> None:
    dana = await node.agent("dana")
    customer = await node.customer(assigned_to=dana.id)
    channel, inbox, work = f"customer:{customer.id}", f"agent:{dana.id}", f"work:{dana.id}"
    peer = PythonPeer(node.socket_url, [await node.token("dana")], protobuf=False)
    called: set[str] = set()

    async def call(method: str, **data: Any) -> Any:
        result = await peer.rpc(method, customer_id=customer.id, **data)
        METHODS[method].result.model_validate(result)
        called.add(method)
        return result

    await peer.connect()
    try:
        await peer.subscribed(channel)
        await peer.subscribed(work)
        await call("customer.get")
        await call("edit.begin", base_version=1, fields=["status"])
        await call("comment.add", body="@dana one")
        await call("comment.edit", offset=2, body="two")
        await call("comment.delete", offset=2)
        await call("typing")
        await call("read", offset=2)
        await call("customer.update", base_version=1, changes={"priority": "high", "fields": {"plan": "gold"}})
        await node.write("lee", AddComment(customer.id, "@dana look"))
        await node.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=2)))
        with pytest.raises(PeerError):
            await call("customer.update", base_version=1, changes={"status": "closed"})
        await call("edit.end")
        node.services.hub.missed(str(work_channel(dana.id)))
        await node.write("lee", UpdateCustomer(customer.id, {"assigned_to": None}, Base(version=3)))
        await node.services.agents.update(dana.id, name=None, role=Role.SUPERVISOR, active=None, password_hash=None)
        await node.services.announce_directory_change()
        for name, place in (("customer", channel), ("agent", inbox), ("work", work)):
            expected = {model.__name__ for model in CHANNELS[name].messages}
            await eventually(lambda n=name, p=place, e=expected: kinds(peer, n, p) == e, what=f"every kind on {place}")
        assert called == set(METHODS)
    finally:
        await peer.disconnect()


def kinds(peer: PythonPeer, name: str, channel: str) -> set[str]:
    """Which of the described messages came. Each that came must be one of them."""
    return {kind(CHANNELS[name].messages, told["data"]) for told in peer.told("publication", channel)}


def kind(described: Sequence[Models], data: Any) -> str:
    fitting = []
    for model in described:
        with suppress(ValidationError):
            model.model_validate(data)
            fitting.append(model.__name__)
    assert len(fitting) == 1, (fitting, data)
    return fitting[0]


async def test_it_is_served_and_readable(node: Node) -> None:
    async with httpx.AsyncClient(base_url=node.url) as http:
        document = (await http.get("/asyncapi.json")).json()
        assert document["servers"]["websocket"]["host"] == f"127.0.0.1:{node.port}"
        assert document["channels"] == DOCUMENT["channels"]
        page = await http.get("/docs/realtime")
        assert page.headers["content-type"].startswith("text/html")
        for name in (*METHODS, *(channel.address for channel in CHANNELS.values())):
            assert f"<code>{name}</code>" in page.text
        assert "/docs/realtime" in (await http.get("/docs")).text
