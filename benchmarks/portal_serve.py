"""The portal with a clock around it, for ``benchmarks.portal``: how long the server itself was at each request.

``python -m benchmarks.portal_serve WORKSPACE PORT PROCESSES`` serves as ``muster portal`` does. Each process writes a
line for each answer to ``served.jsonl`` in the workspace: when (Unix time), the route, and milliseconds from the
request's arrival in the application to the last byte; and, by a route of its own, how late the process was whenever it
wanted to look at what had arrived. What readers see beside that is their own processor's doing, and the network's.
"""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from starlette.types import ASGIApp, Receive, Scope, Send

from portal.serve import FOLDER_VARIABLE, Where, app_of_environment, listen, serve

RECORD = "served.jsonl"
LATE = "late"
"""Stands for a route: how late the process was, in ms, when it wanted to look at what had arrived."""
LOOK_S = 0.02


class Clock:
    """The application, timed from outside of all that it is made of."""

    def __init__(self, app: ASGIApp, record: TextIO) -> None:
        self._app, self._record = app, record
        self._looks: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write down how long it took."""
        if scope["type"] == "lifespan":
            self._looks = asyncio.create_task(self._look())
            try:
                await self._app(scope, receive, send)
            finally:
                self._looks.cancel()
            return
        begun = time.perf_counter()
        try:
            await self._app(scope, receive, send)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._write(route, (time.perf_counter() - begun) * 1000)

    async def _look(self) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                due = time.perf_counter() + LOOK_S
                await asyncio.sleep(LOOK_S)
                self._write(LATE, (time.perf_counter() - due) * 1000)

    def _write(self, route: str, took_ms: float) -> None:
        self._record.write(json.dumps([time.time(), route, round(took_ms, 3)]) + "\n")


def clocked_app() -> ASGIApp:
    """The application of the workspace that ``serve`` has named, with a clock around it."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    # each process appends whole lines; it stays open as long as the process lives
    record = (folder / RECORD).open("a", buffering=1, encoding="utf-8")
    return Clock(app_of_environment(), record)


if __name__ == "__main__":
    where = Where(port=int(sys.argv[2]), processes=int(sys.argv[3]))
    serve(Path(sys.argv[1]), where, listen(where), "benchmarks.portal_serve:clocked_app")
