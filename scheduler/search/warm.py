"""Compile everything once, so that nobody's plan has to wait for it: ``python -m scheduler.search`` does just that."""

import fcntl
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from multiprocessing.process import BaseProcess

from muster.fleet import Place
from muster.ids import CampaignId, ClientId, PersonId, SiteId, VisitId
from muster.plan import Visit, VisitMode
from scheduler.problem import Cap, Demand, Person, PersonDay, Problem, Rest, Span
from scheduler.search.compiled import FOLDER, is_warm, note_warm
from scheduler.search.proving import prove
from scheduler.search.run import first, search
from scheduler.search.wide import prove_wide
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from scheduler.travel import SpeedTravel, Spot

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)


def warm_up() -> None:
    """Run every compiled function once; two to four minutes of one core the first time, a second afterwards.

    Of several processes that are to compile, such as the workers of a test run, one does and the others wait for it:
    each by itself would compile the same, and on few cores all of them would take many minutes.
    """
    if is_warm():
        _run_everything()
        return
    with _one_at_a_time():
        _run_everything()
        note_warm()


def _run_everything() -> None:
    touring = Touring(_small())
    state = search(touring, first(touring, 0), MaxIterations(50), 0, threads=1)
    prove(touring, [state.solution()], 0.0)
    prove_wide(touring, state, 60.0, lambda: False, 1)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold the lock of the folder of machine code; the system gives it free when a process ends, however it ends."""
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        file = (FOLDER / "compiling").open("w")
    except OSError:  # nothing can be kept there, so nothing would be gained by waiting
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def warming() -> BaseProcess | None:
    """Another process that compiles, where that is still to be done; compiling would hold Python's lock in this one.

    None also where this process must not have children.
    """
    if is_warm() or multiprocessing.current_process().daemon:
        return None
    process = multiprocessing.get_context("spawn").Process(target=_warm_up_kindly, name="muster-compile", daemon=True)
    process.start()
    return process


def _warm_up_kindly() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the plan; what was compiled so far is kept anyway
    os.nice(5)
    warm_up()


def _small() -> Problem:
    """Four visits and two days with everything in them that compiled code knows."""
    spots = tuple(Spot(f"spot:{n}", Place(50.0, 8.0 + n / 10)) for n in range(4))
    person = Person(id=PersonId("one"), name="One", skills=frozenset())
    days = tuple(
        PersonDay(
            person=0,
            day=date(2026, 1, 5 + n),
            ordinal=n,
            starts=n * 1440 + 480,
            ends=n * 1440 + 960,
            start_spot=0,
            end_spot=0,
            overtime_minutes=60,
            blocked=(Span(n * 1440 + 600, n * 1440 + 630),),
            rest=Rest(30, n * 1440 + 660, n * 1440 + 800),
            max_leg_minutes=90,
        )
        for n in range(2)
    )
    return Problem(
        campaign_id=CampaignId("warm-up"),
        epoch=EPOCH,
        deadline=3000,
        demands=tuple(_demand(n) for n in range(4)),
        people=(person,),
        days=days,
        spots=spots,
        travel=SpeedTravel(),
        caps=(Cap("both", (0, 1), 900, counts_travel=True),),
        created_at=EPOCH,
    )


def _demand(number: int) -> Demand:
    visit = Visit(
        id=VisitId(f"V-{number}"),
        client_id=ClientId("C"),
        site_id=SiteId("S"),
        mode=VisitMode.ONSITE,
        host_ids=(),
        effort_minutes=60,
        skills=frozenset(),
        priority=3,
        earliest=EPOCH,
        latest=datetime(2026, 2, 1, tzinfo=UTC),
    )
    return Demand(visit, number % 4, (Span(480, 1020), Span(1920, 2460)), unplaced_cents=100_000, delay_cents_per_day=5)
