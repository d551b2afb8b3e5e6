"""Estimates begin at the prior, move to what is measured, and are monotone in the percentile."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.campaign import EffortPolicy
from muster.fleet import OsFamily
from muster.plan import VisitMode
from scheduler.estimate import Effort, FinishedVisit, Observation, effort_model, learn
from scheduler.kinds import HostKind

POLICY = EffortPolicy(remote_minutes_per_host=3.0, onsite_minutes_per_host=20.0, setup_minutes=10.0)
LINUX = {OsFamily.LINUX: 10}


def test_with_nothing_measured_the_mean_is_the_campaigns_guess() -> None:
    model = effort_model(POLICY)
    assert model.visit(VisitMode.REMOTE, LINUX).mean == pytest.approx(10 + 10 * 3)
    assert model.visit(VisitMode.ONSITE, {OsFamily.WINDOWS: 2}).mean == pytest.approx(10 + 2 * 20)


def test_many_measurements_outweigh_the_guess() -> None:
    random = Random(3)  # noqa: S311 - a test
    measured = [random.lognormvariate(math.log(8), 0.3) for _ in range(2000)]
    kind = learn(3.0, measured)
    assert kind.mean == pytest.approx(sum(measured) / len(measured), rel=0.02)
    assert kind.shared_deviation < 0.02 * kind.mean


def test_a_few_measurements_move_the_guess_part_of_the_way() -> None:
    assert 3.0 < learn(3.0, [9.0, 9.5, 8.5]).mean < 9.0


def test_what_is_measured_of_one_kind_says_much_of_its_like_and_little_of_the_rest() -> None:
    measured = [Observation(VisitMode.REMOTE, 6.0, OsFamily.WINDOWS, "server", "windows 2019")] * 5
    model = effort_model(POLICY, measured)
    servers, newer, clients, linux = (
        model.of(VisitMode.REMOTE, kind).mean
        for kind in (
            HostKind(OsFamily.WINDOWS, "server", "windows 2019"),
            HostKind(OsFamily.WINDOWS, "server", "windows 2022"),
            HostKind(OsFamily.WINDOWS, "desktop", "windows 11"),
            HostKind(OsFamily.LINUX, "server", "debian 12"),
        )
    )
    assert 6.0 > servers > newer > clients > linux > 3.0
    assert linux < 3.5
    assert model.of(VisitMode.ONSITE, HostKind(OsFamily.WINDOWS, "server")).mean == pytest.approx(20)


def test_one_host_that_took_all_day_moves_the_estimate_no_more_than_one_that_was_slow() -> None:
    usual = [7.0, 8.0, 9.0] * 7
    assert learn(8.0, [*usual, 3000.0]).mean == pytest.approx(learn(8.0, [*usual, 60.0]).mean, rel=0.01)
    assert learn(8.0, [*usual, 3000.0]).mean < 1.25 * learn(8.0, usual).mean


def test_a_guess_that_is_wrong_tenfold_is_given_up_soon() -> None:
    assert learn(3.0, [30.0, 25.0, 35.0] * 5).one.at(0.5) == pytest.approx(30, rel=0.2)


def test_finished_visits_tell_setup_from_hosts_where_their_sizes_differ() -> None:
    kind = HostKind(OsFamily.WINDOWS, "server")
    done = [FinishedVisit(VisitMode.ONSITE, 45.0 + 12.0 * hosts, {kind: hosts}) for hosts in (1, 2, 3, 5, 8, 12)] * 10
    model = effort_model(POLICY, visits=done)
    assert 30 < model.setup[VisitMode.ONSITE].mean < 50
    assert model.of(VisitMode.ONSITE, kind).mean == pytest.approx(12, rel=0.25)
    for hosts in (2, 5, 12):
        assert model.visit(VisitMode.ONSITE, {kind: hosts}).mean == pytest.approx(45 + 12 * hosts, rel=0.15)
    assert model.setup[VisitMode.REMOTE].mean == 10


def test_where_people_have_finished_visits_the_machines_minutes_do_not_count() -> None:
    kind = HostKind(OsFamily.LINUX)
    pushes = [Observation(VisitMode.REMOTE, 0.1, OsFamily.LINUX)] * 50
    visits = [FinishedVisit(VisitMode.REMOTE, 40.0, {kind: 10})] * 5
    assert effort_model(POLICY, pushes, visits) == effort_model(POLICY, (), visits)


def test_large_visits_are_surer_but_never_surer_than_what_is_known() -> None:
    model = effort_model(POLICY)
    spread = [
        model.visit(VisitMode.ONSITE, {OsFamily.LINUX: n}).deviation
        / model.visit(VisitMode.ONSITE, {OsFamily.LINUX: n}).mean
        for n in (1, 10, 1000, 100_000)
    ]
    assert spread == sorted(spread, reverse=True)
    kind = model.per_host[VisitMode.ONSITE, OsFamily.LINUX]
    assert spread[-1] == pytest.approx(kind.shared_deviation / kind.mean, rel=0.01)


def test_the_percentile_covers_its_share_of_what_really_happens() -> None:
    """Visits drawn from the model's own assumptions take at most the 80 % minutes in about 80 % of cases."""
    random = Random(7)  # noqa: S311 - a test
    model = effort_model(POLICY)
    limit = model.visit(VisitMode.ONSITE, {OsFamily.LINUX: 5}).at(0.8)
    within, spread = 0, 0.6
    centre = math.log(20) - spread**2 * (1 + 1 / 5) / 2
    for _ in range(4000):
        mean = random.normalvariate(centre, spread / math.sqrt(5))
        total = random.normalvariate(10, 3) + sum(random.lognormvariate(mean, spread) for _ in range(5))
        within += total <= limit
    assert 0.76 < within / 4000 < 0.84


@given(
    st.floats(0.5, 200),
    st.lists(st.floats(0.0, 500), max_size=8),
    st.integers(1, 50),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
)
def test_a_higher_percentile_never_needs_less(
    prior: float, measured: list[float], hosts: int, one: float, other: float
) -> None:
    policy = EffortPolicy(onsite_minutes_per_host=prior)
    model = effort_model(policy, [Observation(VisitMode.ONSITE, minutes) for minutes in measured])
    effort = model.visit(VisitMode.ONSITE, {OsFamily.LINUX: hosts})
    assert effort.at(min(one, other)) <= effort.at(max(one, other))
    assert effort.minutes_at(one) >= 1


@given(st.integers(1, 40), st.integers(1, 40))
def test_more_hosts_never_need_less(one: int, other: int) -> None:
    model = effort_model(POLICY)
    minutes = [model.minutes(VisitMode.REMOTE, {OsFamily.LINUX: n}) for n in sorted((one, other))]
    assert minutes[0] <= minutes[1]


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 80.0])
def test_a_percentile_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Effort(10.0, 2.0).at(share)


def test_many_visits_together_have_one_setup_each() -> None:
    model = effort_model(POLICY)
    assert model.total(VisitMode.REMOTE, 4, LINUX).mean == pytest.approx(4 * 10 + 10 * 3)
