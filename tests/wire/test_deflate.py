"""Compression: negotiated as RFC 7692 says, once for all, bounded against bombs, off unless switched on."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from channels.command import AddComment
from channels.names import customer_channel
from channels.push import signal
from server.realtime import deflate
from server.realtime.codecs.json import JSON
from server.realtime.deflate import DeflatingPacker, Inflater, negotiated
from server.realtime.reader import MESSAGE_LIMIT, Message, Reader, TooBig, Violation
from tests.realtime.client import connected
from tests.realtime.conftest import Node, running_node
from tests.wire.peer import Peer, client_frame, text

OFFER = "permessage-deflate; client_max_window_bits"
PLAIN = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.fixture
async def node(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    async with running_node(database_url, redis_url, compression=True) as node:
        yield node


@pytest.mark.parametrize(
    ("offers", "answer"),
    [
        ([], None),
        (["x-webkit-deflate-frame"], None),
        (["permessage-deflate"], PLAIN),
        ([OFFER], PLAIN),
        (["permessage-deflate; client_max_window_bits=10; server_no_context_takeover"], PLAIN),
        (['permessage-deflate; server_max_window_bits="15"'], PLAIN + b"; server_max_window_bits=15"),
        (["permessage-deflate; server_max_window_bits=10"], None),
        (["permessage-deflate; server_max_window_bits=10", "permessage-deflate"], PLAIN),
        (["permessage-deflate; server_max_window_bits"], None),
        (["permessage-deflate; client_max_window_bits=16"], None),
        (["permessage-deflate; client_max_window_bits=x"], None),
        (["permessage-deflate; server_no_context_takeover=1"], None),
        (["permessage-deflate; unknown"], None),
        (["permessage-deflate; client_max_window_bits; client_max_window_bits"], None),
    ],
)
def test_offers(offers: list[str], answer: bytes | None) -> None:
    assert negotiated([offer.encode() for offer in offers]) == answer


@given(st.binary(max_size=3000))
def test_what_is_deflated_is_inflated(data: bytes) -> None:
    assert Inflater().inflate(deflate.deflate(data), MESSAGE_LIMIT) == data


@given(st.binary(max_size=300))
def test_rubbish_is_refused_or_harmless(data: bytes) -> None:
    with suppress(TooBig, ValueError):
        assert len(Inflater().inflate(data, 1000)) <= 1000


def compressed(payload: bytes, opcode: int = 1) -> bytes:
    return client_frame(opcode, deflate.deflate(payload), first=0xC0)


def test_a_compressed_message_in_fragments_with_characters_cut_in_two() -> None:
    payload = "Grüße, größer".encode() * 20
    packed = deflate.deflate(payload)
    stream = client_frame(1, packed[:5], first=0x40) + client_frame(9, b"") + client_frame(0, packed[5:])
    events = Reader(Inflater()).feed(stream)
    assert events[-1] == Message(payload, True)


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (compressed(b"x" * (MESSAGE_LIMIT + 1)), 1009),
        (compressed(b"\x00" * 50_000_000), 1009),
        (compressed(b"\xff\xfe"), 1007),
        (client_frame(1, b"\xff\xff\xff", first=0xC0), 1002),
        (client_frame(1, b"a", first=0x40) + client_frame(0, b"b", first=0xC0), 1002),
    ],
)
def test_what_is_wrong_with_compressed_messages(stream: bytes, code: int) -> None:
    last = Reader(Inflater()).feed(stream)[-1]
    assert isinstance(last, Violation)
    assert last.code == code


def test_inflating_a_bomb_makes_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    original = zlib.decompressobj

    class Counting:
        def __init__(self, **options: int) -> None:
            self._inner = original(**options)

        def decompress(self, data: bytes, most: int) -> bytes:
            made.append(len(out := self._inner.decompress(data, most)))
            return out

    monkeypatch.setattr(deflate.zlib, "decompressobj", Counting)
    with pytest.raises(TooBig):
        Inflater().inflate(deflate.deflate(b"\x00" * 10_000_000), MESSAGE_LIMIT)
    assert made == [MESSAGE_LIMIT + 1]


def test_a_publication_is_compressed_once_and_small_messages_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []
    original = deflate.deflate
    monkeypatch.setattr(deflate, "deflate", lambda data: calls.append(data) or original(data))
    packer = DeflatingPacker(JSON, 1)
    push = signal(customer_channel(1), {"filling": "x" * 1000})
    for n in range(5):
        packed = packer.pack([b'{"id":%d,"rpc":{}}' % n, push, b"{}"])
        assert packed.count(b'{"id":%d,"rpc":{}}' % n) == 1
    assert len(calls) == 1


async def test_a_client_that_offers_it_gets_it(node: Node) -> None:
    customer = await node.customer()
    async with connect(
        node.socket_url, extensions=[ClientPerMessageDeflateFactory()], compression=None, open_timeout=20
    ) as one:
        assert [type(extension).__name__ for extension in one.protocol.extensions] == ["PerMessageDeflate"]
        for number, command in enumerate(
            ({"connect": {"token": await node.token("dana")}}, {"subscribe": {"channel": f"customer:{customer.id}"}}), 1
        ):
            await one.send(orjson.dumps({"id": number, **command}).decode())
            assert orjson.loads((await one.recv()).split("\n")[0])["id"] == number
        await node.write("lee", AddComment(customer.id, "long " * 500))
        told = orjson.loads(await one.recv())
        assert told["push"]["pub"]["data"]["action"]["body"] == "long " * 500


async def test_compressed_and_plain_clients_see_the_same(node: Node) -> None:
    customer = await node.customer()
    async with connected(node.socket_url, await node.token("dana")) as dana:  # whose library offers compression
        _, watcher = await dana.watch(customer.id)
        plain = await asyncio.to_thread(Peer, node.port)
        assert "sec-websocket-extensions" not in (await asyncio.to_thread(plain.open)).lower()
        await dana.call("comment.add", customer_id=customer.id, body="words " * 200)
        await watcher.sees(2)
        plain.socket.close()


async def test_a_bomb_is_answered_with_1009(node: Node) -> None:
    one = await asyncio.to_thread(Peer, node.port)
    head = await asyncio.to_thread(one.open, Sec_WebSocket_Extensions=OFFER)
    assert "sec-websocket-extensions: permessage-deflate; server_no_context_takeover" in head
    one.send(compressed(b"\x00" * 20_000_000))
    assert (await asyncio.to_thread(one.frame)).code == 1009
    assert await asyncio.to_thread(one.ends)


async def test_it_is_off_by_default(database_url: str, redis_url: str) -> None:
    async with running_node(database_url, redis_url) as node:
        one = await asyncio.to_thread(Peer, node.port)
        assert (
            "sec-websocket-extensions"
            not in (await asyncio.to_thread(one.open, Sec_WebSocket_Extensions=OFFER)).lower()
        )
        one.send(text("{}", first=0xC0))
        assert (await asyncio.to_thread(one.frame)).code == 1002
        assert await asyncio.to_thread(one.ends)
