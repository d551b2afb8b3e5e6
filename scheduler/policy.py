"""The planner's policy: prices, hours and travel that are the company's choice and not a fact of the campaign.

The order of the aims, and what keeps it:

1. *Machines protected before the deadline, by priority.* Leaving a visit out costs ``unplaced_cents`` per machine of
   priority 5, and ``priority_factor`` times as much for each step up to priority 1. ``build.py`` raises the price
   where one person's dearest day would cost more, so that no visit is ever left out to save money.
2. *Cost*: labour, travel, overtime, partners, in cents.
3. *Slack before the deadline*: ``delay_cents_per_day`` for each day later and machine.
4. *Continuity*: ``continuity_cents`` for a visit that goes to somebody who is not a preferred person.
5. *Few changes*: ``change_person_cents`` and ``change_day_cents`` against the plan before.

Points 3 to 5 are prices in the same currency as cost, and small beside it: they decide between plans that cost nearly
the same. Between 1 and 2 the order is strict; between priorities one machine outweighs ``priority_factor`` machines of
the next priority, not any number of them.
"""

from dataclasses import dataclass, field

from scheduler.travel import SpeedTravel, Travel


@dataclass(frozen=True, slots=True)
class Policy:
    """What the company chooses about plans; all prices in cents, all times in minutes.

    Attributes:
        vehicle_cents_per_hour: on top of the person's rate while travelling.
        partner_fixed_cents: the call-out price of a partner's person, per day.
        break_minutes: a break is due on days longer than ``break_after_minutes``; 0 for none. The default is the
            rule of several European countries: half an hour in more than six hours.
        most_minutes_per_week: nobody works (visits and travel) more in an ISO week; the European limit is 48 hours.
        longest_leg_minutes, longest_travel_minutes: limits on one leg, and on the travel of one day; None for no limit.
    """

    unplaced_cents: int = 200_000
    priority_factor: int = 2
    delay_cents_per_day: int = 5
    continuity_cents: int = 500
    change_person_cents: int = 2_000
    change_day_cents: int = 1_000
    vehicle_cents_per_hour: int = 1_500
    partner_fixed_cents: int = 0
    break_minutes: int = 30
    break_after_minutes: int = 360
    most_minutes_per_week: int = 2_880
    longest_leg_minutes: int | None = None
    longest_travel_minutes: int | None = None
    travel: Travel = field(default_factory=SpeedTravel)

    def unplaced(self, priority: int, hosts: int) -> int:
        """The price of leaving out a visit with so many machines."""
        steps_up = 5 - min(max(priority, 1), 5)
        return self.unplaced_cents * int(self.priority_factor**steps_up) * max(hosts, 1)
