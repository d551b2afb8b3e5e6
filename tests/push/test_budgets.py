"""Error budgets: what counts, against whom, and when it is too much."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from muster.crew import Crew, Engineer, Partner
from muster.fleet import Client, Fleet, Host, Site
from muster.ids import ClientId, HostId, PartnerId, PersonId, SiteId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState
from muster.safety import Budget, BudgetPolicy
from push.budgets import breaches, spent

NOON = datetime(2026, 10, 19, 12, tzinfo=UTC)
FLEET = Fleet(
    (Client(ClientId("acme"), "Acme"), Client(ClientId("other"), "Other")),
    (Site(SiteId("a"), ClientId("acme"), "A", "UTC"), Site(SiteId("o"), ClientId("other"), "O", "UTC")),
    tuple(
        Host(
            HostId(f"h{number:02}"),
            SiteId("a" if number < 10 else "o"),
            f"h{number}",
            "10.0.0.1",
            os_version="Debian 12" if number % 2 else "Debian 11",
        )
        for number in range(20)
    ),
)
CREW = Crew(
    (
        Engineer(PersonId("kim"), "Kim", "UTC", ()),
        Engineer(PersonId("pat"), "Pat", "UTC", (), partner_id=PartnerId("nw")),
    ),
    (Partner(PartnerId("nw"), "Northwest IT"),),
)


def state(number: int, status: HostStatus, stage: Stage = Stage.FINISHED, *, person: str = "kim") -> HostState:
    who = PersonId(person)
    return HostState(HostId(f"h{number:02}"), status, stage, "", "", 1, 0, 1, None, who, None, None, None, NOON)


def standing(lost: int, verified: int) -> list[HostState]:
    return [
        state(number, HostStatus.FAILED if number < lost else HostStatus.VERIFIED) for number in range(lost + verified)
    ]


def over(policy: BudgetPolicy, states: list[HostState], since: datetime | None = None) -> tuple[str, ...]:
    return breaches(spent(policy, FLEET, CREW, states, since=since))


def test_as_many_lost_hosts_as_the_budget_allows_are_no_breach_and_one_more_is() -> None:
    policy = BudgetPolicy(campaign=Budget(lost_hosts=2))
    assert over(policy, standing(2, 8)) == ()
    (sentence,) = over(policy, standing(3, 7))
    assert sentence == "the error budget of the campaign is spent: 3 of 10 lost, 2 may be (h00, h01, h02)"


def test_a_share_counts_once_enough_hosts_were_touched() -> None:
    policy = BudgetPolicy(campaign=Budget(lost_share=0.1, after_hosts=10))
    assert over(policy, standing(5, 4)) == (), "nine hosts say little"
    assert over(policy, standing(1, 9)) == (), "one of ten is a tenth"
    assert over(policy, standing(2, 8))


def test_only_hosts_that_were_touched_count() -> None:
    policy = BudgetPolicy(campaign=Budget(lost_hosts=0))
    entered = [state(1, HostStatus.FAILED, Stage.AUTHENTICATE), state(2, HostStatus.UNREACHABLE, Stage.CONNECT)]
    assert over(policy, entered) == ()
    assert over(policy, [replace(state(3, HostStatus.FAILED), attempts=0)]) == (), "a probe alone loses nothing"
    assert over(policy, [state(4, HostStatus.UNKNOWN, Stage.COMMAND)])


@pytest.mark.parametrize(
    ("policy", "whose"),
    [
        (BudgetPolicy(per_client=Budget(lost_hosts=1)), "client Acme"),
        (BudgetPolicy(per_os_version=Budget(lost_hosts=1)), "OS version linux Debian 12"),
        (BudgetPolicy(per_partner=Budget(lost_hosts=1)), "partner Northwest IT"),
    ],
)
def test_each_client_version_and_partner_has_a_budget_of_its_own(policy: BudgetPolicy, whose: str) -> None:
    spread = [state(1, HostStatus.FAILED, person="pat"), state(12, HostStatus.FAILED)]
    assert over(policy, spread) == ()
    (sentence,) = over(policy, [*spread, state(3, HostStatus.FAILED, person="pat")])
    assert whose in sentence


def test_what_was_lost_before_a_person_let_it_go_on_counts_no_more() -> None:
    policy = BudgetPolicy(campaign=Budget(lost_hosts=1))
    before = standing(2, 5)
    assert over(policy, before, since=NOON) == ()
    after = replace(state(19, HostStatus.FAILED), changed_at=NOON + timedelta(seconds=1))
    assert over(policy, [*before, after], since=NOON) == ()
    assert over(policy, [*before, after, replace(after, host_id=HostId("h18"))], since=NOON)


def test_without_limits_nothing_is_counted() -> None:
    assert spent(BudgetPolicy(), FLEET, CREW, standing(20, 0), since=None) == ()
