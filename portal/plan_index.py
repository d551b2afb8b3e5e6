"""The assignments of one plan by what people look them up by: a page of one person's need not go through 10,000."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from muster.ids import ClientId, PersonId, VisitId
from muster.plan import Assignment, Plan

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class PlanIndex:
    """Assignments, in the plan's order."""

    by_visit: Mapping[VisitId, tuple[Assignment, ...]]
    by_person: Mapping[PersonId, tuple[Assignment, ...]]
    by_client: Mapping[ClientId, tuple[Assignment, ...]]

    def of_people(self, person_ids: Iterable[PersonId]) -> tuple[Assignment, ...]:
        """What these people do, person by person."""
        return tuple(one for person_id in person_ids for one in self.by_person.get(person_id, ()))

    def at_clients(self, client_ids: Iterable[ClientId]) -> tuple[Assignment, ...]:
        """What is done at these clients, client by client."""
        return tuple(one for client_id in client_ids for one in self.by_client.get(client_id, ()))


def index_of(plan: Plan) -> PlanIndex:
    """The index of a plan."""
    return PlanIndex(
        _by(plan, lambda one: one.visit_id),
        _by(plan, lambda one: one.person_id),
        _by(plan, lambda one: plan.visit[one.visit_id].client_id),
    )


def _by(plan: Plan, key: Callable[[Assignment], K]) -> Mapping[K, tuple[Assignment, ...]]:
    lists: dict[K, list[Assignment]] = defaultdict(list)
    for one in plan.assignments:
        lists[key(one)].append(one)
    return {named: tuple(some) for named, some in lists.items()}
