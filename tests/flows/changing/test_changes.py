"""What happens in mid-campaign: planned, shown, made so as a whole, and told only to those whom it concerns."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from flows.change_kinds import no_show, overrun, sick, standstill
from flows.changes import accept, changes_of, propose
from flows.planning import dispatch_plan, make_plan
from muster.errors import Conflict, InputError, NotFound
from muster.ids import PersonId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.wiring import Wired
from scheduler.diff import Kind
from tests.flows.changing.bound import NOW, answer, binding, placed
from tests.flows.changing.conftest import Within
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING, standing_at


def of_person(plan: Plan, person: str) -> list[VisitId]:
    return [one.visit_id for one in sorted(plan.assignments, key=lambda one: one.starts_at) if one.person_id == person]


def queued(services: Wired, kind: str) -> set[str]:
    return {one.message.to for one in services.ledger.messages(kind=kind)}


def test_somebody_is_ill_and_only_what_stood_on_that_day_moves_and_only_they_are_told(within: Within) -> None:
    services = within()
    before, revision = binding(services), services.ledger.revision()
    person = before.assignments[0].person_id
    edit = sick(services, person, NOW, NOW + timedelta(days=9), reason="the flu", by="mia")
    found = propose(services, SPRING, edit, seconds=0.2)
    assert services.ledger.revision() == revision, "nothing is written by asking"
    taken = found.choices[found.best]
    theirs = set(of_person(before, person))
    assert theirs, "or the test would say nothing"
    assert {one.move.visit_id for one in taken.moves} == theirs
    assert set(taken.broken_promises) == theirs, "everybody was told"
    record = accept(services, found, by="mia")
    after = binding(services)
    assert after.id == record.plan_after
    assert person not in {one.person_id for one in after.assignments}
    stayed = {key: value for key, value in placed(before).items() if key not in theirs}
    assert stayed.items() <= placed(after).items()
    moved_to = {one.person_id for one in after.assignments if one.visit_id in theirs}
    crew = services.ledger.crew()
    assert queued(services, "visits changed") == {crew.engineer[one].email for one in {person, *moved_to}}
    clients = {before.visit[one].client_id for one in theirs}
    assert queued(services, "notice moved") == {f"it@{one}.example" for one in clients}
    texts = [one.message.content.text for one in services.ledger.messages(campaign_id=SPRING)]
    assert not any("flu" in text for text in texts), "what somebody is ill with is nobody's business"
    (kept,) = changes_of(services, SPRING)
    assert (kept.by, kept.kind, kept.moved) == ("mia", "sick", len(theirs))


def test_what_is_said_outlasts_an_import_of_the_crew(within: Within, muster: Shell, workspace: Path) -> None:
    services = within()
    person = binding(services).assignments[0].person_id
    edit = sick(services, person, NOW, NOW + timedelta(days=9), reason="ill", by="mia")
    accept(services, propose(services, SPRING, edit), by="mia")
    assert muster(workspace, "import", "crew.csv").returncode == 0
    plan = json.loads(muster(workspace, "plan", "--json").stdout)
    assert person not in {one["person"] for one in plan["assignments"]}


def test_an_acceptance_of_what_is_not_so_any_more_writes_nothing_at_all(within: Within) -> None:
    services = within()
    person = binding(services).assignments[0].person_id
    once = propose(services, SPRING, sick(services, person, NOW, NOW + timedelta(days=9), reason="ill", by="mia"))
    again = propose(services, SPRING, sick(services, person, NOW, NOW + timedelta(days=9), reason="ill", by="tom"))
    accept(services, once, by="mia")
    revision = services.ledger.revision()
    with pytest.raises(Conflict):
        accept(services, again, by="tom")
    assert services.ledger.revision() == revision


def test_a_visit_under_way_stays_when_the_plan_is_made_anew(within: Within, workspace: Path) -> None:
    before = binding(within())
    first = min(before.assignments, key=lambda one: one.starts_at)
    standing_at(workspace, first.starts_at + timedelta(minutes=30))
    services = within()
    others = {one.person_id for one in before.assignments} - {first.person_id}
    assert others, "two people have visits, or nothing would move"
    ill = others.pop()
    edit = sick(services, ill, services.clock.now(), NOW + timedelta(days=9), reason="ill", by="mia")
    record = accept(services, propose(services, SPRING, edit), by="mia")
    after = placed(binding(services))
    assert record.moved >= 1
    assert after[first.visit_id] == placed(before)[first.visit_id], "it has begun"
    assert all(starts > services.clock.now() for visit, (_, starts, _) in after.items() if visit != first.visit_id)
    anew = make_plan(services, SPRING, seconds=0.2, seed=1)
    assert placed(anew)[first.visit_id] == placed(before)[first.visit_id], "nor does an ordinary plan move it"
    dispatch_plan(services, anew.id, by="mia")


def test_a_visit_that_takes_twice_as_long_keeps_its_place_and_pushes_what_follows(
    within: Within, workspace: Path
) -> None:
    services = within()
    before = binding(services)
    person = next(one.person_id for one in before.assignments if len(of_person(before, one.person_id)) > 1)
    first, second = of_person(before, person)[:2]
    _, starts, ends = placed(before)[first]
    standing_at(workspace, starts + timedelta(minutes=45))
    services = within()
    minutes = 2 * before.visit[first].effort_minutes
    record = accept(
        services,
        propose(services, SPRING, overrun(services, SPRING, first, minutes=minutes, reason="old disks", by="ben")),
        by="mia",
    )
    after = placed(binding(services))
    assert after[first] == (person, starts, ends + (ends - starts))
    if after[second][0] == person:
        assert after[second][1] >= after[first][2]
    assert record.moved >= 1
    others = {
        visit_id: where
        for visit_id, where in placed(before).items()
        if before.visit[visit_id].site_id != before.visit[first].site_id and where[0] != person
    }
    assert others
    assert {visit_id: after[visit_id] for visit_id in others} == others, "nobody else is moved"


def test_nobody_came_and_the_visit_is_planned_anew_with_somebody_else(within: Within, workspace: Path) -> None:
    services = within()
    before = binding(services)
    first = min(before.assignments, key=lambda one: one.starts_at)
    with pytest.raises(InputError, match="nobody can have missed it yet"):
        no_show(services, SPRING, first.visit_id, until=None, reason="", by="mia")
    standing_at(workspace, first.starts_at + timedelta(minutes=40))
    services = within()
    edit = no_show(services, SPRING, first.visit_id, until=None, reason="no answer", by="mia")
    accept(services, propose(services, SPRING, edit), by="mia")
    person, starts, _ = placed(binding(services))[first.visit_id]
    assert starts > services.clock.now()
    assert person != first.person_id or starts.date() > first.starts_at.date()


def test_nothing_begins_before_a_standstill_ends_and_the_campaign_is_stopped(within: Within) -> None:
    services = within()
    until = NOW + timedelta(days=2)
    edit = standstill(services, SPRING, until, reason="Exchange first, says the vendor")
    accept(services, propose(services, SPRING, edit), by="mia")
    after = binding(services)
    assert after.assignments
    assert min(one.starts_at for one in after.assignments) >= until
    stop = services.ledger.stopped(SPRING)
    assert stop is not None
    assert stop.reason == "Exchange first, says the vendor"


def test_a_change_that_moves_nothing_binds_no_new_plan(within: Within) -> None:
    services = within()
    before = binding(services)
    idle = {"anna", "ben", "cara"} - {str(one.person_id) for one in before.assignments}
    assert idle, "three people are more than four visits need"
    edit = sick(services, PersonId(idle.pop()), NOW, NOW + timedelta(days=1), reason="ill", by="mia")
    record = accept(services, propose(services, SPRING, edit), by="mia")
    assert (record.plan_after, record.moved, record.told) == (None, 0, ())
    assert binding(services).id == before.id


def test_what_is_done_concerns_nobody_and_is_no_reason_for_a_new_plan(within: Within, workspace: Path) -> None:
    before = binding(within())
    first = min(before.assignments, key=lambda one: one.ends_at)
    standing_at(workspace, first.ends_at + timedelta(minutes=10))
    services = within()
    answer(services, before.visit[first.visit_id].host_ids, HostStatus.RIGHT)
    idle = {"anna", "ben", "cara"} - {str(one.person_id) for one in before.assignments}
    edit = sick(services, PersonId(idle.pop()), services.clock.now(), NOW + timedelta(days=1), reason="ill", by="mia")
    found = propose(services, SPRING, edit)
    assert first.visit_id in {one.move.visit_id for one in found.choices[0].moves}, "it is shown as done"
    assert found.concerned == ((),)
    record = accept(services, found, by="mia")
    assert (record.plan_after, record.told, binding(services).id) == (None, (), before.id)


def test_the_commands_show_first_and_bind_when_it_is_accepted(muster: Shell, workspace: Path) -> None:
    person = json.loads(muster(workspace, "plan", "show", "--json").stdout)["assignments"][0]["person"]
    words = ("change", "sick", person, "--until", "2027-03-12", "--reason", "the flu")
    said = muster(workspace, *words)
    assert said.returncode == 0, said.stderr
    assert "nothing is written yet" in said.stdout
    assert f"concerns person {person}" in said.stdout
    assert "concerns client" in said.stdout
    assert muster(workspace, "change", "list").stdout.strip() == "nothing has changed yet"
    done = json.loads(muster(workspace, *words, "--accept", "--json").stdout)
    assert done["accepted"]["plan_after"] == json.loads(muster(workspace, "plan", "show", "--json").stdout)["id"]
    listed = muster(workspace, "change", "list").stdout
    assert "the flu" in " ".join(listed.split())
    assert muster(workspace, "change", "back", person, "--accept").returncode == 0
    mistakes: tuple[tuple[tuple[str, ...], str], ...] = (
        (("sick", "nobody", "--until", "2027-03-12"), "there is nobody 'nobody'"),
        (("sick", person, "--until", "soon"), "is neither a day nor a moment"),
        (("sick", person, "--until", "2027-02-01"), "before it begins"),
        (("overrun", "V-none", "--times", "2"), "gives nobody a visit"),
        (("overrun", "V-none"), "how long does it take?"),
        (("standstill", "--until", "2027-03-03T08:00"), "without a reason"),
        (("suspend", "nobody", "--reason", "x"), "there is no file"),
        (("back", person), "nobody has said"),
    )
    for mistake, told in mistakes:
        wrong = muster(workspace, "change", *mistake)
        assert wrong.returncode == 2, (mistake, wrong.stdout, wrong.stderr)
        assert told in " ".join(wrong.stderr.split()), (mistake, wrong.stderr)


def test_who_is_moved_is_a_person_or_another_day(within: Within) -> None:
    """The kinds of moves that are told are those of the difference, none is invented."""
    services = within()
    person = binding(services).assignments[0].person_id
    edit = sick(services, person, NOW, NOW + timedelta(days=9), reason="ill", by="mia")
    found = propose(services, SPRING, edit)
    assert {one.move.kind for one in found.choices[0].moves} <= {Kind.PERSON, Kind.TIME, Kind.LEFT_OUT}
    with pytest.raises(NotFound):
        propose(services, SPRING, edit, keep=["V-none"])
