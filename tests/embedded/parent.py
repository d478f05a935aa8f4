"""A server in miniature for tests to kill: `python -m tests.embedded.parent FOLDER`.

Starts the services, prints one line of JSON about them, and supervises until it is ended. SIGINT and SIGTERM end it in
the orderly way.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from server.embedded import EmbeddedServices


async def main() -> None:
    asking = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asking.set)
    async with EmbeddedServices(Path(sys.argv[1])) as services, asyncio.TaskGroup() as tasks:
        facts = {
            "database_url": services.database_url,
            "redis_url": services.redis_url,
            "home": str(services.home),
            "pids": services.pids,
            "keepers": services.keeper_pids,
        }
        print(json.dumps(facts), flush=True)
        supervision = tasks.create_task(services.supervise())
        await asking.wait()
        supervision.cancel()


asyncio.run(main())
