"""The Node.js that `make install` found or brought."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from pathlib import Path


@cache
def find_node() -> Path:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    found = shutil.which("node", path=path)
    if found is None:
        raise AssertionError("there is no Node.js: run `make install`")
    return Path(found)
