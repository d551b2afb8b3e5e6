"""Who carries a step: by what it consists of, by the host, and by what the company wants."""

from collections.abc import Iterable, Iterator
from threading import Event

import pytest

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import StepReport
from muster.ports import Order, StopSignal, Target
from muster.steps import Step, StepName
from push.by_content import ByContent
from tests.push.fakes import FakeHosts

BOOK, SCRIPT = Step(StepName.APPLY, "", playbook="a.yml"), Step(StepName.APPLY, "true")


class Carrier:
    """Takes orders, and says whose they were."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.carried: list[str] = []

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        taken = list(orders)
        self.carried += [str(order.target.host_id) for order in taken]
        holds = {order.target.host_id: "old" for order in taken}
        yield from FakeHosts(holds).execute(taken, stop=stop)


def order(name: str, step: Step, transport: TransportName = TransportName.SSH) -> Order:
    return Order(Target(HostId(name), SiteId("s"), transport, "127.0.0.1", 22, "root", "agent:"), step, 10)


ORDERS = (
    order("script", SCRIPT),
    order("both", Step(StepName.APPLY, "true", playbook="a.yml")),
    order("playbook", BOOK),
    order("windows", SCRIPT, TransportName.WINRM),
    order("windows playbook", BOOK, TransportName.WINRM),
)


@pytest.mark.parametrize(
    ("wanted", "by_ansible"),
    [
        ("ssh", ["playbook", "windows playbook"]),
        ("ansible", ["script", "both", "playbook", "windows playbook"]),
    ],
)
def test_each_order_goes_to_who_can_carry_it_and_has_one_report(wanted: str, by_ansible: list[str]) -> None:
    own, ansible = Carrier("own"), Carrier("ansible")
    pusher = ByContent(lambda: own, lambda: ansible, prefer_ansible=wanted == "ansible")
    reports = list(pusher.execute(ORDERS, stop=Event()))
    assert ansible.carried == by_ansible
    assert sorted([*own.carried, *ansible.carried]) == sorted(str(each.target.host_id) for each in ORDERS)
    assert len(reports) == len(ORDERS)


def test_who_is_not_needed_is_never_made() -> None:
    def nobody() -> Carrier:
        raise AssertionError("made for nothing")

    own = Carrier("own")
    assert list(ByContent(lambda: own, nobody).execute([ORDERS[0]], stop=Event()))
    assert list(ByContent(nobody, lambda: own).execute([ORDERS[2]], stop=Event()))
    assert list(ByContent(nobody, nobody).execute([], stop=Event())) == []
