from collections.abc import Sequence
from threading import Event
from time import sleep

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


def test_a_group_that_hangs_is_overtaken_by_those_that_come_after_it() -> None:
    seen: list[str] = []
    begun, others_are_done = Event(), Event()

    def handle(hosts: Sequence[HostId]) -> None:
        if "hangs" in hosts:
            begun.set()
            assert others_are_done.wait(20), "nobody was handled beside the host that hangs"
        seen.extend(hosts)
        if {"2", "3"} <= set(seen):
            others_are_done.set()

    with Chase(handle, patience_s=0.05) as chase:
        chase.add(HostId("hangs"))
        assert begun.wait(5)
        chase.add(HostId("2"))
        chase.add(HostId("3"))
    assert seen[-1] == "hangs"


def test_after_an_error_nothing_more_is_begun() -> None:
    seen: list[HostId] = []

    def handle(hosts: Sequence[HostId]) -> None:
        seen.extend(hosts)
        raise ValueError("no")

    def one_after_the_other() -> None:
        with Chase(handle) as chase:
            chase.add(HostId("1"))
            while not seen:
                sleep(0.01)
            sleep(0.05)
            chase.add(HostId("2"))

    with pytest.raises(ValueError, match="no"):
        one_after_the_other()
    assert seen == ["1"]
