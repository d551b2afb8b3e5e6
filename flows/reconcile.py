"""The reconciling flow: looks at the ledger and the clock, and starts what is due.

It keeps nothing in its head. To run it twice, late, on two machines at once, or not for a day does no harm: what is due
is decided by ``flows.reconcile_rules``, and what is begun is written down first (``flows.reconcile_duties``).
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prefect import flow

from flows.engine import carrier
from flows.reconcile_acts import Reconciler
from flows.services import services_of
from muster.settings import load_settings


@flow(name="reconcile", persist_result=False)
def reconcile(workspace: str) -> None:
    """Start everything that is due now, and stay until it has come to its end; the next look does not wait for this."""
    settings = load_settings(Path(workspace))
    act = carrier(settings.engine, settings.work_pool)
    reconciler = Reconciler(services_of(workspace), workspace, act, forecast_hour=settings.forecast_hour)
    with ThreadPoolExecutor(thread_name_prefix="muster-due") as hands:
        ends = [hands.submit(begun) for begun in reconciler.begin()]
    for end in ends:
        end.result()
