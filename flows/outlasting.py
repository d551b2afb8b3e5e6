"""What a flow on a worker does when the ledger goes away: it waits, and begins anew.

Whatever a flow does may be begun anew, because the ledger says what is left. In this process a person waits for an
answer, and is told at once (``muster run`` carries on); on a worker nobody does.
"""

import os
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from muster.errors import LedgerUnavailable

P = ParamSpec("P")
RUN_VARIABLE = "PREFECT__FLOW_RUN_ID"
"""What a Prefect worker tells the process that it starts for a flow run."""
AWAY_S = 900.0
"""A ledger that stays away longer than this is given up."""
LOOK_S = 2.0


def outlasting(act: Callable[P, None]) -> Callable[P, None]:
    """The same act; on a worker it is begun anew when the ledger was away, for as long as ``AWAY_S``."""

    @wraps(act)
    def outlasts(*args: P.args, **kwargs: P.kwargs) -> None:
        since = begun = time.monotonic()
        while True:
            try:
                act(*args, **kwargs)
            except LedgerUnavailable:
                now = time.monotonic()
                since = since if now - begun < AWAY_S / 10 else now  # it had come back meanwhile
                if not on_a_worker() or now - since > AWAY_S:
                    raise
            else:
                return
            time.sleep(LOOK_S)
            begun = time.monotonic()

    return outlasts


def on_a_worker() -> bool:
    """Whether this process carries out a flow that was handed to a worker."""
    return RUN_VARIABLE in os.environ
