import socket

import pytest

from muster.errors import Unreachable
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending
from muster.ports import Order, Target
from muster.steps import Step, StepName
from push.by_transport import ByTransport
from push.pool import Limits, PoolPusher
from push.transport import Door, Guard, RawResult, Transport


class Named:
    """A fake transport that answers with its name, and counts how often it was made."""

    made: list[str]

    def __init__(self, name: str) -> None:
        self.name = name

    def door(self, target: Target) -> Door | None:
        del target
        return None

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        del order, guard, connection
        return RawResult(0, f"note\tby {self.name}\ndone\tprobe\n", "")


class Never:
    def is_set(self) -> bool:
        return False


def order(number: int, transport: TransportName) -> Order:
    target = Target(HostId(f"h{number}"), SiteId("s"), transport, "127.0.0.1", 0, "root", "agent:")
    return Order(target, Step(StepName.PROBE, ""), 10.0)


def test_each_target_goes_over_its_own_transport_and_each_transport_is_made_once() -> None:
    made: list[str] = []

    def maker(name: str) -> Transport:
        made.append(name)
        return Named(name)

    both = ByTransport({TransportName.SSH: lambda: maker("ssh"), TransportName.WINRM: lambda: maker("winrm")})
    orders = [order(n, TransportName.WINRM if n % 3 == 0 else TransportName.SSH) for n in range(30)]
    reports = list(PoolPusher(both, Limits(threads=4)).execute(orders, stop=Never()))
    said = {report.host_id: report.stdout.split("\n")[0] for report in reports}
    assert said == {one.target.host_id: f"note\tby {one.target.transport.value}" for one in orders}
    assert all(report.ending is Ending.DONE for report in reports)
    assert sorted(made) == ["ssh", "winrm"]


def test_a_transport_that_nobody_needs_is_never_made() -> None:
    def refuse() -> Transport:
        raise AssertionError("made without need")

    only = ByTransport({TransportName.SSH: lambda: Named("ssh"), TransportName.WINRM: refuse})
    (report,) = PoolPusher(only, Limits(threads=1)).execute([order(1, TransportName.SSH)], stop=Never())
    assert report.ending is Ending.DONE


def test_a_host_that_only_a_person_can_reach_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        ByTransport({}).door(order(1, TransportName.NONE).target)
