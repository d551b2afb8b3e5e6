from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from muster.campaign import WavePolicy
from muster.fleet import Host, OsFamily
from muster.ids import HostId, SiteId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState, WaveRow, WaveState
from push.waves import Kind, forecast, judge_wave, kind_of, next_wave, ready_at

NOON = datetime(2026, 10, 19, 12, tzinfo=UTC)


def host(number: int, *, version: str = "12", role: str = "server", os: OsFamily = OsFamily.LINUX) -> Host:
    return Host(HostId(f"h{number}"), SiteId("s"), f"h{number}", "10.0.0.1", os=os, os_version=version, role=role)


def wave(number: int, size: int) -> WaveRow:
    ids = tuple(HostId(f"w{number}-{n}") for n in range(size))
    return WaveRow(number, WaveState.PASSED, ids, NOON, NOON, "")


def state(number: int, status: HostStatus, stage: Stage = Stage.FINISHED) -> HostState:
    return HostState(HostId(f"h{number}"), status, stage, "", "", 1, 0, 1, None, None, None, None, None, NOON)


def states(**counts: int) -> list[HostState]:
    statuses = [HostStatus[name] for name, number in counts.items() for _ in range(number)]
    return [state(number, status) for number, status in enumerate(statuses)]


def test_the_canary_takes_one_host_of_every_kind() -> None:
    hosts = [host(1), host(2), host(3, role="kiosk"), host(4, version="11"), host(5, os=OsFamily.WINDOWS), host(6)]
    assert next_wave(WavePolicy(), hosts, []) == ("h1", "h3", "h4", "h5")


def test_the_canary_takes_more_of_a_kind_when_the_policy_says_so() -> None:
    assert next_wave(WavePolicy(canary_per_kind=2), [host(1), host(2), host(3)], []) == ("h1", "h2")


def test_a_later_wave_grows_by_the_factor_from_the_one_before() -> None:
    hosts = [host(number) for number in range(50)]
    assert len(next_wave(WavePolicy(growth_factor=2.5), hosts, [wave(1, 3)])) == 8


def test_no_wave_is_larger_than_the_policy_allows() -> None:
    hosts = [host(number) for number in range(50)]
    assert len(next_wave(WavePolicy(max_wave_hosts=10), hosts, [wave(1, 40)])) == 10


def test_nobody_left_means_no_wave() -> None:
    assert next_wave(WavePolicy(), [], [wave(1, 4)]) == ()
    assert forecast(WavePolicy(), []) == ()


@example(["server", "kiosk", "till", "till"], 2.0, 2)  # the canary's wave is full before every kind has one
@given(
    st.lists(st.sampled_from(["server", "kiosk", "till", "desk"]), min_size=1, max_size=200),
    st.floats(1, 4),
    st.integers(1, 60),
)
def test_the_forecast_is_what_happens_when_all_goes_well(roles: Sequence[str], growth: float, most: int) -> None:
    policy = WavePolicy(growth_factor=growth, max_wave_hosts=most)
    left = [host(number, role=role) for number, role in enumerate(roles)]
    waves: list[WaveRow] = []
    seen: list[HostId] = []
    pushed = set[Kind]()
    while chosen := next_wave(policy, left, waves, seen=pushed):
        waves.append(WaveRow(len(waves) + 1, WaveState.PASSED, chosen, NOON, NOON, ""))
        seen += chosen
        pushed |= {kind_of(one) for one in left if one.id in chosen}
        left = [one for one in left if one.id not in chosen]
    assert tuple(len(one.host_ids) for one in waves) == tuple(
        len(wave) for wave in forecast(policy, [host(n, role=r) for n, r in enumerate(roles)])
    )
    assert sorted(seen) == sorted(f"h{number}" for number in range(len(roles)))
    kinds = {kind_of(host(number, role=role)) for number, role in enumerate(roles)}
    canary = [kind_of(host(0, role=roles[int(name[1:])])) for name in waves[0].host_ids]
    assert len(canary) == min(len(kinds), most)
    assert set(canary) <= kinds
    assert len(set(canary)) == len(canary)


@pytest.mark.parametrize(
    ("standing", "passes"),
    [
        ({"VERIFIED": 9, "FAILED": 1}, True),
        ({"VERIFIED": 8, "FAILED": 2}, False),
        ({"VERIFIED": 8, "UNKNOWN": 2}, False),
        ({"VERIFIED": 1, "UNREACHABLE": 9}, True),
        ({"VERIFIED": 1, "UNTRUSTED": 9}, True),
        ({"FAILED": 1}, False),
        ({}, True),
    ],
)
def test_only_hosts_that_were_touched_and_lost_count_against_a_wave(standing: dict[str, int], passes: bool) -> None:  # noqa: FBT001
    assert judge_wave(WavePolicy(), states(**standing)).passed is passes


def test_a_tolerated_failure_lets_a_small_wave_pass() -> None:
    small = states(VERIFIED=2, FAILED=1)
    assert not judge_wave(WavePolicy(), small).passed
    assert judge_wave(WavePolicy(tolerated_failures=1), small).passed


def test_the_verdict_counts_149_of_150_as_149_of_150() -> None:
    verdict = judge_wave(WavePolicy(), states(VERIFIED=149, FAILED=1, UNREACHABLE=2))
    assert verdict.sentence == "149 of 150 verified, 2 not touched"


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.BANNER, Stage.HOST_KEY, Stage.AUTHENTICATE])
def test_a_host_that_could_not_be_entered_says_nothing_about_the_fix(stage: Stage) -> None:
    standing = [*states(VERIFIED=2), state(7, HostStatus.UNKNOWN, stage), state(8, HostStatus.FAILED, stage)]
    assert judge_wave(WavePolicy(), standing).passed


def test_the_canary_takes_a_host_of_every_sort_of_site() -> None:
    hosts = [replace(host(number), site_id=SiteId(f"s{number % 3}")) for number in range(6)]
    sites = {SiteId("s0"): "clinic", SiteId("s1"): "branch", SiteId("s2"): "clinic"}
    assert next_wave(WavePolicy(), hosts, [], sites=sites) == ("h0", "h1")


def test_a_kind_that_comes_later_has_a_canary_of_its_own() -> None:
    hosts = [*(host(number, role="till") for number in range(3)), *(host(number) for number in range(3, 9))]
    seen = {kind_of(host(0))}
    assert next_wave(WavePolicy(), hosts, [wave(1, 3)], seen=seen) == ("h0", "h3", "h4", "h5", "h6", "h7")


def test_a_small_wave_in_between_does_not_make_the_ramp_begin_anew() -> None:
    hosts = [host(number) for number in range(50)]
    assert len(next_wave(WavePolicy(), hosts, [wave(1, 3), wave(2, 6), wave(3, 1)])) == 12


def test_after_a_wave_that_halted_the_ramp_begins_anew() -> None:
    hosts = [host(number) for number in range(50)]
    halted = replace(wave(3, 12), state=WaveState.HALTED)
    assert len(next_wave(WavePolicy(), hosts, [wave(1, 3), wave(2, 6), halted])) == 3
    assert len(next_wave(WavePolicy(), hosts, [wave(1, 3), wave(2, 6), halted, wave(4, 3)])) == 6


def test_too_few_verified_hosts_hold_the_next_wave_back() -> None:
    policy = WavePolicy(min_verified_hosts=3)
    nobody_there = [state(1, HostStatus.UNREACHABLE, Stage.CONNECT), state(2, HostStatus.VERIFIED)]
    verdict = judge_wave(policy, nobody_there, so_far=nobody_there)
    assert not verdict.passed
    assert verdict.sentence == "1 of 1 verified, 1 not touched; 1 verified in all waves so far, 2 are needed"
    assert judge_wave(policy, nobody_there, so_far=[*nobody_there, *states(VERIFIED=2)]).passed
    assert judge_wave(policy, states(VERIFIED=2)).passed, "there were no more than two"


def test_the_next_wave_waits_until_the_last_was_watched() -> None:
    policy = WavePolicy(soak_seconds=60)
    assert ready_at(policy, []) == 0
    assert ready_at(policy, [wave(1, 1)]) == NOON.timestamp() + 60
    assert ready_at(policy, [replace(wave(1, 1), state=WaveState.HALTED)]) == 0


def test_a_wave_that_is_open_is_told_first_with_those_who_are_left() -> None:
    begun = WaveRow(1, WaveState.OPEN, (HostId("h0"), HostId("h1"), HostId("h2")), NOON, None, "")
    left = [host(number) for number in range(1, 9)]
    sizes = [len(one) for one in forecast(WavePolicy(), left, [begun], seen={kind_of(host(0))})]
    assert sizes == [2, 6]
