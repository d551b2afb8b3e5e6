"""What Ansible cannot carry as it is meant is not carried by it at all."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event

import pytest

from muster.fleet import Become, Jump
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, StopSignal
from push.only_plain import OnlyPlain, why_not
from tests.push.orders import an_order


class _Recorder:
    def __init__(self) -> None:
        self.carried: list[str] = []

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        del stop
        for order in orders:
            self.carried.append(str(order.target.host_id))
            now = datetime.now(UTC)
            host, step = order.target.host_id, order.step.name
            yield StepReport(host, step, Ending.DONE, Stage.FINISHED, "", "", 0, "", "", now, now)


def _order(name: str, **changes: object) -> Order:
    order = an_order(name)
    return replace(order, target=replace(order.target, user="fixer", **changes))  # type: ignore[arg-type]


def test_every_order_is_reported_once_and_a_host_behind_a_jump_host_is_not_gone_to() -> None:
    inner = _Recorder()
    orders = [
        _order("behind", jump=(Jump("gate"),)),
        _order("plain"),
        _order("signed", credential="ca:ca?principal=x"),
        _order("last"),
        _order("asks", become=Become.SUDO, become_credential="env:X"),
    ]
    reports = {str(r.host_id): r for r in OnlyPlain(inner, setting=Become.SUDO).execute(orders, stop=Event())}
    assert inner.carried == ["plain", "last"]
    assert {name: report.ending for name, report in reports.items()} == {
        "behind": Ending.UNREACHABLE,
        "plain": Ending.DONE,
        "signed": Ending.FAILED,
        "last": Ending.DONE,
        "asks": Ending.FAILED,
    }
    assert "push_by: ssh" in reports["behind"].hint


@pytest.mark.parametrize(
    ("become", "user", "refused"),
    [
        (Become.SETTING, "fixer", False),
        (Become.SUDO, "fixer", False),
        (Become.DOAS, "fixer", True),
        (Become.NONE, "fixer", True),
        (Become.DOAS, "root", False),
    ],
)
def test_a_host_with_its_own_way_to_root_is_refused(become: Become, user: str, refused: bool) -> None:  # noqa: FBT001
    target = replace(an_order("h").target, become=become, user=user)
    assert bool(why_not(target, Become.SUDO)) is refused
    assert bool(why_not(replace(target, become=Become.SETTING), Become.DOAS)) is (user != "root")


def test_nothing_to_carry_is_no_call() -> None:
    assert list(OnlyPlain(_Recorder(), setting=Become.NONE).execute([], stop=Event())) == []
