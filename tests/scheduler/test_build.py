"""From campaign, fleet and crew to a problem: grouping, ids, hours, partners."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from muster.campaign import EffortPolicy
from muster.crew import Absence, Agreement, Shift, Vetting
from muster.errors import NothingToPlan
from muster.ids import ClientId, HostId, PartnerId, VisitId
from muster.outcomes import HostStatus
from muster.plan import VisitMode
from scheduler.build import build
from scheduler.policy import Policy
from scheduler.problem import AT_HOME, Pin, Problem, Span
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.world import NOW, campaign, engineer, fleet, local, partner, states, world


def built(people: tuple[object, ...] = (), partners: tuple[object, ...] = (), **changes: object) -> Problem:
    made = world(people, partners, **changes)  # type: ignore[arg-type]
    return build(made, states(made.fleet))


def ids(problem: Problem) -> list[str]:
    return [demand.visit.id for demand in problem.demands]


def test_reachable_hosts_are_remote_visits_by_family() -> None:
    problem = built()
    assert ids(problem)[:2] == ["V-acme-hq-remote-1", "V-acme-hq-remote-2"]
    assert [sorted(d.visit.skills) for d in problem.demands[:2]] == [["linux"], ["windows"]]
    assert all(demand.spot == AT_HOME for demand in problem.demands)


def test_unreachable_and_unsupported_hosts_are_visited_on_site() -> None:
    made = world()
    problem = build(made, states(made.fleet, acme_hq_0=HostStatus.UNREACHABLE, acme_hq_1=HostStatus.UNSUPPORTED))
    onsite = [d.visit for d in problem.demands if d.visit.mode is VisitMode.ONSITE]
    assert [(v.id, v.host_ids) for v in onsite] == [("V-acme-hq-onsite-1", ("acme-hq-0", "acme-hq-1"))]


def test_protected_hosts_need_nothing() -> None:
    made = world()
    with pytest.raises(NothingToPlan):
        build(made, states(made.fleet, HostStatus.VERIFIED))
    assert ids(build(made, states(made.fleet, HostStatus.RIGHT, borg_0=HostStatus.FAILED))) == ["V-borg-remote-1"]


def test_on_site_families_share_a_visit_where_somebody_has_both_skills() -> None:
    all_onsite = states(fleet(), HostStatus.UNREACHABLE)
    together = build(world(), all_onsite)
    assert ids(together) == ["V-acme-hq-onsite-1", "V-acme-lab-onsite-1", "V-borg-onsite-1"]
    apart = build(
        world([engineer("L", skills=frozenset({"linux"})), engineer("W", skills=frozenset({"windows"}))]), all_onsite
    )
    assert len(apart.demands) == 6


def test_long_visits_are_split_evenly_and_each_part_is_short_enough() -> None:
    made = world(fleet=fleet(30), effort=world().effort)
    problem = build(made, states(made.fleet, HostStatus.UNREACHABLE))
    longest = made.effort.policy.max_visit_minutes
    of_hq = [d.visit for d in problem.demands if d.visit.site_id == "acme-hq"]
    assert len(of_hq) > 1
    assert all(v.effort_minutes <= longest for v in of_hq)
    assert max(len(v.host_ids) for v in of_hq) - min(len(v.host_ids) for v in of_hq) <= 1
    assert sorted(h for v in of_hq for h in v.host_ids) == sorted(
        h.id for h in made.fleet.hosts if h.site_id == "acme-hq"
    )


def test_a_host_that_is_longer_than_the_longest_visit_is_a_visit_of_its_own() -> None:
    made = world(effort=replace(world().effort, policy=EffortPolicy(max_visit_minutes=5)))
    assert all(len(d.visit.host_ids) == 1 for d in build(made, states(made.fleet)).demands)


def test_the_same_input_gives_the_same_problem() -> None:
    one, other = built(), built()
    assert one == other


def test_kept_visits_keep_their_ids_and_their_hosts() -> None:
    made = world()
    first = build(made, states(made.fleet))
    kept = [d.visit for d in first.demands]
    later = build(made, states(made.fleet, acme_hq_0=HostStatus.VERIFIED, acme_hq_2=HostStatus.VERIFIED), keep=kept)
    assert "V-acme-hq-remote-2" not in ids(later)
    assert later.demands[0].visit.host_ids == ("acme-hq-1",)
    assert later.demands[0].visit.effort_minutes < first.demands[0].visit.effort_minutes


def test_a_new_host_beside_kept_visits_gets_an_id_that_is_free() -> None:
    made = world()
    some = states(made.fleet, acme_hq_1=HostStatus.RIGHT)
    kept = [d.visit for d in build(made, some).demands]
    later = build(made, states(made.fleet), keep=kept)
    by_host = {h: d.visit.id for d in later.demands for h in d.visit.host_ids}
    assert by_host.pop(HostId("acme-hq-1")) == "V-acme-hq-remote-3"
    assert by_host == {h: v.id for v in kept for h in v.host_ids}


def test_shifts_follow_the_local_clock_and_the_clock_follows_the_fresh_rules() -> None:
    """On the second of November a stale machine would have the shift begin at 16:00 UTC."""
    later = replace(campaign(), deadline=local(2026, 11, 7, 0))
    problem = built(campaign=later)
    begins = {d.day: problem.at(d.starts) for d in problem.days}
    assert begins[date(2026, 10, 30)] == local(2026, 10, 30, 8, zone="-7")
    assert begins[date(2026, 11, 2)] == local(2026, 11, 2, 8, zone="-7")


def test_the_day_of_now_begins_now() -> None:
    now = NOW + timedelta(hours=2, minutes=3, seconds=20)
    problem = built(now=now)
    first = min(problem.days, key=lambda d: d.starts)
    assert problem.at(first.starts) == now.replace(second=0)
    assert first.starts == 0


def test_access_hours_bind_people_who_come_and_nobody_else() -> None:
    made = world()
    on_site = build(made, states(made.fleet, HostStatus.UNREACHABLE))
    borg = next(d for d in on_site.demands if d.visit.client_id == "borg")
    assert on_site.at(borg.spans[1].starts) == local(2026, 10, 20, 9, zone="-7")
    assert len(borg.spans) == 10
    remote = next(d for d in built().demands if d.visit.client_id == "borg")
    assert remote.spans == (Span(0, on_site.deadline),)


def test_absences_shorten_block_or_take_out_a_day() -> None:
    away = (
        Absence(local(2026, 10, 20, 6, zone="-7"), local(2026, 10, 20, 10, zone="-7")),
        Absence(local(2026, 10, 21, 11, zone="-7"), local(2026, 10, 21, 12, zone="-7")),
        Absence(local(2026, 10, 22, 0, zone="-7"), local(2026, 10, 23, 0, zone="-7")),
    )
    problem = built((engineer("Anna", absences=away, overtime_minutes_per_day=60),))
    days = {d.day.day: d for d in problem.days}
    assert problem.at(days[20].starts) == local(2026, 10, 20, 10, zone="-7")
    (blocked,) = days[21].blocked
    assert (problem.at(blocked.starts), problem.at(blocked.ends)) == (away[1].starts_at, away[1].ends_at)
    assert 22 not in days


def test_an_absence_at_the_end_takes_the_overtime_with_it() -> None:
    away = (Absence(local(2026, 10, 20, 15, zone="-7"), local(2026, 10, 21, 0, zone="-7")),)
    problem = built((engineer("Anna", absences=away, overtime_minutes_per_day=60),))
    day = next(d for d in problem.days if d.day.day == 20)
    assert (problem.at(day.ends), day.overtime_minutes) == (local(2026, 10, 20, 15, zone="-7"), 0)


def test_two_shifts_of_one_date_are_one_day_with_the_gap_blocked_and_no_other_break() -> None:
    split = (Shift(1, time(8), time(12)), Shift(1, time(13), time(17)))
    problem = built((engineer("Anna", shifts=split),))
    day = problem.days[0]
    assert [(problem.at(b.starts).hour, problem.at(b.ends).hour) for b in day.blocked] == [(19, 20)]
    assert day.rest is None


def test_long_days_have_a_break_and_short_ones_none() -> None:
    short = (Shift(1, time(8), time(14)),)
    assert built((engineer("Anna", shifts=short),)).days[0].rest is None
    rest = built().days[1].rest
    assert rest is not None
    assert rest.minutes == Policy().break_minutes


def borgs_friend() -> object:
    return engineer("Pia", partner_id=PartnerId("north"))


def test_a_good_partners_people_are_in() -> None:
    problem = built((engineer("Anna"), borgs_friend()), (partner(),))
    assert [p.name for p in problem.people] == ["Anna", "Pia"]
    assert problem.left_out == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"vetting": None}, "not been vetted"),
        (
            {"vetting": Vetting(passed=False, judged_by="b", judged_on=date(2026, 1, 1), valid_until=date(2027, 1, 1))},
            "not pass",
        ),
        ({"agreement": None}, "no agreement"),
        ({"agreement": Agreement(date(2026, 1, 1), date(2026, 10, 18))}, "ended on 2026-10-18"),
        ({"agreement": Agreement(date(2026, 11, 20), date(2027, 10, 18))}, "only after the deadline"),
    ],
)
def test_a_partner_whose_papers_are_not_in_order_is_out_and_it_is_said_why(
    changes: dict[str, object], why: str
) -> None:
    problem = built((engineer("Anna"), borgs_friend()), (partner("north", **changes),))
    assert [p.name for p in problem.people] == ["Anna"]
    assert why in problem.left_out[0].reason


def test_a_partner_that_somebody_objects_to_is_out() -> None:
    problem = built(
        (engineer("Anna"), borgs_friend()), (partner(),), objections={PartnerId("north"): "insurance expired"}
    )
    assert [(o.person_id, o.reason) for o in problem.left_out] == [("pia", "insurance expired")]


def test_a_partner_works_until_its_last_day_and_not_on_the_next() -> None:
    ends = partner(agreement=Agreement(date(2026, 9, 1), date(2026, 10, 21)))
    problem = built((borgs_friend(),), (ends,))
    assert [d.day.day for d in problem.days] == [19, 20, 21]


def test_an_agreement_limits_minutes_and_clients() -> None:
    limited = partner(agreement=Agreement(date(2026, 9, 1), date(2026, 12, 31), 300, (ClientId("acme"),)))
    problem = built((engineer("Anna"), borgs_friend()), (limited,))
    assert problem.people[1].clients == frozenset({"acme"})
    (cap,) = [cap for cap in problem.caps if cap.partner_id == "north"]
    assert cap.minutes == 300
    assert {problem.days[n].person for n in cap.days} == {1}


def test_a_client_that_allows_no_partners_gets_none() -> None:
    problem = built((borgs_friend(),), (partner(),))
    plan = solve(problem, MaxIterations(20), 1)
    assert {u.visit_id for u in plan.unplaced} == {"V-borg-remote-1", "V-borg-remote-2"}
    assert plan.unplaced[0].reasons[0].rule == "partner allowed"


def test_nobody_works_more_than_the_weeks_limit() -> None:
    long = tuple(Shift(weekday, time(6), time(20)) for weekday in range(7))
    problem = built((engineer("Anna", shifts=long),))
    assert {cap.minutes for cap in problem.caps} == {2880}
    assert built().caps == ()


def test_pins_of_visits_that_are_gone_fall_away() -> None:
    made = world()
    problem = build(made, states(made.fleet), pins=[Pin(VisitId("V-gone")), Pin(VisitId("V-borg-remote-1"))])
    assert [pin.visit_id for pin in problem.pins] == ["V-borg-remote-1"]


def test_leaving_a_visit_out_always_costs_more_than_the_dearest_day() -> None:
    gold = engineer("Gold", rate_cents_per_hour=500_000)
    problem = built((gold,))
    plan = solve(problem, MaxIterations(50), 0)
    assert plan.unplaced == ()


def test_the_plan_of_a_whole_campaign_holds_against_local_clocks_too() -> None:
    """Judged from the fleet's own words: the site is open and the person has a shift, by local time."""
    made = world([engineer("Anna"), engineer("Ben", timezone="America/Vancouver")])
    problem = build(made, states(made.fleet, HostStatus.UNREACHABLE))
    plan = solve(problem, MaxIterations(50), 2)
    assert violations(problem, plan) == ()
    assert plan.unplaced == ()
    for assignment in plan.assignments:
        starts = assignment.starts_at.astimezone(UTC) - timedelta(hours=7)
        ends = assignment.ends_at.astimezone(UTC) - timedelta(hours=7)
        assert starts.weekday() < 5
        assert time(8) <= starts.time() < ends.time() <= time(16)
        if plan.visit[assignment.visit_id].client_id == "borg":
            assert starts.time() >= time(9)


def test_a_deadline_that_has_passed_leaves_everything_out_with_the_reason() -> None:
    problem = built(now=datetime(2026, 11, 2, 17, 0, tzinfo=UTC))
    plan = solve(problem, MaxIterations(5), 0)
    assert len(plan.unplaced) == len(problem.demands)
    assert "nobody works before the deadline" in plan.unplaced[0].reasons[0].text
