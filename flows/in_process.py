"""Carry flows out in this process."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import copy_context
from copy import copy
from functools import partial, wraps
from threading import Thread

from flows.campaign import FLOWS
from flows.engine import Parameter
from flows.partings import drop_events
from muster.errors import EngineError

LAST_WORDS_S = 15.0
"""How long a flow that has come to its end waits for Prefect's server to hear of it."""


def in_process(flow: str, parameters: Mapping[str, Parameter]) -> None:
    """Carry a flow out here, in a thread of its own, and raise what its own function raises.

    In the main thread Prefect would take SIGTERM for itself, and end the process only when every push has ended. So
    signals stay with whoever called. And what the function came to is what counts: a server that is not there to hear
    of it is waited for only a little.

    Raises:
        EngineError: there is no such flow.
    """
    if flow not in FLOWS:
        raise EngineError(f"there is no flow {flow!r}; there are {', '.join(sorted(FLOWS))}")
    body: Future[object] = Future()
    whole: Future[object] = Future()
    overheard = copy(FLOWS[flow])
    vars(overheard)["fn"] = _telling(body, overheard.fn)
    Thread(
        target=copy_context().run,
        args=(_tell, whole, partial(overheard, **parameters)),
        name="muster-flow",
        daemon=True,
    ).start()
    wait((body, whole), return_when=FIRST_COMPLETED)
    wait((whole,), timeout=LAST_WORDS_S)
    if not whole.done():
        drop_events()
    (body if body.done() else whole).result()


def _telling(ended: Future[object], function: Callable[..., object]) -> Callable[..., object]:
    """The function, which tells its end to ``ended`` as well."""

    @wraps(function)
    def telling(*args: object, **kwargs: object) -> object:
        _tell(ended, partial(function, *args, **kwargs))
        return ended.result()

    return telling


def _tell(ended: Future[object], function: Callable[[], object]) -> None:
    try:
        ended.set_result(function())
    except BaseException as error:  # noqa: BLE001 - raised again where the future is asked
        ended.set_exception(error)
