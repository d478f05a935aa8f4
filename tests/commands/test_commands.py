"""The command line: what it does, what it says, and with which exit code it ends."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from persistence.database import Database, DatabaseOptions
from server.auth.passwords import check_password
from server.auth.tokens import Tokens
from tests.commands.conftest import Run
from tests.ground.ports import free_port
from tests.ground.server import SECRET_KEY

COMMANDS = [
    ["serve"],
    ["demo"],
    ["migrate"],
    ["doctor"],
    ["verify"],
    ["agent"],
    ["agent", "add"],
    ["agent", "list"],
    ["agent", "disable"],
    ["agent", "token"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(casewire: Run, command: list[str]) -> None:
    done = casewire(*command, "--help", DATABASE_URL="not even looked at")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout


def test_what_is_no_command_is_refused(casewire: Run) -> None:
    done = casewire("fly")
    assert done.returncode == 2
    assert "No such command" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"CASEWIRE_PORT": "1"}, "casewire: CASEWIRE_PORT is no setting"),
        ({"PORT": "many"}, "casewire: PORT"),
        ({"REDIS_URL": ""}, "casewire: REDIS_URL is missing"),
    ],
)
@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["verify"], ["doctor"], ["agent", "list"]], ids=" ".join)
def test_wrong_settings_stop_every_command(
    casewire: Run, command: list[str], wrong: dict[str, str], sentence: str
) -> None:
    done = casewire(*command, **wrong)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["verify"], ["agent", "list"]], ids=" ".join)
def test_a_database_that_is_not_there_is_told_in_a_sentence(casewire: Run, command: list[str]) -> None:
    done = casewire(*command, DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", PORT="0")
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("casewire: cannot connect to the database")
    assert sentence.endswith("check DATABASE_URL")


# migrate


def test_migrate_tells_what_it_applied(casewire: Run, empty_database_url: str) -> None:
    first, second = (casewire("migrate", DATABASE_URL=empty_database_url) for _ in range(2))
    assert (first.returncode, first.stdout.splitlines()[0]) == (0, "applied 0001_initial")
    assert (second.returncode, second.stdout) == (0, "The database is up to date.\n")


# agent


def test_an_agent_is_added_listed_and_disabled(casewire: Run) -> None:
    added = casewire(
        *("agent", "add", "dana", "--name", "Dana W.", "--role", "admin", "--password-stdin"), stdin="a password\n"
    )
    assert (added.returncode, added.stdout) == (0, "Added dana (admin), id 1.\n")
    assert casewire("agent", "disable", "dana").returncode == 0
    listed = casewire("agent", "list").stdout.splitlines()
    assert [line.split() for line in listed] == [
        ["ID", "USERNAME", "NAME", "ROLE", "ACTIVE"],
        ["1", "dana", "Dana", "W.", "admin", "no"],
    ]


async def test_the_password_is_read_from_the_standard_input(casewire: Run, database_url: str) -> None:
    casewire("agent", "add", "dana", "--name", "Dana", "--password-stdin", stdin="pässword with spaces \r\nmore\n")
    async with (
        Database.connect(DatabaseOptions(database_url, pool_min=1)) as database,
        database.reading() as connection,
    ):
        stored = await connection.fetchval("SELECT password_hash FROM agents")
    assert check_password(stored, "pässword with spaces ")


def test_an_agent_without_a_password_is_for_tokens(casewire: Run) -> None:
    added = casewire("agent", "add", "bot", "--name", "Bot")
    assert added.returncode == 0
    assert "not log in" in added.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "sentence"),
    [
        (["add", "Dana", "--name", "D"], "", 1, "casewire: username: must be 1 to 32 of a-z"),
        (["add", "dana", "--name", ""], "", 1, "casewire: name: must have 1 to 200 characters"),
        (["add", "dana", "--name", "D", "--password-stdin"], "short\n", 1, "casewire: The password must have 8"),
        (["add", "dana", "--name", "D", "--password-stdin"], "", 1, "casewire: The password must have 8"),
        (["add", "dana", "--name", "D", "--role", "king"], "", 2, "Usage"),
        (["add", "taken", "--name", "T"], "", 1, "casewire: username: 'taken' is taken"),
        (["disable", "nobody"], "", 1, "casewire: There is no agent nobody. `casewire agent list` shows all."),
        (["token", "nobody"], "", 1, "casewire: There is no agent nobody."),
        (["token", "taken", "--ttl", "0"], "", 2, "Usage"),
    ],
)
def test_what_cannot_be_done_is_told(casewire: Run, arguments: list[str], stdin: str, code: int, sentence: str) -> None:
    assert casewire("agent", "add", "taken", "--name", "Taken").returncode == 0
    done = casewire("agent", *arguments, stdin=stdin)
    assert done.returncode == code
    assert done.stderr.lstrip().startswith(sentence)
    assert "Traceback" not in done.stderr


def test_a_token_alone_is_printed(casewire: Run) -> None:
    casewire("agent", "add", "bot", "--name", "Bot")
    done = casewire("agent", "token", "bot", "--ttl", "120")
    assert (done.returncode, done.stderr) == (0, "")
    claims = Tokens(SECRET_KEY).verify(done.stdout.rstrip("\n"))
    assert (claims.agent_id, claims.login_id) == (1, None)
    later = Tokens(SECRET_KEY, lambda: claims.expires_at - timedelta(seconds=1)).verify(done.stdout.strip())
    assert later.agent_id == 1


def test_a_disabled_agent_gets_no_token(casewire: Run) -> None:
    casewire("agent", "add", "bot", "--name", "Bot")
    casewire("agent", "disable", "bot")
    done = casewire("agent", "token", "bot")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "casewire: bot is disabled, so nobody would accept its token.\n"


# verify


def test_verify_ends_well_where_every_law_holds(casewire: Run) -> None:
    done = casewire("verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "Every law holds."


async def test_verify_names_what_is_broken(casewire: Run, database_url: str) -> None:
    async with (
        Database.connect(DatabaseOptions(database_url, pool_min=1)) as database,
        database.writing() as connection,
    ):
        await connection.execute("INSERT INTO customers (name, \"offset\") VALUES ('Acme', 3)")
    done = casewire("verify")
    assert done.returncode == 1
    assert "broken  the actions of each customer are numbered 1, 2, 3, … up to its offset" in done.stdout
    assert "customer 1 has 0 actions" in done.stdout
    assert "restore the latest backup" in done.stdout


def test_verify_wants_the_tables(casewire: Run, empty_database_url: str) -> None:
    done = casewire("verify", DATABASE_URL=empty_database_url)
    assert done.returncode == 1
    assert done.stderr == "casewire: The database lacks 0001_initial. Run `casewire migrate` first.\n"


# doctor


def test_doctor_tells_problems_from_advice(casewire: Run) -> None:
    """The services of the tests do not flush to disk, which nobody should work on."""
    done = casewire("doctor", PORT=str(free_port()), CASEWIRE_RATE_LIMIT="off")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "ok      PostgreSQL 18 answers." in lines
    assert "ok      Redis answers." in lines
    assert [line for line in lines if line.startswith("PROBLEM ")] == [
        "PROBLEM PostgreSQL acknowledges what is not on disk yet: what agents wrote can be lost. Switch fsync and"
        " synchronous_commit on."
    ]
    assert any(line.startswith("advice  Rate limits are off") for line in lines)
    assert any(line.startswith("advice  Nobody is an administrator") for line in lines)
    assert lines[-1] == "One problem to mend."


def test_doctor_finds_what_cannot_be_reached(casewire: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = casewire(
            "doctor",
            PORT=str(port),
            HOST="127.0.0.1",
            DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing",
            REDIS_URL=f"redis://127.0.0.1:{free_port()}",
        )
    assert done.returncode == 1
    problems = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM ")]
    assert problems[0].startswith(f"PROBLEM Port {port} on 127.0.0.1 is in use.")
    assert problems[1].startswith("PROBLEM PostgreSQL: cannot connect")
    assert problems[2].startswith("PROBLEM Redis does not answer.")
    assert done.stdout.endswith("3 problems to mend.\n")


def test_doctor_compares_the_pool_with_what_postgresql_allows(casewire: Run) -> None:
    done = casewire("doctor", PORT=str(free_port()), CASEWIRE_DB_POOL_MAX="100000")
    assert "PROBLEM CASEWIRE_DB_POOL_MAX is 100000 and PostgreSQL allows" in done.stdout


# The embedded services


def test_commands_work_on_the_embedded_database_beside_a_server_and_without_one(casewire: Run, tmp_path: Path) -> None:
    embedded = {"DATABASE_URL": "", "REDIS_URL": "", "CASEWIRE_SECRET_KEY": ""}
    assert casewire("agent", "add", "dana", "--name", "Dana", **embedded).returncode == 0
    listed = casewire("agent", "list", **embedded)
    assert "dana" in listed.stdout
    token = casewire("agent", "token", "dana", **embedded).stdout.strip()
    key = (tmp_path / "data" / "secret.key").read_text().strip()
    assert Tokens(key).verify(token).agent_id == 1
