"""Each connection is an open file: the server takes as many as the system grants."""

from __future__ import annotations

import subprocess
import sys

ASKS = """
import resource
from server.loop import allow_open_files
granted = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, granted))
print(allow_open_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256 or granted <= 256)
"""


def test_the_limit_of_open_files_is_raised_to_what_is_granted() -> None:
    told = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True"
