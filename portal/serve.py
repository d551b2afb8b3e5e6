"""Serving the portal: one process or several, behind TLS of a proxy or on this machine alone."""

import gc
import logging
import os
import socket
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from flows.services import services_of
from muster.errors import InputError, MusterError
from muster.settings import load_settings
from muster.wiring import Wired
from portal.app import create_app
from portal.beside import beside_of_environment, process_beside
from portal.manager.kept import use_beside
from portal.reading import Reading
from portal.render import templates

_LOG = logging.getLogger("muster.portal")

APP = "portal.serve:app_of_environment"
FOLDER_VARIABLE = "MUSTER_PORTAL_WORKSPACE"
GRACE_S = 3
"""How long open streams may take to end when the portal goes down."""
SWITCH_S = 0.001
"""After how long a thread that is busy lets the next one work: short, as a page takes a hundred turns."""
BACKLOG = 2048
"""How many connections may wait to be taken; uvicorn's own number."""
SILENT_S = 120
"""How long a process may be busy with one large sum (a plan of 10,000 visits) before it is taken for dead."""


@dataclass(frozen=True, slots=True)
class Where:
    """How to listen.

    Attributes:
        proxy: addresses of proxies whose word about the caller is believed, separated by commas; empty: nobody's.
        processes: each has its own memory of the fleet; one serves dozens of people.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    proxy: str = ""
    processes: int = 1


def listen(where: Where) -> socket.socket:
    """The socket that is served; ours, so that what is wrong with its address is said in our words.

    Raises:
        InputError: something else listens there, or it is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        listening = socket.create_server((where.host, where.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise InputError(
            f"the portal cannot listen on {where.host}:{where.port} ({error.strerror or error})",
            hint="is it running already? or use --host and --port",
        ) from None
    # asyncio sets this on sockets that it has made itself; without it an answer waits 40 ms for the browser's word
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.set_inheritable(True)
    return listening


def serve(folder: Path, where: Where, listening: socket.socket, app: str = APP) -> None:
    """Serve the portal of a workspace on what ``listen`` gave, until a signal ends it.

    ``app`` names what makes the application in each of several processes; the benchmark's has a clock around it.
    """
    os.environ[FOLDER_VARIABLE] = str(folder.resolve())
    with process_beside(folder):
        _serve(where, listening, app)


def _serve(where: Where, listening: socket.socket, app: str) -> None:
    config = uvicorn.Config(
        app if where.processes > 1 else app_of_environment(),
        factory=where.processes > 1,
        host=where.host,
        port=where.port,
        workers=where.processes,
        proxy_headers=bool(where.proxy),
        forwarded_allow_ips=where.proxy or None,
        access_log=False,  # links' words would be in it
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        timeout_worker_healthcheck=SILENT_S,
    )
    if where.processes > 1:
        from uvicorn.supervisors import Multiprocess

        Multiprocess(config, sockets=[listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


def app_of_environment() -> FastAPI:
    """The application of the workspace that ``serve`` has named."""
    folder = os.environ[FOLDER_VARIABLE]
    services = services_of(folder)
    if not isinstance(services, Wired):
        raise TypeError("muster.services is registered by somebody else")
    sys.setswitchinterval(SWITCH_S)
    app = create_app(services, load_settings(Path(folder)))
    reading: Reading = app.state.portal.reading
    use_beside(reading, beside_of_environment())
    _get_ready(reading)
    return app


def _get_ready(reading: Reading) -> None:
    """Read what there is before somebody waits for it, and keep the collector of garbage from looking through it.

    Of 100,000 hosts there are a million objects that stay; to look through them takes the better part of a second, in
    which nobody is served.
    """
    try:
        for name in templates().list_templates():
            templates().get_template(name)
        reading.read_ahead()
    except MusterError as error:
        _LOG.warning("nothing is read ahead: %s", error.message)
    gc.collect()
    gc.freeze()


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
