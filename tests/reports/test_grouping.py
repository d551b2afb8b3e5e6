"""Two hundred hosts read as a few lines: equal results together, failures first, each with what to do next."""

from dataclasses import replace

import pytest

from muster.errors import MusterError
from muster.fleet import Fleet, Host
from muster.ids import HostId, SiteId
from muster.outcomes import HostStatus
from muster.records import HostState
from reports.folding import unfold
from reports.grouping import RANK, WHAT_NEXT, group_hosts
from tests.reports.records import MIXED, Story


def _with_causes(causes: dict[str, str]) -> tuple[list[HostState], Fleet]:
    state = Story([HostStatus.FAILED]).record().hosts[0]
    states = [replace(state, host_id=HostId(id_), cause=cause) for id_, cause in causes.items()]
    hosts = [Host(HostId(id_), SiteId("s0"), id_, f"10.9.0.{n}", port=2200 + n) for n, id_ in enumerate(causes)]
    return states, Fleet(hosts=tuple(hosts))


def test_failures_come_first_and_every_host_is_in_exactly_one_group() -> None:
    record = Story(MIXED).record()
    groups = group_hosts(record.hosts, record.fleet)
    assert [RANK.index(group.status) for group in groups] == sorted(RANK.index(group.status) for group in groups)
    assert groups[0].status is HostStatus.FAILED
    assert sorted(id_ for group in groups for id_ in group.host_ids) == sorted(state.host_id for state in record.hosts)
    assert len(groups) == len(set(MIXED))


def test_a_group_names_its_hosts_folded() -> None:
    record = Story(MIXED).record()
    for group in group_hosts(record.hosts, record.fleet):
        assert unfold(group.names) == list(group.host_ids)


def test_within_a_status_the_biggest_group_is_first() -> None:
    states, fleet = _with_causes({"a1": "small", "b1": "big", "b2": "big", "c1": "another"})
    assert [(group.cause, len(group)) for group in group_hosts(states, fleet)] == [
        ("big", 2),
        ("small", 1),
        ("another", 1),
    ]


def test_what_is_particular_to_a_host_does_not_part_a_group() -> None:
    causes = {
        "web1": "refused: nothing listens on port 2200 of 10.9.0.0; web1 offers SHA256:" + "a" * 43,
        "web2": "refused: nothing listens on port 2201 of 10.9.0.1; web2 offers SHA256:" + "b" * 43,
    }
    (group,) = group_hosts(*_with_causes(causes))
    assert group.cause == "refused: nothing listens on its port of its address; it offers SHA256:…"
    assert group.names == "web[1-2]"


def test_a_cause_that_all_have_is_told_as_it_stands() -> None:
    (group,) = group_hosts(*_with_causes({"web1": "no route to 10.1.1.1", "web2": "no route to 10.1.1.1"}))
    assert group.cause == "no route to 10.1.1.1"


def test_different_causes_stay_apart() -> None:
    groups = group_hosts(*_with_causes({"web1": "disk full", "web2": "no space for 12 files", "web3": "exit code 12"}))
    assert len(groups) == 3


@pytest.mark.parametrize("status", list(HostStatus))
def test_every_status_that_is_not_protected_says_what_to_do_next(status: HostStatus) -> None:
    assert status in RANK
    assert bool(WHAT_NEXT[status]) is not status.protected


def test_a_host_that_only_a_probe_has_seen_is_grouped_by_what_it_found() -> None:
    record = Story([HostStatus.STALE] * 3).record()
    (group,) = group_hosts(record.hosts, record.fleet)
    assert "should be -07:00" in group.cause


def test_errors_of_folding_are_errors_of_ours() -> None:
    with pytest.raises(MusterError):
        unfold("web[1-")
