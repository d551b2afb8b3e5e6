"""A plan is dispatched while a push goes on: what its hosts do meanwhile stops it only where it must."""

from collections.abc import Callable, Sequence

import pytest

from flows import planning
from flows.meanwhile import needs_of, still_holds
from flows.planning import dispatch_plan, make_plan
from flows.services import Services
from muster.errors import Conflict, DispatchRejected
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.records import HostState
from muster.wiring import Wired
from tests.flows.changing.bound import answer, binding
from tests.flows.changing.conftest import Within
from tests.muster.worlds import SPRING


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something happen right after a plan was judged, once."""

    def set_up(happens: Callable[[], None]) -> None:
        judge = planning._fallen

        def judged(services: Services, plan: Plan, states: Sequence[HostState]) -> tuple[str, ...]:
            fallen = judge(services, plan, states)
            monkeypatch.setattr(planning, "_fallen", judge)
            happens()
            return fallen

        monkeypatch.setattr(planning, "_fallen", judged)

    return set_up


def proposed(services: Wired) -> tuple[Plan, list[HostId]]:
    """A plan, and the hosts of its first visit."""
    plan = make_plan(services, SPRING, seconds=0.2, seed=9)
    return plan, list(plan.visits[0].host_ids)


def test_hosts_that_are_mended_meanwhile_do_not_stop_it(
    within: Within, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    services = within()
    plan, hosts = proposed(services)
    assert len(hosts) > 1
    meanwhile(lambda: answer(services, hosts[1:], HostStatus.RIGHT))
    dispatch_plan(services, plan.id, by="mia")
    assert binding(services).id == plan.id


def test_a_visit_that_nobody_needs_any_more_stops_it_and_is_named_next_time(
    within: Within, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    services = within()
    before, (plan, hosts) = binding(services), proposed(services)
    meanwhile(lambda: answer(services, hosts, HostStatus.RIGHT))
    with pytest.raises(Conflict, match="not as it was"):
        dispatch_plan(services, plan.id, by="mia")
    assert binding(services).id == before.id
    with pytest.raises(DispatchRejected) as told:
        dispatch_plan(services, plan.id, by="mia")
    assert f"{plan.visits[0].id}: nothing is left to do there" in told.value.reasons


def test_a_stop_meanwhile_stops_it_whatever_its_hosts_did(
    within: Within, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    services = within()
    before, (plan, hosts) = binding(services), proposed(services)

    def happens() -> None:
        answer(services, hosts[1:], HostStatus.RIGHT)
        services.ledger.stop(SPRING, by="mia", reason="smoke")

    meanwhile(happens)
    with pytest.raises(Conflict, match="stopped"):
        dispatch_plan(services, plan.id, by="mia")
    assert binding(services).id == before.id


def test_a_host_that_needs_its_visit_again_has_the_plan_judged_anew(within: Within) -> None:
    services = within()
    plan, hosts = proposed(services)
    fleet, needs = services.ledger.fleet(), needs_of(services.ledger.fleet(), services.ledger.hosts(SPRING))
    answer(services, hosts[:1], HostStatus.RIGHT)
    fewer = needs_of(fleet, services.ledger.hosts(SPRING))
    assert hosts[0] not in fewer
    assert still_holds(plan, needs, fewer)
    assert not still_holds(plan, fewer, needs)
