from collections.abc import Sequence
from threading import Event

import pytest

from muster.ids import HostId
from push.chase import Chase


def test_everything_that_was_added_is_handled_before_it_is_left() -> None:
    seen: list[HostId] = []
    with Chase(seen.extend) as chase:
        for number in range(100):
            chase.add(HostId(str(number)))
    assert seen == [HostId(str(number)) for number in range(100)]


def test_hosts_that_were_added_meanwhile_are_handled_in_one_go() -> None:
    groups: list[int] = []
    first, more = Event(), Event()

    def handle(hosts: Sequence[HostId]) -> None:
        groups.append(len(hosts))
        first.set()
        assert more.wait(5)

    with Chase(handle) as chase:
        chase.add(HostId("1"))
        assert first.wait(5)
        for number in range(7):
            chase.add(HostId(str(number)))
        more.set()
    assert groups == [1, 7]


def test_what_the_handler_raises_is_raised_on_leaving() -> None:
    def handle(_: Sequence[HostId]) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), Chase(handle) as chase:
        chase.add(HostId("1"))
