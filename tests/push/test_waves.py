from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.campaign import WavePolicy
from muster.fleet import Host, OsFamily
from muster.ids import HostId, SiteId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState, WaveRow, WaveState
from push.waves import forecast, judge_wave, kind_of, next_wave

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
    while chosen := next_wave(policy, left, waves):
        waves.append(WaveRow(len(waves) + 1, WaveState.PASSED, chosen, NOON, NOON, ""))
        seen += chosen
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
