"""PostgreSQL's settings for one node with one application, written anew at each start.

What an operator sets with ALTER SYSTEM lies in another file, which PostgreSQL reads afterwards.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

MIB = 1024 * 1024
CONTROL_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

# Nobody but who can enter the private socket folder gets as far as this file.
HOST_BASED_AUTHENTICATION = """\
# Written by Casewire at each start: the sockets' folder is private to its owner.
local all all trust
local replication all trust
"""


def settings(sockets: Path, *, durable: bool) -> str:
    """The text of `postgresql.conf`.

    :param durable: False only for data that may be lost, such as a test's: nothing is flushed to disk.
    """
    lines: dict[str, str | int] = {
        "cluster_name": "casewire",
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": 120,
        "shared_buffers": f"{shared_buffers() // MIB}MB",
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
        "synchronous_commit": "on",
        "max_wal_size": "2GB" if durable else "256MB",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "jit": "off",
        "datestyle": "iso, ymd",
        "timezone": "UTC",
        "lc_messages": "C",
        "lc_monetary": "C",
        "lc_numeric": "C",
        "lc_time": "C",
        "default_text_search_config": "pg_catalog.simple",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_truncate_on_rotation": "on",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
        "log_timezone": "UTC",
    }
    text = "\n".join(f"{name} = '{_escaped(str(value))}'" for name, value in lines.items())
    return f"# Written by Casewire at each start. For settings of your own use ALTER SYSTEM.\n{text}\n"


def shared_buffers() -> int:
    """Bytes for PostgreSQL's cache: an eighth of the memory that we may use, from 128 MiB to 1 GiB."""
    memory = psutil.virtual_memory().total
    with suppress(OSError, ValueError):  # no control group, or one without a limit ("max")
        memory = min(memory, int(CONTROL_GROUP_LIMIT.read_text()))
    return max(128 * MIB, min(memory // 8, 1024 * MIB))


def _escaped(value: str) -> str:
    return value.replace("'", "''")
