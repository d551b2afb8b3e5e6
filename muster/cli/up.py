"""``muster up``: everything that a campaign needs to run by itself, as one supervised process."""

import logging
import os
import re
import signal
import sys
import time
from logging.handlers import RotatingFileHandler
from types import FrameType
from typing import Annotated

import typer

from flows.server import API_VARIABLE, OwnServer, check_configured_server, free_port, is_healthy
from muster.cli.output import say
from muster.cli.supervising import Part, Supervisor, only_one
from muster.cli.workspace import Workspace, opened
from muster.settings import Settings

LOCK_FILE = ".up.lock"
RECORD_FILE = ".up.json"
LOG_FILE = "muster.log"
LOG_BYTES = 10_000_000
LOGS_KEPT = 5
GREETING = re.compile(
    r"^[\s_|/\\()]+$|^\s*(?:Configure Prefect|prefect config set|View the API|Check out the dashboard|"
    r"The dashboard is|See `prefect dev`|Server stopped|INFO:)"
)
"""What Prefect's server says when all is well: its name in large letters, and advice for who set it up by hand."""
HAND_STOPS_S = 30.0
"""Pushes that are broken off give their leases back and write down how they ended; that takes a few seconds."""


def up(
    context: typer.Context,
    portal: Annotated[bool, typer.Option("--portal/--no-portal", help="Also the portal.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the portal listens.")] = 8080,
) -> None:
    """Start everything on this machine: Prefect's server, the reconciler, workers where they are set, the portal.

    Stays until Ctrl-C or SIGTERM, starts again what dies, and writes one log (muster.log). Campaigns run by themselves
    meanwhile, as docs/running.md says.

    Example: muster up --port 8080
    """
    with opened(context) as workspace:
        folder = workspace.settings.workspace
        workspace.ledger.revision()  # the ledger's troubles are told before anything is started
        with only_one(folder / LOCK_FILE, f"muster up in {folder}"):
            _run(workspace, portal_port=port if portal else None)


def _run(workspace: Workspace, *, portal_port: int | None) -> None:
    settings = workspace.settings
    check_configured_server()
    own = None if os.environ.get(API_VARIABLE) else OwnServer(settings.path(settings.prefect_home), idle_s=0)
    url = os.environ.get(API_VARIABLE) or _url_of(own)
    supervisor = Supervisor(
        parts_of(settings, url, own, portal_port=portal_port), settings.workspace / RECORD_FILE, _log(settings)
    )

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        supervisor.stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    workspace.services.close()  # its parts open the ledger themselves
    try:
        supervisor.run(lambda: _say_ready(settings, url, portal_port))
    finally:
        if own is not None:
            own.forget()
        for number, handler in before.items():
            signal.signal(number, handler)


def parts_of(settings: Settings, url: str, own: OwnServer | None, *, portal_port: int | None) -> tuple[Part, ...]:
    """The parts, in the order in which they begin."""
    here = {API_VARIABLE: url, "PYTHONUNBUFFERED": "1"}
    python, folder = sys.executable, str(settings.workspace)
    parts = [Part("hand", (python, "-m", "flows.hand", folder), here, stop_s=HAND_STOPS_S)]
    if own is not None:
        parts.insert(0, _server_part(own, url))
    if settings.engine == "workers":
        parts.append(Part("worker", (python, "-m", "muster", "-C", folder, "worker"), here, stop_s=HAND_STOPS_S))
    if portal_port is not None:
        command = (python, "-m", "muster", "-C", folder, "portal", "--port", str(portal_port))
        parts.append(Part("portal", command, here))
    return tuple(parts)


def _url_of(own: OwnServer | None) -> str:
    """Where Muster's own server is, or will be once it is started."""
    found = own.find_or_free() if own is not None else ""
    return found or f"http://127.0.0.1:{free_port()}/api"


def _server_part(own: OwnServer, url: str) -> Part:
    """Muster's own Prefect server; where a command of this workspace uses one already, that one, while it lives."""
    port = url.rsplit(":", 1)[1].partition("/")[0]
    command = (sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port)
    mine: set[int] = set()

    def started(pid: int) -> None:
        mine.add(pid)
        own.record(pid, url)

    return Part(
        "prefect",
        command,
        {"PREFECT_LOGGING_SERVER_LEVEL": "WARNING"},
        stop_s=15.0,
        started=started,
        is_ready=lambda: is_healthy(url),
        is_elsewhere=lambda: not mine and is_healthy(url),
        is_chatter=lambda line: GREETING.search(line) is not None,
    )


def _log(settings: Settings) -> logging.Logger:
    """One log, to the console and to a file that is begun anew when it is large."""
    logging.raiseExceptions = False  # a console that has gone away must not fill the log with tracebacks
    log = logging.getLogger("muster.up")
    log.setLevel(logging.INFO)
    log.propagate = False
    form = logging.Formatter("%(asctime)s %(part)-7s  %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ")
    form.converter = time.gmtime  # a log that spans a change of clocks must not tell an hour twice
    file = RotatingFileHandler(
        settings.workspace / LOG_FILE, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8"
    )
    for handler in (logging.StreamHandler(sys.stdout), file):
        handler.setFormatter(form)
        log.addHandler(handler)
    return log


def _say_ready(settings: Settings, url: str, portal_port: int | None) -> None:
    where = f"portal http://127.0.0.1:{portal_port}, " if portal_port is not None else ""
    every = f"looks every {settings.reconcile_every_s:g} s for what is due"
    say(f"up: {where}Prefect {url.removesuffix('/api')}, {every}; log {settings.workspace / LOG_FILE}; Ctrl-C ends it")
