"""Each rule of the reconciler, when it holds and when it does not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flows.reconcile_rules import (
    CampaignView,
    Due,
    Duty,
    DutyKind,
    View,
    due,
    forecast_due,
    knock_due,
    missed,
    open_now,
    push_due,
    verify_due,
)
from flows.visits import Start
from muster.approvals import Act, Approval, ApprovalPolicy, ApprovalRule, Decision
from muster.hours import parse_hours
from muster.ids import ClientId, HostId, RunnerId, VisitId
from muster.outcomes import HostStatus, Stage
from muster.plan import VisitMode
from muster.records import HostState, WaveRow, WaveState
from muster.running import RunningPolicy
from muster.safety import GatePolicy, WindowRule
from tests.flows.reconciling import DEADLINE, HOSTS, HOUR, NOON, VISITS, campaign_of, fleet_of, plan_of
from tests.push.fakes import CAMPAIGN

MINUTE = timedelta(minutes=1)
ATTENDED = RunningPolicy()
ME = RunnerId("here:1:1.00")
FIRST = HOSTS[VISITS[0]]


def state(host_id: HostId, status: HostStatus = HostStatus.STALE, **changes: object) -> HostState:
    row = HostState(
        host_id, status, Stage.NOT_STARTED, "", "", 0, 0, 0, None, None, None, None, None, NOON - timedelta(days=1)
    )
    return replace(row, **changes)  # type: ignore[arg-type]  # a test's own words


def campaign_view(*states: HostState, **changes: object) -> CampaignView:
    """All hosts need the fix, but for those that are given."""
    known = {host.id: state(host.id) for host in fleet_of().hosts} | {one.host_id: one for one in states}
    view = CampaignView(campaign_of(), fleet_of(), plan_of(), known)
    return replace(view, **changes)  # type: ignore[arg-type]  # a test's own words


def view_of(one: CampaignView, **changes: object) -> View:
    return replace(View((one,), lease_now=NOON), **changes)  # type: ignore[arg-type]  # a test's own words


def duty(kind: DutyKind, **changes: object) -> Mapping[DutyKind, Duty]:
    made = Duty(CAMPAIGN, kind, ME, NOON, NOON + 15 * MINUTE, ended_at=NOON)
    return {kind: replace(made, **changes)}  # type: ignore[arg-type]  # a test's own words


def start(visit_id: VisitId, at: datetime) -> Mapping[VisitId, Start]:
    return {visit_id: Start(CAMPAIGN, visit_id, ClientId("acme"), "kim", at)}


def push(one: CampaignView, now: datetime, **changes: object) -> tuple[HostId, ...]:
    found = push_due(one, view_of(one, **changes), now)
    return () if found is None else found.host_ids


def test_an_unattended_visit_is_pushed_from_its_time_on() -> None:
    assert push(campaign_view(), NOON - MINUTE) == ()
    assert push(campaign_view(), NOON) == FIRST
    assert push(campaign_view(), NOON + HOUR) == (*FIRST, *HOSTS[VISITS[1]])


def test_a_visit_that_is_long_over_does_not_begin_by_itself() -> None:
    over = NOON + HOUR / 2 + timedelta(minutes=RunningPolicy().late_minutes)
    assert set(FIRST) <= set(push(campaign_view(), over - MINUTE))
    assert not set(FIRST) & set(push(campaign_view(), over))
    assert missed(campaign_view(), over) == (VISITS[0],)
    assert missed(campaign_view(), over - MINUTE) == ()


def test_nothing_begins_at_the_deadline() -> None:
    policy = RunningPolicy(unattended=True, late_minutes=1_000_000)
    one = campaign_view(campaign=campaign_of(running=policy))
    assert push(one, DEADLINE - MINUTE)
    assert push(one, DEADLINE) == ()


def test_an_attended_visit_waits_for_its_start_and_no_longer() -> None:
    waiting = campaign_view(campaign=campaign_of(running=ATTENDED))
    assert push(waiting, NOON) == ()
    assert push(replace(waiting, starts=start(VISITS[0], NOON - 10 * MINUTE)), NOON - 9 * MINUTE) == FIRST


def test_a_visit_on_site_waits_for_its_start_whatever_the_campaign_says() -> None:
    plan = plan_of()
    onsite = replace(plan, visits=tuple(replace(visit, mode=VisitMode.ONSITE) for visit in plan.visits))
    one = campaign_view(plan=onsite)
    assert push(one, NOON) == ()
    assert push(replace(one, starts=start(VISITS[0], NOON)), NOON) == FIRST


def test_a_start_that_was_given_for_an_earlier_time_does_not_count_for_the_new_one() -> None:
    one = campaign_view(campaign=campaign_of(running=ATTENDED), starts=start(VISITS[0], NOON - timedelta(days=1)))
    assert push(one, NOON) == ()


def test_a_late_start_leaves_the_visit_its_whole_length() -> None:
    policy = RunningPolicy(late_minutes=0)
    one = campaign_view(campaign=campaign_of(running=policy), starts=start(VISITS[0], NOON + 5 * HOUR))
    assert push(one, NOON + 5 * HOUR + 29 * MINUTE) == FIRST
    assert push(one, NOON + 5 * HOUR + 30 * MINUTE) == ()


@pytest.mark.parametrize("status", [status for status in HostStatus if status is not HostStatus.STALE])
def test_only_hosts_that_need_the_fix_are_pushed(status: HostStatus) -> None:
    assert push(campaign_view(*(state(host_id, status) for host_id in FIRST)), NOON) == ()


def test_a_gate_holds_a_host_of_an_open_visit() -> None:
    nights = GatePolicy(windows=(WindowRule(parse_hours("daily 22:00-04:00")),))
    assert push(campaign_view(campaign=campaign_of(gates=nights)), NOON) == ()


def test_a_host_that_was_not_ready_is_left_alone_for_a_while() -> None:
    held = [state(host_id, cause="held by free disk: 3 MB", changed_at=NOON) for host_id in FIRST]
    assert push(campaign_view(*held), NOON + 14 * MINUTE) == ()
    assert push(campaign_view(*held), NOON + 15 * MINUTE) == FIRST


def test_a_push_that_is_under_way_is_not_begun_again_until_whoever_took_it_is_gone() -> None:
    one = campaign_view(duties=duty(DutyKind.PUSH, ended_at=None))
    assert push(one, NOON) == ()
    assert push(one, NOON, dead=frozenset({ME})) == FIRST
    assert push(one, NOON, lease_now=NOON + 15 * MINUTE) == FIRST


def test_what_came_to_nothing_pauses_for_longer_each_time() -> None:
    for in_vain, pause in ((1, MINUTE), (2, 2 * MINUTE), (4, 8 * MINUTE), (50, 30 * MINUTE)):
        one = campaign_view(duties=duty(DutyKind.PUSH, in_vain=in_vain))
        assert push(one, NOON + pause - timedelta(seconds=1)) == ()
        assert push(one, NOON + pause) == FIRST


WAVE = WaveRow(1, WaveState.PASSED, FIRST, NOON, NOON, "2 of 2 verified")
ASKED = Approval(CAMPAIGN, Act.RAMP, "wave 1", "go on", "reconciler", NOON)
RAMP = ApprovalPolicy(ramp=ApprovalRule(("Kim Lee",)))


@pytest.mark.parametrize(
    ("approvals", "waves", "goes_on"),
    [
        ((ASKED,), (WAVE,), False),
        ((), (WAVE,), True),  # the push itself asks
        ((replace(ASKED, decision=Decision(approved=True, by="Kim Lee", why="", at=NOON)),), (WAVE,), True),
        ((ASKED,), (replace(WAVE, state=WaveState.OPEN),), True),  # a wave that was cut off is carried on
        ((ASKED,), (WAVE, replace(WAVE, number=2, state=WaveState.HALTED)), True),  # a new canary needs nobody's yes
    ],
)
def test_a_ramp_that_waits_for_a_person_begins_nothing(
    approvals: tuple[Approval, ...],
    waves: tuple[WaveRow, ...],
    goes_on: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    one = campaign_view(campaign=campaign_of(approvals=RAMP), approvals=approvals, waves=waves)
    assert bool(push(one, NOON)) is goes_on
    assert push(replace(one, campaign=campaign_of()), NOON), "without the rule nobody is waited for"


def test_a_host_that_came_on_line_after_its_visit_is_pushed_until_the_deadline() -> None:
    back = [state(host_id, changed_at=NOON + 20 * HOUR) for host_id in FIRST]
    assert set(FIRST) <= open_now(campaign_view(*back), NOON + 30 * HOUR)
    pushed_before = [replace(one, attempts=1) for one in back]
    assert not set(FIRST) & open_now(campaign_view(*pushed_before), NOON + 30 * HOUR)
    attended = campaign_view(*back, campaign=campaign_of(running=ATTENDED))
    assert not open_now(attended, NOON + 30 * HOUR), "nobody has begun its visit"


def test_hosts_whose_outcome_is_unknown_are_asked_at_once_and_then_now_and_then() -> None:
    unknown = state(FIRST[0], HostStatus.UNKNOWN, changed_at=NOON)
    one = campaign_view(unknown)
    assert verify_due(campaign_view(), view_of(one), NOON) is None
    found = verify_due(one, view_of(one), NOON)
    assert found is not None
    assert found.host_ids == (FIRST[0],)
    asked = replace(one, duties=duty(DutyKind.VERIFY, taken_at=NOON + MINUTE, ended_at=NOON + MINUTE))
    assert verify_due(asked, view_of(asked), NOON + 10 * MINUTE) is None
    assert verify_due(asked, view_of(asked), NOON + 11 * MINUTE)
    later = replace(unknown, host_id=FIRST[1], changed_at=NOON + 2 * MINUTE)
    another = replace(asked, states={**asked.states, FIRST[1]: later})
    assert verify_due(another, view_of(another), NOON + 2 * MINUTE), "one more has become unknown since"


def test_a_host_whose_lease_has_run_out_is_asked_at_once() -> None:
    claimed = state(FIRST[0], HostStatus.CLAIMED, runner_id=ME, lease_expires_at=NOON)
    one = campaign_view(claimed)
    assert verify_due(one, view_of(one, lease_now=NOON - MINUTE), NOON) is None
    assert verify_due(one, view_of(one), NOON)
    assert verify_due(one, view_of(one, lease_now=NOON - MINUTE, dead=frozenset({ME})), NOON)


def test_hosts_that_were_off_line_are_knocked_at_once_their_visit_has_begun() -> None:
    away = [state(host_id, HostStatus.UNREACHABLE) for host_id in FIRST]
    one = campaign_view(*away)
    assert knock_due(one, view_of(one), NOON - MINUTE) is None
    found = knock_due(one, view_of(one), NOON + 30 * HOUR)
    assert found is not None
    assert found.host_ids == FIRST
    assert knock_due(one, view_of(one), DEADLINE) is None
    rests = replace(one, duties=duty(DutyKind.KNOCK))
    assert knock_due(rests, view_of(rests), NOON + 14 * MINUTE) is None
    assert knock_due(rests, view_of(rests), NOON + 15 * MINUTE)
    begun = replace(rests, starts=start(VISITS[0], NOON + MINUTE))
    assert knock_due(begun, view_of(begun), NOON + MINUTE), "somebody stands there and has just pressed start"
    attended = campaign_view(*away, campaign=campaign_of(running=ATTENDED))
    assert knock_due(attended, view_of(attended), NOON + HOUR) is None
    nights = GatePolicy(windows=(WindowRule(parse_hours("daily 22:00-04:00")),))
    by_day = campaign_view(*away, campaign=campaign_of(gates=nights))
    assert knock_due(by_day, view_of(by_day), NOON) is None, "within their hours only"


def test_a_forecast_is_made_once_a_night_and_a_missed_night_is_not_made_up_for() -> None:
    one = campaign_view()
    two_at_night = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
    assert forecast_due(one, view_of(one), two_at_night - MINUTE) is None
    found = forecast_due(one, view_of(one), two_at_night)
    assert found is not None
    assert found.day == two_at_night.date()
    made = replace(one, duties=duty(DutyKind.FORECAST, day=two_at_night.date()))
    assert forecast_due(made, view_of(made), two_at_night + 20 * HOUR) is None
    later = forecast_due(made, view_of(made), two_at_night + timedelta(days=3))
    assert later is not None
    assert later.day == (two_at_night + timedelta(days=3)).date()
    assert forecast_due(one, view_of(one), DEADLINE + 3 * HOUR) is None
    failed = replace(one, duties=duty(DutyKind.FORECAST, day=two_at_night.date(), in_vain=1, ended_at=two_at_night))
    assert forecast_due(failed, view_of(failed), two_at_night) is None
    assert forecast_due(failed, view_of(failed), two_at_night + MINUTE)


def test_the_night_is_the_campaigns_own() -> None:
    one = campaign_view(campaign=replace(campaign_of(), timezone="America/Vancouver"))
    assert forecast_due(one, view_of(one), datetime(2026, 10, 20, 8, 59, tzinfo=UTC)) is None
    assert forecast_due(one, view_of(one), datetime(2026, 10, 20, 9, 0, tzinfo=UTC))


def test_in_a_stopped_campaign_nothing_is_due_but_messages_are_still_sent() -> None:
    one = campaign_view(state(FIRST[0], HostStatus.UNKNOWN), stopped=True)
    assert due(view_of(one, messages_waiting=True), NOON) == (Due(DutyKind.DELIVER, "messages wait to be sent"),)
    assert due(view_of(one), NOON) == ()
    going = replace(one, stopped=False)
    assert {found.kind for found in due(view_of(going), NOON)} == set(DutyKind) - {DutyKind.KNOCK, DutyKind.DELIVER}
