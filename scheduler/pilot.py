"""The pilot: the few visits that teach most about how long the rest will take, for the minutes that they cost.

What is not known of the mean of a kind (mode and family) is the same for all its machines, so it grows with their
number: N machines of a kind with the shared deviation s are uncertain by N times s minutes. Having measured n machines
of it, its variance is ``own / (weight + n)``, with the weight of what is known already (``PerHost.weight``). A visit is
worth what it takes away of the variance of all work together; the best is picked, counted as measured, and then the
next.

Limits: visits are picked by what they would teach were they measured; whoever does them must still be free, and a
kind whose first visits surprise everybody teaches more than is reckoned here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from muster.fleet import Fleet, OsFamily
from muster.ids import VisitId
from muster.plan import Visit, VisitMode
from scheduler.estimate import EffortModel

Kind = tuple[VisitMode, OsFamily]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One visit of a pilot.

    Attributes:
        before_minutes, after_minutes: how far all work together may lie from the estimate because the means are not
            known (one standard deviation), before and after this visit.
    """

    visit_id: VisitId
    effort_minutes: int
    hosts: Mapping[Kind, int]
    before_minutes: float
    after_minutes: float


def pilot(visits: Sequence[Visit], fleet: Fleet, model: EffortModel, most: int) -> tuple[Lesson, ...]:
    """At most so many visits, the most telling first; fewer where no visit teaches anything any more."""
    kinds = {visit.id: _kinds(visit, fleet) for visit in visits}
    total: Counter[Kind] = Counter()
    for counted in kinds.values():
        total.update(counted)
    measured: Counter[Kind] = Counter()
    left = {visit.id: visit for visit in visits}
    lessons: list[Lesson] = []
    while left and len(lessons) < most:
        before = _variance(model, total, measured)
        worth = {
            visit_id: (before - _variance(model, total, measured + kinds[visit_id])) / visit.effort_minutes
            for visit_id, visit in left.items()
        }
        best = max(sorted(worth), key=lambda visit_id: worth[visit_id])
        if worth[best] <= 0:
            break
        measured += kinds[best]
        after = _variance(model, total, measured)
        lessons.append(Lesson(best, left.pop(best).effort_minutes, dict(kinds[best]), sqrt(before), sqrt(after)))
    return tuple(lessons)


def _kinds(visit: Visit, fleet: Fleet) -> Counter[Kind]:
    return Counter((visit.mode, fleet.host[host_id].os) for host_id in visit.host_ids)


def _variance(model: EffortModel, total: Mapping[Kind, int], measured: Mapping[Kind, int]) -> float:
    """Of the minutes of all work together, as far as it comes from means that are not known."""
    return sum((count * _shared(model, kind, measured.get(kind, 0))) ** 2 for kind, count in total.items())


def _shared(model: EffortModel, kind: Kind, more: int) -> float:
    """The deviation of a kind's mean after so many more machines of it."""
    known = model.per_host[kind]
    return known.shared_deviation * sqrt(known.weight / (known.weight + more))


def minutes_of(lessons: Iterable[Lesson]) -> int:
    """What a pilot takes."""
    return sum(lesson.effort_minutes for lesson in lessons)
