"""The one seam between Muster and Prefect: carry a flow out in this process, or hand it to workers.

``with engine(...) as carry_out: carry_out("waves", ...)``. With ``PREFECT_API_URL`` set, that server is used; without
it, Muster's own (see ``flows.server``). Callers and flows do not know which.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Protocol

import httpx

from flows.environment import prepare_environment, tell_prefect
from flows.server import API_VARIABLE, OwnServer
from muster.errors import EngineError, MusterError

Parameter = str | int | float | bool | list[str] | None


class CarryOut(Protocol):
    """Carries out a flow by its name and waits for its end."""

    def __call__(self, flow: str, parameters: Mapping[str, Parameter]) -> None:
        """Carry it out; what it achieved is read from the ledger, never from Prefect.

        Raises:
            MusterError: what the flow raised (in this process), or EngineError.
        """
        ...


@contextmanager
def prefect_api(prefect_home: Path, *, idle_s: float) -> Iterator[str]:
    """A Prefect API for as long as the block lasts: the configured one, or Muster's own server."""
    prepare_environment(prefect_home)
    if configured := os.environ.get(API_VARIABLE):
        tell_prefect()
        yield configured
        return
    server = OwnServer(prefect_home, idle_s=idle_s)
    server.start()
    try:
        os.environ[API_VARIABLE] = server.wait()
        tell_prefect()
        yield os.environ[API_VARIABLE]
    finally:
        os.environ.pop(API_VARIABLE, None)
        server.leave()


@contextmanager
def engine(kind: str, *, prefect_home: Path, idle_s: float, work_pool: str = "") -> Iterator[CarryOut]:
    """Whatever carries flows out: ``in-process`` or ``workers``."""
    with prefect_api(prefect_home, idle_s=idle_s):
        if kind == "workers":
            from flows.workers import on_workers

            yield on_workers(work_pool)
        else:
            yield _in_process


def _in_process(flow: str, parameters: Mapping[str, Parameter]) -> None:
    from flows.campaign import FLOWS

    if flow not in FLOWS:
        raise EngineError(f"there is no flow {flow!r}; there are {', '.join(sorted(FLOWS))}")
    with _prefect_may_go():
        _beside(partial(FLOWS[flow], **parameters))


@contextmanager
def _prefect_may_go() -> Iterator[None]:
    """Say in a sentence that Prefect's server has gone, and keep Prefect from waiting for it when the process ends.

    A trouble of Muster's own that came before it is the one that is raised.
    """
    from prefect.exceptions import PrefectException

    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        _drop_events()
        if (ours := _muster_error_before(error)) is not None:
            raise ours from None
        raise EngineError(
            f"Prefect's server does not answer any more: {error}",
            hint="what was pushed is in the ledger (muster status); muster run starts a server and carries on",
        ) from error


def _muster_error_before(error: BaseException | None) -> MusterError | None:
    while error is not None and not isinstance(error, MusterError):
        error = error.__context__
    return error


def _drop_events() -> None:
    """Without this, Prefect would try for minutes to hand in the rest of its events before the process may end."""
    from prefect.events.worker import EventsWorker

    async def drop(self: object, event: object) -> None:
        """Take the event and do nothing with it."""

    setattr(EventsWorker, "_handle", drop)  # noqa: B010 - mypy knows that it is a method


def _beside(carry_out: Callable[[], object]) -> None:
    """Carry out in a thread of its own, and wait.

    In the main thread Prefect would take SIGTERM for itself, and end the process only when every push has ended. So
    signals stay with whoever called.
    """
    ended: Future[None] = Future()

    def work() -> None:
        try:
            carry_out()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            ended.set_exception(error)
        else:
            ended.set_result(None)

    Thread(target=copy_context().run, args=(work,), name="muster-flow", daemon=True).start()
    ended.result()
