"""The official Go and Java SDKs, where their tools are; elsewhere they are reported as not run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from asyncio import subprocess as aio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.realtime.conftest import Node

HERE = Path(__file__).parent
FETCH_WITHIN, BUILD_WITHIN = 60, 100

Command = Sequence[str | Path]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"not run: there is no {name} here")
    return found


def fetch(*command: str, folder: Path, **environment: str) -> None:
    """Gets what is needed from where the language's packages are."""
    try:
        subprocess.run(
            command,
            cwd=folder,
            env={**environment, **os.environ},
            check=True,
            capture_output=True,
            timeout=FETCH_WITHIN,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        words = ((error.stderr or b"") + (error.stdout or b"")).decode(errors="replace").strip().splitlines()
        pytest.skip(f"not run: the SDK cannot be had: {' '.join(words[:2])}")


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Command:
    program, built = tool("go"), tmp_path_factory.mktemp("go") / "story"
    fetch(program, "mod", "download", folder=HERE / "go", GOTOOLCHAIN="local")
    build = [program, "build", "-mod=readonly", "-o", str(built), "."]
    done = subprocess.run(build, cwd=HERE / "go", check=False, capture_output=True, timeout=BUILD_WITHIN)
    assert done.returncode == 0, done.stderr.decode()
    return [built]


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Command:
    program, jars = tool("java"), tmp_path_factory.mktemp("java")
    copying = ("dependency:copy-dependencies", f"-DoutputDirectory={jars}")
    fetch(tool("mvn"), "--batch-mode", "--quiet", *copying, folder=HERE / "java")
    return [program, "-cp", f"{jars}/*", HERE / "java" / "Story.java"]


async def story(command: Command, node: Node, codec: str) -> None:
    """What a client of any language tells: connect, subscribe, write, see it, ask who is there, be refused."""
    customer = await node.customer()
    given = (node.socket_url, codec, await node.token("dana"), f"customer:{customer.id}")
    process = await aio.create_subprocess_exec(*command, *given, stdout=aio.PIPE, stderr=aio.PIPE)
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    told: dict[str, Any] = {line["event"]: line["told"] for line in map(json.loads, output.splitlines())}
    assert told["subscribed"] is True, "recoverable"
    assert told["result"]["action"]["offset"] == told["publication"]["offset"] == 2
    assert told["publication"]["data"]["action"] == told["result"]["action"]
    assert (told["presence"], told["history"], told["refused"]) == (1, 2, 104)


@pytest.mark.parametrize("codec", ["json", "protobuf"])
async def test_go(node: Node, go: Command, codec: str) -> None:
    await story(go, node, codec)


async def test_java(node: Node, java: Command) -> None:
    """As Swift, Dart and C#, it speaks Protobuf alone."""
    await story(java, node, "protobuf")
