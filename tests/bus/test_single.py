"""One Redis: what it loses is told, and thousands of subscriptions are a few writes."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import redis

from channels.names import work_channel
from channels.push import signal
from channels.redis_broker import why_unreachable
from tests.bus.follower import Sending, all_told, follower, lost, pair, reaches
from tests.ground.eventually import eventually
from tests.ground.redis import RedisServer
from tests.ground.tls import behind_tls, make_certificate

CHANNELS = [f"customer:{number}" for number in range(1, 11)]


async def test_connections_that_are_killed_lose_nothing_unseen(one_redis: RedisServer, redis_prefix: str) -> None:
    async with pair(one_redis.url, redis_prefix, CHANNELS) as (sender, receiver):
        async with Sending(sender, CHANNELS):
            await one_redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await eventually(lambda: set(receiver.missed) == set(CHANNELS), what="each channel is told of")
            took = await reaches(sender, receiver, CHANNELS)
        await all_told(sender, receiver)
        print(f"after CLIENT KILL: {lost(sender, receiver)} lost, all told; messages again after {took:.3f} s")


async def test_an_overflowing_buffer_loses_nothing_unseen(one_redis: RedisServer, redis_prefix: str) -> None:
    """This process does not read for a while, so that Redis cuts it off."""
    await one_redis.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
    async with pair(one_redis.url, redis_prefix, CHANNELS) as (sender, receiver):
        key, flood = receiver.broker.key("customer:999"), b"x" * 100_000
        await receiver.follow(["customer:999"])
        client: Any = redis.Redis(port=one_redis.port)
        while client.publish(key, flood):  # until nobody follows any more; the loop stands still meanwhile
            pass
        client.close()
        for channel in CHANNELS:
            sender.send(channel)
        await eventually(lambda: set(receiver.missed) >= set(CHANNELS), what="each channel is told of")
        await reaches(sender, receiver, CHANNELS)
        await all_told(sender, receiver)


async def test_a_frozen_redis_is_noticed_and_told(one_redis: RedisServer, redis_prefix: str) -> None:
    async with pair(one_redis.url, redis_prefix, CHANNELS) as (sender, receiver):
        one_redis.freeze()
        try:
            assert not receiver.missed
            for channel in CHANNELS:
                sender.send(channel)
            await eventually(lambda: not receiver.broker.connected, within=10, what="the silence is noticed")
            acknowledged = await receiver.broker.subscribe("customer:77")
            assert acknowledged is False, "nobody waits for a Redis that is away"
        finally:
            one_redis.thaw()
        await eventually(lambda: set(receiver.missed) >= set(CHANNELS), what="each channel is told of")
        await reaches(sender, receiver, [*CHANNELS, "customer:77"])


async def test_ten_thousand_subscriptions_are_a_few_commands(one_redis: RedisServer, redis_prefix: str) -> None:
    channels = [f"customer:{number}" for number in range(1, 10_001)]
    async with follower(one_redis.url, redis_prefix) as one:
        await one_redis.ask("CONFIG", "RESETSTAT")
        await one.follow(channels)
        for channel in channels:
            one.broker.unsubscribe(channel)
        await eventually(lambda: _subscribed(one_redis, one.broker.key("")), what="all are unsubscribed")
        stats = (await one_redis.ask("INFO", "commandstats")).decode()
        calls = {line.split(":")[0]: int(line.split("calls=")[1].split(",")[0]) for line in stats.splitlines()[1:]}
        assert calls["cmdstat_subscribe"] <= 12
        assert calls["cmdstat_unsubscribe"] <= 12


async def _subscribed(server: RedisServer, prefix: bytes) -> bool:
    return len(await server.ask("PUBSUB", "CHANNELS", prefix.partition(b"{")[0] + b"{customer:*")) == 0


async def test_a_message_of_a_list_that_is_lost_is_told(one_redis: RedisServer, redis_prefix: str) -> None:
    """Lists have no stream, so their messages are numbered, and the last number is repeated for a while."""
    name = work_channel(7)
    async with pair(one_redis.url, redis_prefix, [str(name)]) as (sender, receiver):
        push = signal(name, {"type": "refresh"})
        sender.broker.publish([push])
        await eventually(lambda: receiver.signals, what="the first one arrives")
        receiver.missed.clear()
        await _lose_one(one_redis, sender.broker, receiver.broker, push)
        await eventually(lambda: receiver.missed.get(str(name)), what="the last number tells of it")
        receiver.missed.clear()
        await _lose_one(one_redis, sender.broker, receiver.broker, push)
        sender.broker.publish([push])
        await eventually(lambda: receiver.missed.get(str(name)), what="the gap tells of it")


async def _lose_one(server: RedisServer, sender: Any, receiver: Any, push: Any) -> None:
    """Redis forgets the subscription of the channel alone, while one message passes; nobody is told."""
    lane = receiver._fleet._keys[receiver.key(push.channel)]
    lane._connection.write([("UNSUBSCRIBE", receiver.key(push.channel))])
    await eventually(lambda: _nobody(server, receiver.key(push.channel)), what="unsubscribed")
    sender.publish([push])
    await sender.ask("PING", receiver.key(""))
    kept, receiver.subscribed = receiver.subscribed, lambda _key: None
    lane._connection.write([("SUBSCRIBE", receiver.key(push.channel))])
    await eventually(lambda: _somebody(server, receiver.key(push.channel)), what="subscribed")
    receiver.subscribed = kept


async def _nobody(server: RedisServer, key: bytes) -> bool:
    return not await _somebody(server, key)


async def _somebody(server: RedisServer, key: bytes) -> bool:
    return bool((await server.ask("PUBSUB", "NUMSUB", key))[1])


async def test_when_all_is_doubtful_every_channel_is_told_of_though_some_are_left_meanwhile(
    one_redis: RedisServer, redis_prefix: str
) -> None:
    async with pair(one_redis.url, redis_prefix, CHANNELS) as (sender, receiver):
        listener = receiver.broker._listener
        assert listener is not None
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

        def leave(channel: str) -> None:
            listener.missed(channel)
            receiver.broker.unsubscribe(channel)

        receiver.broker._listener = replace(listener, missed=leave)
        fleet = sender.broker._fleet
        fleet.doubts.put_back(None)
        fleet.doubtful.set()
        await eventually(lambda: set(receiver.missed) == set(CHANNELS), what="each channel is told of")
        assert complaints == []


# With TLS and a password


async def test_redis_by_tls(one_redis: RedisServer, redis_prefix: str, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with behind_tls(one_redis.port, certificate) as port:
        trusted = f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}"
        async with pair(trusted, redis_prefix, CHANNELS) as (sender, receiver):
            await reaches(sender, receiver, CHANNELS)
        assert await why_unreachable(trusted) is None
        reason = await why_unreachable(f"rediss://127.0.0.1:{port}")
        assert reason is not None
        assert "CERTIFICATE_VERIFY_FAILED" in reason
        assert await why_unreachable(f"rediss://127.0.0.1:{port}?ssl_cert_reqs=none") is None


async def test_a_certificate_of_another_name_is_refused(one_redis: RedisServer, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with behind_tls(one_redis.port, certificate) as port:
        reason = await why_unreachable(f"rediss://localhost:{port}?ssl_ca_certs={certificate}")
        assert reason is not None
        assert ssl.SSLCertVerificationError.__name__ in reason or "CERTIFICATE_VERIFY_FAILED" in reason
        lax = f"rediss://localhost:{port}?ssl_ca_certs={certificate}&ssl_check_hostname=false"
        assert await why_unreachable(lax) is None


async def test_a_user_with_a_password(one_redis: RedisServer, redis_prefix: str) -> None:
    await one_redis.ask("ACL", "SETUSER", "desk", "on", ">se:c/r@t", "~*", "&*", "+@all")
    url = f"redis://desk:se%3Ac%2Fr%40t@127.0.0.1:{one_redis.port}/3"
    async with pair(url, redis_prefix, CHANNELS) as (sender, receiver):
        await reaches(sender, receiver, CHANNELS)
        await sender.broker.ask("SET", sender.broker.key("here"), "1")
    client: Any = redis.Redis(port=one_redis.port, db=3)
    assert client.exists(sender.broker.key("here")), "in the database that the URL names"
    client.close()
    assert "WRONGPASS" in str(await why_unreachable(f"redis://desk:wrong@127.0.0.1:{one_redis.port}"))
