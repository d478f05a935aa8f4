"""Where Redis is: the URL of one server, of the Sentinels that know it, or of a cluster."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

REDIS_PORT = 6379
SENTINEL_PORT = 26379

SCHEMES = tuple(f"{scheme}{kind}" for scheme in ("redis", "rediss") for kind in ("", "+sentinel", "+cluster"))


class Kind(StrEnum):
    SINGLE = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server. Without a port, `host` is the path of a Unix socket."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str | None = None
    password: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The AUTH command; nothing where there is no password."""
        if self.password is None:
            return ()
        return ("AUTH", self.password) if self.username is None else ("AUTH", self.username, self.password)


@dataclass(frozen=True)
class RedisAddress:
    """`seeds` are the server, the Sentinels, or some nodes of the cluster. `options`: the URL's query."""

    kind: Kind
    seeds: tuple[Endpoint, ...]
    tls: bool = False
    service: str = ""
    database: int = 0
    credentials: Credentials = Credentials()
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> RedisAddress:
        """Raises ValueError with a sentence that goes on after the setting's name."""
        url = urlsplit(text)
        options = dict(parse_qsl(url.query))
        login, _, places = url.netloc.rpartition("@")
        credentials = _credentials(login)
        if url.scheme == "unix" and url.path:
            path = unquote(url.path)
            return cls(Kind.SINGLE, (Endpoint(path),), database=_database(options, ""), credentials=credentials)
        scheme, _, kind = url.scheme.partition("+")
        if url.scheme not in SCHEMES or not places:
            raise ValueError(
                "is no Redis address: it starts with redis://, rediss://, redis+sentinel:// or redis+cluster://"
            )
        parts = [part for part in url.path.split("/") if part]
        service = unquote(parts.pop(0)) if kind == Kind.SENTINEL and parts else ""
        if kind == Kind.SENTINEL and not service:
            raise ValueError("names no service: redis+sentinel://host:port,host:port/service")
        port = SENTINEL_PORT if kind == Kind.SENTINEL else REDIS_PORT
        database = 0 if kind == Kind.CLUSTER else _database(options, parts[0] if parts else "")
        seeds = tuple(_endpoint(place, port) for place in places.split(","))
        if kind == Kind.SINGLE and len(seeds) > 1:
            raise ValueError("names several servers: write redis+cluster:// or redis+sentinel://")
        return cls(Kind(kind), seeds, scheme == "rediss", service, database, credentials, options)

    @property
    def sentinel_credentials(self) -> Credentials:
        """Sentinels have accounts of their own."""
        return Credentials(self.options.get("sentinel_username"), self.options.get("sentinel_password"))

    @cached_property
    def ssl_context(self) -> ssl.SSLContext | None:
        """Verifies the server, unless the URL says otherwise; made once."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.options.get("ssl_ca_certs"))
        if self.options.get("ssl_check_hostname", "true").lower() in ("false", "0", "no"):
            context.check_hostname = False
        if self.options.get("ssl_cert_reqs") == "none":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if "ssl_certfile" in self.options:
            context.load_cert_chain(self.options["ssl_certfile"], self.options.get("ssl_keyfile"))
        return context


def _credentials(login: str) -> Credentials:
    username, _, password = login.partition(":")
    return Credentials(unquote(username) or None, unquote(password) or None)


def _database(options: Mapping[str, str], path: str) -> int:
    text = path or options.get("db", "0")
    if not text.isdecimal():
        raise ValueError(f"names the database {text}, which is no number")
    return int(text)


def _endpoint(place: str, port: int) -> Endpoint:
    host, colon, number = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, number = place, str(port)
    if not host or not number.isdecimal():
        raise ValueError(f"names {place}, which is no host and port")
    return Endpoint(host.strip("[]"), int(number))
