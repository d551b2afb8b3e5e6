"""The one seam between Muster and Prefect: carry a flow out in this process, or hand it to workers.

``with engine(...) as carry_out: carry_out("waves", ...)``. With ``PREFECT_API_URL`` set, that server is used; without
it, Muster's own (see ``flows.server``). Callers and flows do not know which.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from flows.environment import prepare_environment, tell_prefect
from flows.partings import prefect_may_go
from flows.server import API_VARIABLE, OwnServer

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


def carrier(kind: str, work_pool: str = "") -> CarryOut:
    """Whatever carries flows out where Prefect's API is at hand already: ``in-process`` or ``workers``."""
    if kind == "workers":
        from flows.workers import on_workers

        return on_workers(work_pool)
    from flows.in_process import in_process

    return in_process


@contextmanager
def engine(kind: str, *, prefect_home: Path, idle_s: float, work_pool: str = "") -> Iterator[CarryOut]:
    """Whatever carries flows out: ``in-process`` or ``workers``."""
    with prefect_api(prefect_home, idle_s=idle_s):
        act = carrier(kind, work_pool)

        def carry_out(flow: str, parameters: Mapping[str, Parameter]) -> None:
            with prefect_may_go():
                act(flow, parameters)

        yield carry_out
