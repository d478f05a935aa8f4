"""The environment as settings: what is derived, what is refused and in which words, and that the docs tell the same."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from channels.agent import Visibility
from server.embedded import default_data_dir
from server.settings import Rate, Settings, SettingsError, environment_names

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
KEY = "k" * 32
OUTSIDE = {"DATABASE_URL": "postgres://u:p@db/desk", "REDIS_URL": "redis://cache", "CASEWIRE_SECRET_KEY": KEY}


def refused(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    return caught.value.sentences


def test_an_empty_environment_means_embedded_services_on_this_machine_alone() -> None:
    settings = Settings.load({"HOME": "/home/dana"})
    assert settings.embedded
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.data_dir == default_data_dir()
    assert settings.rate_limit == Rate(500, 900)
    assert settings.visibility is Visibility.ALL
    assert (settings.db_pool_min, settings.db_pool_max, settings.db_connect_timeout) == (10, 50, 5.0)
    assert (settings.ping_interval, settings.pong_timeout) == (25.0, 8.0)
    assert not settings.compression
    assert Settings.load({"CASEWIRE_COMPRESSION": "on"}).compression


def test_a_port_set_by_a_platform_listens_to_the_outside() -> None:
    assert Settings.load({"PORT": "5000"}).host == "0.0.0.0"
    assert Settings.load({"PORT": "5000", "HOST": "127.0.0.1"}).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("postgres://u:p@db:5432/desk", "postgresql://u:p@db:5432/desk"),
        ("postgresql://u:p%40@db/desk?sslmode=require", "postgresql://u:p%40@db/desk?sslmode=require"),
        ("postgres://db/desk?sslmode=require&channel_binding=require", "postgresql://db/desk?sslmode=require"),
        ("postgresql+asyncpg://db/desk?pgbouncer=true", "postgresql://db/desk"),
        ("postgresql:///desk?host=/run/pg", "postgresql:///desk?host=%2Frun%2Fpg"),
    ],
)
def test_database_addresses_as_platforms_write_them(given: str, understood: str) -> None:
    assert Settings.load(OUTSIDE | {"DATABASE_URL": given}).database_url == understood


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache:6379/1",
        "rediss://:p@cache",
        "redis+sentinel://a:1,b/desk",
        "redis+cluster://a:1,b:2",
        "unix:///run/redis.sock?db=2",
    ],
)
def test_redis_addresses(url: str) -> None:
    assert Settings.load(OUTSIDE | {"REDIS_URL": url}).redis_url == url


def test_workers_may_be_named_as_platforms_do() -> None:
    assert Settings.load({"WEB_CONCURRENCY": "3"}).workers == 3
    assert Settings.load({"WEB_CONCURRENCY": "3", "CASEWIRE_WORKERS": "2"}).workers == 2


def test_a_small_pool_needs_no_second_name() -> None:
    settings = Settings.load({"CASEWIRE_DB_POOL_MAX": "4"})
    assert (settings.db_pool_min, settings.db_pool_max) == (4, 4)


@pytest.mark.parametrize(("text", "seconds"), [("2", 2.0), ("2.5s", 2.5), ("500 ms", 0.5), ("1m", 60.0)])
def test_times_with_and_without_units(text: str, seconds: float) -> None:
    assert Settings.load({"CASEWIRE_DB_CONNECT_TIMEOUT": text}).db_connect_timeout == seconds


def test_lists_are_separated_by_commas() -> None:
    settings = Settings.load(
        {
            "CASEWIRE_TRUSTED_PROXIES": "10.0.0.0/8, 192.168.1.7",
            "CASEWIRE_ALLOWED_ORIGINS": "https://Desk.example.com/,http://localhost:5173",
        }
    )
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("192.168.1.7/32"))
    assert settings.allowed_origins == ("https://desk.example.com", "http://localhost:5173")


def test_the_limit_can_be_changed_and_switched_off() -> None:
    assert Settings.load({"CASEWIRE_RATE_LIMIT": "10/minute"}).rate_limit == Rate(10, 60)
    assert Settings.load({"CASEWIRE_RATE_LIMIT": "off"}).rate_limit is None


def test_empty_values_count_as_not_given() -> None:
    assert Settings.load({"DATABASE_URL": "", "PORT": " ", "CASEWIRE_RATE_LIMIT": ""}) == Settings.load({})


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {"CASEWIRE_SECRT_KEY": "x"},
            "CASEWIRE_SECRT_KEY is no setting; did you mean CASEWIRE_SECRET_KEY?",
        ),
        ({"PORT": "http"}, "PORT should be a valid integer, unable to parse string as an integer"),
        ({"PORT": "70000"}, "PORT should be less than or equal to 65535"),
        ({"DATABASE_URL": "mysql://db"}, "DATABASE_URL is no PostgreSQL address"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL is no Redis address"),
        ({"CASEWIRE_SECRET_KEY": "short"}, "CASEWIRE_SECRET_KEY is too short"),
        ({"CASEWIRE_WORKERS": "0"}, "CASEWIRE_WORKERS should be greater than or equal to 1"),
        ({"CASEWIRE_DB_CONNECT_TIMEOUT": "soon"}, "CASEWIRE_DB_CONNECT_TIMEOUT is no time"),
        ({"CASEWIRE_COMPRESSION": "maybe"}, "CASEWIRE_COMPRESSION is on or off"),
        ({"CASEWIRE_RATE_LIMIT": "lots"}, "CASEWIRE_RATE_LIMIT is no rate"),
        ({"CASEWIRE_RATE_LIMIT": "0/minute"}, "CASEWIRE_RATE_LIMIT must allow at least one request"),
        ({"CASEWIRE_TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "CASEWIRE_TRUSTED_PROXIES proxy is no address"),
        ({"CASEWIRE_ALLOWED_ORIGINS": "desk.example.com"}, "CASEWIRE_ALLOWED_ORIGINS desk.example.com is no origin"),
        ({"CASEWIRE_ALLOWED_ORIGINS": "https://desk/path"}, "CASEWIRE_ALLOWED_ORIGINS https://desk/path is no origin"),
        ({"CASEWIRE_VISIBILITY": "mine"}, "CASEWIRE_VISIBILITY should be 'all' or 'assigned'"),
        ({"CASEWIRE_PONG_TIMEOUT": "30"}, "CASEWIRE_PONG_TIMEOUT must be shorter than CASEWIRE_PING_INTERVAL"),
        ({"CASEWIRE_DB_POOL_MIN": "60"}, "CASEWIRE_DB_POOL_MIN is 60, more than CASEWIRE_DB_POOL_MAX (50)"),
        (
            {"CASEWIRE_JWKS_URL": "http://id.example.com/keys"},
            "CASEWIRE_JWKS_URL must start with https://",
        ),
        (
            {"CASEWIRE_JWKS_URL": "https://id.example.com/keys"},
            "CASEWIRE_JWKS_URL, CASEWIRE_JWKS_ISSUER and CASEWIRE_JWKS_AUDIENCE are set together",
        ),
    ],
)
def test_a_bad_value_is_named(environ: dict[str, str], sentence: str) -> None:
    sentences = refused(environ)
    assert len(sentences) == 1
    assert sentences[0].startswith(sentence)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(refused({"CASEWIRE_NONSENSE": "1", "PORT": "x", "CASEWIRE_VISIBILITY": "y"})) == 3


def test_services_from_outside_come_together_and_with_a_key() -> None:
    only_one = {"DATABASE_URL": OUTSIDE["DATABASE_URL"], "CASEWIRE_SECRET_KEY": KEY}
    assert refused(only_one)[0].startswith("REDIS_URL is missing beside DATABASE_URL")
    no_key = {name: value for name, value in OUTSIDE.items() if name != "CASEWIRE_SECRET_KEY"}
    assert refused(no_key)[0].startswith("CASEWIRE_SECRET_KEY is missing")


def test_settings_do_not_change_and_keep_secrets_out_of_sight() -> None:
    settings = Settings.load(OUTSIDE)
    with pytest.raises(ValidationError):
        settings.port = 1
    assert KEY not in repr(settings)
    assert "u:p" not in repr(settings)


def test_no_value_is_repeated_in_a_refusal() -> None:
    assert "hush" not in "".join(refused({"CASEWIRE_SECRET_KEY": "hush", "DATABASE_URL": "hush"}))


def test_the_documented_table_is_the_code() -> None:
    rows = re.findall(r"^\| `([^`]+)`(?: \(or `([^`]+)`\))? \| ([^|]*) \| ", DOCS.read_text(), re.MULTILINE)
    documented = {name: default for name, other, default in rows for name in filter(None, (name, other))}
    names = environment_names()
    assert list(documented) == list(names)
    for name, field in names.items():
        shown = documented[name].split("`")
        if len(shown) == 3:  # a value, which must mean the default
            given = Settings.load({name: shown[1]} if name != "HOST" else {})
            assert getattr(given, field) == getattr(Settings.load({}), field), name
        else:
            default = Settings.model_fields[field].default
            assert documented[name] in ("none", "none: embedded") or field in ("data_dir", "secret_key"), name
            assert default in (None, ()) or field == "data_dir", name
