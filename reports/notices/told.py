"""What clients were told already: read from the notes of notices in the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from muster.ids import CampaignId, PersonId, VisitId
from muster.plan import Assignment, Plan
from muster.ports import Ledger
from muster.records import Event
from reports.notes import events_of, text_of

WRITTEN, WAIVED = "notice written", "notice waived"


class Occasion(StrEnum):
    """When a client is written to."""

    DISPATCHED = "dispatched"
    MOVED = "moved"
    CALLED_OFF = "called-off"
    DAY_BEFORE = "day-before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a client was told of a visit: when, and who comes."""

    starts_at: datetime
    ends_at: datetime
    person_id: PersonId

    def keeps(self, assignment: Assignment) -> bool:
        """Whether what is planned is what was promised."""
        return self == promise_of(assignment)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody decided that a visit goes without its notice."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Told:
    """What was told.

    Attributes:
        promises: by visit, the newest.
        times: how often each visit was announced, moved or called off; the sequence number of its calendar entry.
        said: occasions per visit, with the promise's start, so that nothing is said twice.
        at: when the newest promise was made.
    """

    promises: Mapping[VisitId, Promise] = field(default_factory=lambda: MappingProxyType({}))
    times: Mapping[VisitId, int] = field(default_factory=lambda: MappingProxyType({}))
    said: frozenset[tuple[VisitId, Occasion, datetime]] = frozenset()
    waived: Mapping[VisitId, Waiver] = field(default_factory=lambda: MappingProxyType({}))
    at: Mapping[VisitId, datetime] = field(default_factory=lambda: MappingProxyType({}))

    def announced(self, plan: Plan) -> tuple[VisitId, ...]:
        """Visits of a plan whose client knows when they are and who comes."""
        keeping = (one for one in leads(plan) if (known := self.promises.get(one.visit_id)) and known.keeps(one))
        return tuple(one.visit_id for one in keeping)


def leads(plan: Plan) -> tuple[Assignment, ...]:
    """One assignment for each visit, in order of time: where several people come, the first by id stands for all."""
    first = {one.visit_id: one for one in sorted(plan.assignments, key=lambda one: one.person_id, reverse=True)}
    return tuple(sorted(first.values(), key=lambda one: (one.starts_at, one.visit_id)))


def promise_of(assignment: Assignment) -> Promise:
    """What a client is told of an assignment."""
    return Promise(assignment.starts_at, assignment.ends_at, assignment.person_id)


def read_told(ledger: Ledger, campaign_id: CampaignId) -> Told:
    """Everything that the clients of a campaign were told."""
    return told_by(events_of(ledger, campaign_id, kinds=(WRITTEN, WAIVED)))


def told_by(events: Iterable[Event]) -> Told:
    """The same from events, oldest first."""
    promises: dict[VisitId, Promise] = {}
    times: dict[VisitId, int] = {}
    said: set[tuple[VisitId, Occasion, datetime]] = set()
    waived: dict[VisitId, Waiver] = {}
    at: dict[VisitId, datetime] = {}
    for event in events:
        if event.kind == WAIVED:
            waived[VisitId(text_of(event, "visit"))] = Waiver(event.by, text_of(event, "reason"), event.at)
            continue
        occasion = Occasion(text_of(event, "occasion"))
        for visit_id, promise in promises_in(event):
            said.add((visit_id, occasion, promise.starts_at))
            if occasion is Occasion.CALLED_OFF:
                promises.pop(visit_id, None)
            elif occasion in {Occasion.DISPATCHED, Occasion.MOVED}:
                promises[visit_id] = promise
                at[visit_id] = event.at
            else:
                continue
            times[visit_id] = times.get(visit_id, 0) + 1
    return Told(promises, times, frozenset(said), waived, at)


def promises_in(event: Event) -> list[tuple[VisitId, Promise]]:
    """The visits that a written notice names, with what it says of them."""
    found = event.data.get("visits")
    rows = found if isinstance(found, list) else []
    return [
        (
            VisitId(str(row["visit"])),
            Promise(
                datetime.fromisoformat(str(row["starts_at"])),
                datetime.fromisoformat(str(row["ends_at"])),
                PersonId(str(row["person"])),
            ),
        )
        for row in rows
        if isinstance(row, dict)
    ]
