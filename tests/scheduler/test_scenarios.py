"""Scenarios as people say them: every form changes what it says, and nothing else can be read."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from muster.crew import Partner
from muster.errors import InputError
from muster.fleet import Place, TransportName
from muster.ids import PartnerId
from muster.outcomes import HostStatus
from scheduler.build import World, build
from scheduler.scenarios import FORMS, STEPS, scenario, states_in
from tests.scheduler.world import DAYTIME, engineer, partner, states, world


def here() -> World:
    north = partner("north")
    agreement = replace(north.agreement, capacity_minutes=600)  # type: ignore[type-var]
    people = [
        engineer("Anna"),
        engineer("Kim", rate_cents_per_hour=7_000),
        engineer("Pia", partner_id=PartnerId("north")),
    ]
    return world(people, [replace(north, agreement=agreement), Partner(PartnerId("empty"), "Empty")])


def test_more_people_are_like_our_own_and_live_in_the_region() -> None:
    made = scenario("people +2 windows in north", here())
    one, other = made.crew.engineers[3:]
    assert one.id != other.id
    assert (one.skills, one.region, one.home) == (frozenset({"windows"}), "north", Place(49.32, -123.07))
    assert one.rate_cents_per_hour == 6_500
    assert one.shifts == made.crew.engineers[0].shifts
    assert scenario("people +1", here()).crew.engineers[3].skills == {"linux", "windows"}


def test_overtime_is_for_our_own_people_and_never_less_than_before() -> None:
    made = scenario("overtime 45", replace(here(), crew=scenario("overtime 60", here()).crew))
    assert [p.overtime_minutes_per_day for p in made.crew.engineers] == [60, 60, 0]


@pytest.mark.parametrize(
    ("text", "by"),
    [("deadline -3d", timedelta(days=-3)), ("deadline +1w", timedelta(7)), ("deadline -5h", timedelta(hours=-5))],
)
def test_the_deadline_moves(text: str, by: timedelta) -> None:
    assert scenario(text, here()).campaign.deadline - here().campaign.deadline == by


def test_partners_and_people_fall_out_and_agreements_grow() -> None:
    problem = build(scenario("without partner NORTH", here()), states(here().fleet))
    assert [out.reason for out in problem.left_out] == ["left out to see what then"]
    assert "kim" not in scenario("without person kim", here()).crew.engineer
    grown = scenario("partner north +40h", here()).crew.partner[PartnerId("north")].agreement
    assert grown is not None
    assert grown.capacity_minutes == 3_000


def test_clients_and_sites_open_up() -> None:
    assert all(client.partners_allowed for client in scenario("partners everywhere", here()).fleet.clients)
    longer = scenario("access until 20:00", here()).fleet.sites
    assert {window.closes.hour for site in longer for window in site.access} == {20}
    earlier = scenario("access until 8:00", here()).fleet.sites
    assert {window.closes.hour for site in earlier for window in site.access} == {17}, "it is never shortened"


def test_overtime_in_percent_is_of_everybodys_usual_day() -> None:
    part_time = engineer("Kim", shifts=tuple(replace(one, ends=time(12)) for one in DAYTIME[:2]))
    made = scenario("overtime 20 %", world([engineer("Anna"), part_time, engineer("Ben", shifts=())]))
    assert [p.overtime_minutes_per_day for p in made.crew.engineers] == [96, 48, 0]
    assert scenario("overtime 20%", here()) == scenario("overtime 20 %", here()) != here()


def test_a_partner_that_may_be_given_nothing_is_added_with_its_people() -> None:
    bare = Partner(PartnerId("slow"), "Slow Ltd")
    sam = engineer("Sam", partner_id=PartnerId("slow"))
    today = replace(
        world([engineer("Anna"), sam], [bare]),
        objections={PartnerId("slow"): "it has not been vetted"},
        kept_out={sam.id: "not authorised"},
    )
    onsite = states(today.fleet)
    assert [one.person_id for one in build(today, onsite).left_out] == [sam.id]
    added = build(scenario("add partner SLOW", today), onsite)
    assert added.left_out == ()
    assert {person.id for person in added.people} == {"anna", "sam"}
    assert any(added.people[one.person].id == "sam" for one in added.days)
    assert today.crew.partner[PartnerId("slow")].vetting is None, "the world as it is stays"


def test_a_partner_that_nobody_knows_is_added_with_so_many_people() -> None:
    made = scenario("add partner Newcomer with 2 people in north", here())
    found = [p for p in made.crew.engineers if p.partner_id == "newcomer"]
    assert [(p.name, p.region, p.rate_cents_per_hour) for p in found] == [
        ("Newcomer 1", "north", 6_000),
        ("Newcomer 2", "north", 6_000),
    ], "like Pia, the only one of a partner"
    assert len(build(made, states(made.fleet)).people) == 5


@pytest.mark.parametrize(("percent", "remote"), [(0, 0), (50, 4), (90, 8), (100, 9)])
def test_automation_is_the_share_of_open_machines_that_answer_from_afar(percent: int, remote: int) -> None:
    text = f"overtime 5; automation {percent} %"
    before = states(here().fleet, HostStatus.UNREACHABLE, acme_hq_0=HostStatus.STALE, acme_hq_1=HostStatus.STALE)
    after = states_in(text, here(), before)
    assert sum(one.status is HostStatus.STALE for one in after) == remote
    assert after == states_in(text, here(), before)
    assert states_in("overtime 5", here(), before) == before
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    assert changed == abs(remote - 2), "as few machines as can be"


def test_protected_machines_and_those_without_a_transport_are_not_automated() -> None:
    fleet = here().fleet
    mute = replace(fleet, hosts=tuple(replace(one, transport=TransportName.NONE) for one in fleet.hosts))
    before = states(mute, HostStatus.UNREACHABLE)
    assert states_in("automation 100 %", replace(here(), fleet=mute), before) == before
    right = states(fleet, HostStatus.RIGHT)
    assert states_in("automation 0 %", here(), right) == right


def test_the_percentile_makes_visits_longer() -> None:
    onsite = states(here().fleet, HostStatus.UNREACHABLE)
    usual, careful = build(here(), onsite), build(scenario("percentile 95", here()), onsite)
    assert sum(d.visit.effort_minutes for d in careful.demands) > sum(d.visit.effort_minutes for d in usual.demands)
    assert scenario("percentile 0.95", here()).effort == scenario("percentile 95", here()).effort


def test_several_are_joined() -> None:
    made = scenario("without person kim; overtime 30", here())
    assert [p.overtime_minutes_per_day for p in made.crew.engineers] == [30, 0]


@pytest.mark.parametrize("text", [example for example, _ in FORMS])
def test_every_form_that_is_shown_can_be_read(text: str) -> None:
    text = text.replace("add partner northside", "add partner empty with 1 person").replace("northside", "north")
    before = states(here().fleet, HostStatus.UNREACHABLE)
    assert scenario(text, here()) != here() or states_in(text, here(), before) != before


def test_as_many_forms_are_shown_as_there_are() -> None:
    assert len(FORMS) == len(STEPS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("more people", "cannot be read"),
        ("people +2 linux;", "cannot be read"),
        ("without partner nort", "no partner 'nort'"),
        ("without person kimm", "no person 'kimm'"),
        ("add partner nort", "no partner 'nort'"),
        ("add partner empty", "has nobody in the crew"),
        ("automation 101 %", "more than everything"),
        ("deadline -90d", "before now"),
        ("access until 25:00", "no time of day"),
        ("percentile 100", "no share of cases"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_with_what_could(text: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        scenario(text, here())
    assert said in raised.value.message
    assert raised.value.hint
