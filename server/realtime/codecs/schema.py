"""The messages of the client protocol, version 2: as far as we read or write them, by name and number."""

from __future__ import annotations

from server.realtime.codecs.wire_format import Many, Message, Scalar

BOOL, INT64, JSON, STRING, UINT32, UINT64 = (
    Scalar.BOOL,
    Scalar.INT64,
    Scalar.JSON,
    Scalar.STRING,
    Scalar.UINT32,
    Scalar.UINT64,
)
LIST, MAP = Many.LIST, Many.MAP

EMPTY = Message()

# What channels carry

CLIENT_INFO = Message(user=(1, STRING), client=(2, STRING), conn_info=(3, JSON), chan_info=(4, JSON))
PUBLICATION = Message(data=(4, JSON), info=(5, CLIENT_INFO), offset=(6, UINT64), tags=(7, STRING, MAP))
JOIN = LEAVE = Message(info=(1, CLIENT_INFO))
UNSUBSCRIBE = Message(code=(2, UINT32), reason=(3, STRING))
DISCONNECT = Message(code=(1, UINT32), reason=(2, STRING))
PUSH = Message(
    channel=(2, STRING),
    pub=(4, PUBLICATION),
    join=(5, JOIN),
    leave=(6, LEAVE),
    unsubscribe=(7, UNSUBSCRIBE),
    disconnect=(11, DISCONNECT),
)
POSITION = Message(offset=(1, UINT64), epoch=(2, STRING))

# What clients ask

SUBSCRIBE_REQUEST = Message(
    channel=(1, STRING),
    token=(2, STRING),
    recover=(3, BOOL),
    epoch=(6, STRING),
    offset=(7, UINT64),
    data=(8, JSON),
    positioned=(9, BOOL),
    recoverable=(10, BOOL),
    join_leave=(11, BOOL),
    delta=(12, STRING),
    tf=(13, EMPTY),
    flag=(14, INT64),
    type=(15, INT64),
)
CONNECT_REQUEST = Message(
    token=(1, STRING),
    data=(2, JSON),
    subs=(3, SUBSCRIBE_REQUEST, MAP),
    name=(4, STRING),
    version=(5, STRING),
    headers=(6, STRING, MAP),
    flag=(7, INT64),
)
CHANNEL_REQUEST = Message(channel=(1, STRING))
COMMAND = Message(
    id=(1, UINT32),
    connect=(4, CONNECT_REQUEST),
    subscribe=(5, SUBSCRIBE_REQUEST),
    unsubscribe=(6, CHANNEL_REQUEST),
    publish=(7, Message(channel=(1, STRING), data=(2, JSON))),
    presence=(8, CHANNEL_REQUEST),
    presence_stats=(9, CHANNEL_REQUEST),
    history=(10, Message(channel=(1, STRING), limit=(7, INT64), since=(8, POSITION), reverse=(9, BOOL))),
    ping=(11, EMPTY),
    send=(12, Message(data=(1, JSON))),
    rpc=(13, Message(data=(1, JSON), method=(2, STRING))),
    refresh=(14, Message(token=(1, STRING))),
    sub_refresh=(15, Message(channel=(1, STRING), token=(2, STRING), type=(3, INT64))),
)
EMULATION_REQUEST = Message(node=(1, STRING), session=(2, STRING), data=(3, Scalar.BYTES))

# What we answer

SUBSCRIBE_RESULT = Message(
    recoverable=(3, BOOL),
    epoch=(6, STRING),
    publications=(7, PUBLICATION, LIST),
    recovered=(8, BOOL),
    offset=(9, UINT64),
    positioned=(10, BOOL),
    was_recovering=(12, BOOL),
)
CONNECT_RESULT = Message(
    client=(1, STRING),
    version=(2, STRING),
    expires=(3, BOOL),
    ttl=(4, UINT32),
    subs=(6, SUBSCRIBE_RESULT, MAP),
    ping=(7, UINT32),
    pong=(8, BOOL),
    session=(9, STRING),
    node=(10, STRING),
)
REPLY = Message(
    id=(1, UINT32),
    error=(2, Message(code=(1, UINT32), message=(2, STRING), temporary=(3, BOOL))),
    push=(4, PUSH),
    connect=(5, CONNECT_RESULT),
    subscribe=(6, SUBSCRIBE_RESULT),
    unsubscribe=(7, EMPTY),
    presence=(9, Message(presence=(1, CLIENT_INFO, MAP))),
    presence_stats=(10, Message(num_clients=(1, UINT32), num_users=(2, UINT32))),
    history=(11, Message(publications=(1, PUBLICATION, LIST), epoch=(2, STRING), offset=(3, UINT64))),
    rpc=(13, Message(data=(1, JSON))),
    refresh=(14, Message(client=(1, STRING), version=(2, STRING), expires=(3, BOOL), ttl=(4, UINT32))),
)
