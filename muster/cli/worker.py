"""The command ``muster worker``: this machine takes part in pushing."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Annotated

import typer

from flows.engine import prefect_api
from flows.environment import PATIENT, QUIET_AND_QUICK
from flows.partings import prefect_may_go
from flows.reach import allowed_references, queue_of, queues_for
from flows.services import WORKER_VARIABLE
from ledger.grants import worker_grants
from muster.cli.output import say
from muster.cli.workspace import Workspace, workspace_of
from muster.errors import InputError
from muster.settings import SETTINGS_FILE, Settings


def worker(
    context: typer.Context,
    reach: Annotated[
        str | None, typer.Option(help="The network that this machine stands in; by default the setting reach, or home.")
    ] = None,
    limit: Annotated[int, typer.Option(min=2, help="Flows at one time on this machine.")] = 2,
    name: Annotated[str | None, typer.Option(help="What it is called on Prefect's screens.")] = None,
    grants: Annotated[
        str | None,
        typer.Option(metavar="USER", help="Only print what lets this user of PostgreSQL see that reach alone."),
    ] = None,
) -> None:
    """Take part in pushing: carry out what other machines hand over (setting engine: workers), until Ctrl-C.

    Example: muster worker --reach acme
    """
    workspace = workspace_of(context)
    if not (workspace.folder / SETTINGS_FILE).exists():
        raise InputError(f"{workspace.folder.resolve()} is no workspace: it has no {SETTINGS_FILE}", hint="muster init")
    settings = workspace.settings if reach is None else workspace.settings.model_copy(update={"reach": reach})
    if grants is not None:
        for statement in worker_grants(grants, settings.reach):
            sys.stdout.write(f"{statement};\n")
        return
    _check(workspace, settings)
    with prefect_api(settings.path(settings.prefect_home), idle_s=settings.prefect_idle_s) as url:
        from flows.workers import make_queues

        queues = queues_for(settings.reach)
        with prefect_may_go():
            make_queues(settings.work_pool, queues)
        say(f"takes {' and '.join(queues)} of the work pool {settings.work_pool} at {url}; Ctrl-C ends it")
        code = _until_it_ends(worker_command(settings, limit=limit, name=name), worker_environment(settings))
    if code:
        raise typer.Exit(code)


def _check(workspace: Workspace, settings: Settings) -> None:
    """Refuse what could only fail later, hosts at a time.

    Raises:
        InputError: the ledger is a file, which other machines cannot share; or the reach has no list of credentials.
    """
    references = allowed_references(settings)
    if references is not None:
        say(f"may use: {', '.join(references) or 'no credential at all'}")
    if settings.reach and settings.ledger_url.startswith("sqlite"):
        raise InputError(
            f"the reach {queue_of(settings.reach)!r} cannot share a ledger that is a file",
            hint="ledger_url: postgresql+psycopg://…, in the muster.yml of every machine",
        )
    workspace.ledger.revision()  # the ledger's troubles are told now
    workspace.close()


def worker_command(settings: Settings, *, limit: int, name: str | None = None) -> list[str]:
    """The command that is Prefect's worker for this machine's queues."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", settings.work_pool, "--type", "process"]
    command += ["--limit", str(limit), *(["--name", name] if name else [])]
    for queue in queues_for(settings.reach):
        command += ["--work-queue", queue]
    return command


def worker_environment(settings: Settings) -> Mapping[str, str]:
    """What the worker's flows find in their environment: where they are, and that nobody waits for their answer."""
    here = {WORKER_VARIABLE: str(settings.workspace), "MUSTER_REACH": settings.reach, "MUSTER_ENGINE": "workers"}
    ours = {name: value for name, value in PATIENT.items() if os.environ.get(name) in {None, QUIET_AND_QUICK.get(name)}}
    return {**os.environ, **ours, **here}


def _until_it_ends(command: list[str], environment: Mapping[str, str]) -> int:
    """Run the worker, and hand Ctrl-C and SIGTERM on to it; its exit code.

    They are handled before it begins: what is ignored here (nohup, a script's ``&``) would be ignored there for good.
    """
    begun: list[subprocess.Popen[bytes]] = []

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        for process in begun:
            process.send_signal(signal.SIGINT)  # as Ctrl-C would: Prefect ends its flows in order

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with subprocess.Popen(command, env=dict(environment), start_new_session=True) as process:
            begun.append(process)
            code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0 if code in {-signal.SIGINT, 130} else max(0, code)
