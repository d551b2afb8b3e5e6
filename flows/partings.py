"""What is done when Prefect's server goes away in the middle: its state is disposable, the ledger has everything."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from muster.errors import EngineError, MusterError


@contextmanager
def prefect_may_go() -> Iterator[None]:
    """Say in a sentence that Prefect's server has gone, and keep Prefect from waiting for it when the process ends.

    A trouble of Muster's own that came before it is the one that is raised.
    """
    from prefect.exceptions import PrefectException

    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        drop_events()
        if (ours := _muster_error_before(error)) is not None:
            raise ours from None
        raise EngineError(
            f"Prefect's server does not answer: {error}",
            hint="what was pushed is in the ledger (muster status); muster run carries on",
        ) from error


def drop_events() -> None:
    """Without this, Prefect would try for minutes to hand in the rest of its events before the process may end."""
    from prefect.events.worker import EventsWorker

    async def drop(self: object, event: object) -> None:
        """Take the event and do nothing with it."""

    logging.getLogger(EventsWorker.__name__).setLevel(logging.CRITICAL)  # it would count them aloud
    setattr(EventsWorker, "_handle", drop)  # noqa: B010 - mypy knows that it is a method


def _muster_error_before(error: BaseException | None) -> MusterError | None:
    while error is not None and not isinstance(error, MusterError):
        error = error.__context__
    return error
