"""The planner's policy: prices, hours and travel that are the company's choice and not a fact of the campaign.

The order of the aims, and what keeps it:

1. *Machines protected before the deadline, by priority.* Leaving a visit out costs ``unplaced_cents`` per machine of
   priority 5, and ``priority_factor`` times as much for each step up to priority 1. ``build.py`` raises the price
   where one person's dearest day would cost more, so that no visit is ever left out to save money. What a client says
   that a machine is worth (``Client.value_cents_per_host``) comes on top.
2. *Cost*: labour, travel, overtime, partners, in cents.
3. *Slack before the deadline*: ``delay_cents_per_day`` for each day later and machine.
4. *Continuity*: ``continuity_cents`` for a visit that goes to somebody who is not a preferred person.
5. *Fairness*: no price of the objective, but a last step (``scheduler/fairness.py``) that hands work from who has much
   to who has little, where an hour so moved costs no more than ``fairness_cents_per_hour``.
6. *Few changes*: ``change_person_cents`` and ``change_day_cents`` against the plan before.

Points 3, 4 and 6 are prices in the same currency as cost, and small beside it: they decide between plans that cost
nearly the same. Between 1 and 2 the order is strict; between priorities one machine outweighs ``priority_factor``
machines of the next priority, not any number of them.
"""

from dataclasses import dataclass, field, fields

from muster.campaign import PlanningPolicy
from scheduler.travel import SpeedTravel, Travel


@dataclass(frozen=True)
class Policy(PlanningPolicy):
    """What the company chooses about plans, and how long ways take."""

    travel: Travel = field(default_factory=SpeedTravel)

    @classmethod
    def of(cls, planning: PlanningPolicy, travel: Travel | None = None) -> "Policy":
        """A campaign's own choices, with the travel that its workspace knows."""
        chosen = {one.name: getattr(planning, one.name) for one in fields(PlanningPolicy)}
        return cls(**chosen, travel=travel or SpeedTravel())

    def unplaced(self, priority: int, hosts: int) -> int:
        """The price of leaving out a visit with so many machines."""
        steps_up = 5 - min(max(priority, 1), 5)
        return self.unplaced_cents * int(self.priority_factor**steps_up) * max(hosts, 1)
