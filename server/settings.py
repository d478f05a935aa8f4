"""Settings: the environment, read once into one frozen object that is passed around.

`docs/settings.md` is the table of these fields for people who run the server; a test keeps the two equal.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from limits import parse as parse_rate
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from channels.agent import Visibility
from channels.broker.address import RedisAddress
from channels.window import Rate

OURS: Final = "CASEWIRE_"
SECRET_LENGTH: Final = 32

Network = IPv4Network | IPv6Network


class SettingsError(Exception):
    """The environment does not make settings; `sentences` name each culprit and what it should be."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


# Values as people write them

_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m)?", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}

# Parameters that other drivers read from a URL; sent on, PostgreSQL would take them for its own and refuse.
_DRIVER_ONLY = frozenset(
    {"channel_binding", "connect_timeout", "gssencmode", "keepalives", "keepalives_count", "keepalives_idle"}
    | {"keepalives_interval", "pgbouncer", "pool_max_conns", "pool_timeout", "schema", "sslcompression"}
)


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _SECONDS.fullmatch(value.strip())
    if match is None:
        raise ValueError("is no time: write seconds, such as 5 or 5s or 500ms")
    return float(match[1]) * _UNITS[match[2]]


def _parts(value: Any) -> Any:
    return tuple(part for part in re.split(r"[\s,]+", value) if part) if isinstance(value, str) else value


def _database_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in ("postgres", "postgresql", "postgresql+asyncpg"):
        raise ValueError("is no PostgreSQL address: it starts with postgres:// or postgresql://")
    query = urlencode([pair for pair in parse_qsl(url.query, keep_blank_values=True) if pair[0] not in _DRIVER_ONLY])
    # urlunsplit would drop the empty host of an address that names a socket folder in its query
    return f"postgresql://{url.netloc}{url.path}" + (f"?{query}" if query else "")


def _redis_url(value: str) -> str:
    RedisAddress.parse(value)
    return value


def _rate(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "off":
        return None
    try:
        item = parse_rate(value)
    except ValueError:
        raise ValueError("is no rate: write a number and a time, such as 500/15minutes, or off") from None
    if item.amount < 1:
        raise ValueError("must allow at least one request; off switches the limit off")
    return Rate(item.amount, item.get_expiry())


def _network(value: str) -> Network:
    try:
        return ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value} is no address or network, such as 10.0.0.0/8") from None


def _origin(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.netloc or url.path.strip("/") or url.query or "@" in url.netloc:
        raise ValueError(f"{value} is no origin, such as https://desk.example.com")
    return urlunsplit((url.scheme, url.netloc.lower(), "", "", ""))


def _https_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme != "https" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("must start with https://")
    return value


def _secret(value: str) -> str:
    if len(value) < SECRET_LENGTH:
        raise ValueError(f"is too short: at least {SECRET_LENGTH} characters, such as from `openssl rand -hex 32`")
    return value


def _switch(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.strip().lower() not in ("on", "off"):
        raise ValueError("is on or off")
    return value.strip().lower() == "on"


def _default_data_dir() -> Path:
    from server.embedded import default_data_dir

    return default_data_dir()


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]


class Settings(BaseSettings):
    """Everything that the environment decides; see `docs/settings.md`. Times are in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True, populate_by_name=True)

    port: int = Field(8000, validation_alias="PORT", ge=0, le=65535)
    host: str = Field("127.0.0.1", validation_alias="HOST")
    database_url: DatabaseUrl | None = Field(None, validation_alias="DATABASE_URL", repr=False)
    redis_url: RedisUrl | None = Field(None, validation_alias="REDIS_URL", repr=False)
    database_replica_url: DatabaseUrl | None = Field(None, validation_alias="CASEWIRE_DATABASE_REPLICA_URL", repr=False)
    data_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=_default_data_dir, validation_alias="CASEWIRE_DATA_DIR"
    )
    secret_key: Annotated[str, AfterValidator(_secret)] | None = Field(
        None, validation_alias="CASEWIRE_SECRET_KEY", repr=False
    )
    workers: int = Field(1, validation_alias=AliasChoices("CASEWIRE_WORKERS", "WEB_CONCURRENCY"), ge=1, le=256)
    db_pool_min: int = Field(10, validation_alias="CASEWIRE_DB_POOL_MIN", ge=0)
    db_pool_max: int = Field(50, validation_alias="CASEWIRE_DB_POOL_MAX", ge=1)
    db_connect_timeout: Seconds = Field(5.0, validation_alias="CASEWIRE_DB_CONNECT_TIMEOUT")
    rate_limit: Annotated[Rate | None, BeforeValidator(_rate)] = Field(
        Rate(500, 900), validation_alias="CASEWIRE_RATE_LIMIT"
    )
    trusted_proxies: Annotated[
        tuple[Annotated[Network, BeforeValidator(_network)], ...], NoDecode, BeforeValidator(_parts)
    ] = Field((), validation_alias="CASEWIRE_TRUSTED_PROXIES")
    allowed_origins: Annotated[
        tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_parts)
    ] = Field((), validation_alias="CASEWIRE_ALLOWED_ORIGINS")
    ping_interval: Seconds = Field(25.0, validation_alias="CASEWIRE_PING_INTERVAL")
    pong_timeout: Seconds = Field(8.0, validation_alias="CASEWIRE_PONG_TIMEOUT")
    compression: Annotated[bool, BeforeValidator(_switch)] = Field(False, validation_alias="CASEWIRE_COMPRESSION")
    visibility: Visibility = Field(Visibility.ALL, validation_alias="CASEWIRE_VISIBILITY")
    jwks_url: Annotated[str, AfterValidator(_https_url)] | None = Field(None, validation_alias="CASEWIRE_JWKS_URL")
    jwks_issuer: str | None = Field(None, validation_alias="CASEWIRE_JWKS_ISSUER")
    jwks_audience: str | None = Field(None, validation_alias="CASEWIRE_JWKS_AUDIENCE")

    @property
    def embedded(self) -> bool:
        """Whether the server starts its own PostgreSQL and Redis."""
        return self.database_url is None and self.redis_url is None

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Settings from an environment; raises SettingsError with a sentence for each thing that is wrong."""
        unknown = _unknown_names(cls, environ)
        source = EnvSettingsSource(cls, case_sensitive=True)
        source.env_vars = {name: value for name, value in environ.items() if value.strip()}
        try:
            settings = cls(**source())
        except ValidationError as error:
            raise SettingsError(unknown + [_sentence(cls, problem) for problem in error.errors()]) from None
        if unknown:
            raise SettingsError(unknown)
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given: `load` reads the environment, so that a test or a command may pass its own."""
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _derive_defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        derived = dict(values)
        if "PORT" in values and not {"HOST", "host"} & set(values):
            derived["host"] = "0.0.0.0"  # noqa: S104 # reason: a platform that sets PORT connects from outside
        most = str(values.get("CASEWIRE_DB_POOL_MAX", values.get("db_pool_max")))
        if most.isdecimal() and not {"CASEWIRE_DB_POOL_MIN", "db_pool_min"} & set(values):
            derived["db_pool_min"] = min(10, int(most))
        return derived

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.database_url is None) != (self.redis_url is None):
            missing, given = ("REDIS_URL", "DATABASE_URL") if self.redis_url is None else ("DATABASE_URL", "REDIS_URL")
            raise ValueError(f"{missing} is missing beside {given}: set both, or neither to use the embedded services")
        if not self.embedded and self.secret_key is None:
            raise ValueError(
                "CASEWIRE_SECRET_KEY is missing: every node needs the same one,"
                f" at least {SECRET_LENGTH} characters, such as from `openssl rand -hex 32`"
            )
        if self.db_pool_min > self.db_pool_max:
            raise ValueError(
                f"CASEWIRE_DB_POOL_MIN is {self.db_pool_min}, more than CASEWIRE_DB_POOL_MAX ({self.db_pool_max})"
            )
        if self.pong_timeout >= self.ping_interval:
            raise ValueError("CASEWIRE_PONG_TIMEOUT must be shorter than CASEWIRE_PING_INTERVAL")
        if len({self.jwks_url is None, self.jwks_issuer is None, self.jwks_audience is None}) > 1:
            raise ValueError("CASEWIRE_JWKS_URL, CASEWIRE_JWKS_ISSUER and CASEWIRE_JWKS_AUDIENCE are set together")
        return self


def environment_names(settings: type[Settings] = Settings) -> dict[str, str]:
    """The environment's names and the fields they set."""
    names: dict[str, str] = {}
    for field, info in settings.model_fields.items():
        alias = info.validation_alias
        for name in alias.choices if isinstance(alias, AliasChoices) else [alias]:
            names[str(name)] = field
    return names


def _unknown_names(settings: type[Settings], environ: Mapping[str, str]) -> list[str]:
    known = environment_names(settings)
    sentences = []
    for name in sorted(name for name in environ if name.startswith(OURS) and name not in known):
        near = difflib.get_close_matches(name, known, n=1)
        sentences.append(f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else ""))
    return sentences


def _sentence(settings: type[Settings], problem: Mapping[str, Any]) -> str:
    """A pydantic error as a sentence that starts with the variable's name and keeps secrets to itself."""
    message = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    names = environment_names(settings)
    name = next((part for part in problem["loc"] if part in names), None)
    return message if name is None else f"{name} {message}"
