"""Clients are told once, told of every change, and a visit whose client cannot be told is held back."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from muster.ids import HostId, PersonId, VisitId
from muster.outcomes import HostStatus, Stage
from muster.plan import Plan
from muster.records import Event, HostState
from reports.notices.due import Letter, Scene, due, held_back, reminders
from reports.notices.told import WAIVED, WRITTEN, Occasion, Told, promise_of, told_by
from tests.reports.scenes import NEW_YORK, NOW, PARIS, TZ, campaign, crew, fleet, local, plan

DISPATCHED, MOVED, CALLED_OFF = Occasion.DISPATCHED, Occasion.MOVED, Occasion.CALLED_OFF


def scene(**changes: object) -> Scene:
    made = Scene(plan(), fleet(), crew(), Told(), NOW, campaign().reason)
    return replace(made, **changes)  # type: ignore[arg-type]


def told_of(plan: Plan, occasion: Occasion = DISPATCHED, visits: Iterable[str] = ()) -> Told:
    """After the letters about these visits, or all of the plan."""
    rows = [
        {"visit": one.visit_id, "starts_at": one.starts_at.isoformat(), "ends_at": one.ends_at.isoformat(),
         "person": one.person_id}
        for one in plan.assignments
        if not visits or one.visit_id in visits
    ]  # fmt: skip
    return told_by([Event(1, NOW, TZ, None, WRITTEN, "kim", {"occasion": occasion.value, "visits": rows})])


def brief(letters: Iterable[Letter]) -> set[tuple[str, str, str, tuple[str, ...]]]:
    return {(x.client_id, x.occasion.value, x.language, tuple(m.visit_id for m in x.matters)) for x in letters}


def shifted(visit: str, by: timedelta, person: str | None = None) -> Plan:
    made = plan()
    return replace(
        made,
        assignments=tuple(
            replace(one, starts_at=one.starts_at + by, ends_at=one.ends_at + by,
                    person_id=PersonId(person) if person else one.person_id)
            if one.visit_id == visit
            else one
            for one in made.assignments
        ),
    )  # fmt: skip


def test_each_client_gets_one_letter_about_all_its_visits_in_its_language() -> None:
    assert brief(due(scene(), [DISPATCHED])) == {
        ("dental", "dispatched", "en", ("v1", "v3", "v2")),
        ("law", "dispatched", "fr", ("v4",)),
    }


def test_what_was_said_is_not_said_again() -> None:
    assert due(scene(told=told_of(plan())), [DISPATCHED, MOVED, CALLED_OFF]) == ()


@pytest.mark.parametrize(("by", "person"), [(timedelta(hours=2), None), (timedelta(), "zoe")])
def test_another_time_or_another_person_is_a_move_and_the_letter_knows_what_was_said_before(
    by: timedelta, person: str | None
) -> None:
    (letter,) = due(scene(told=told_of(plan()), plan=shifted("v2", by, person)), [DISPATCHED, MOVED])
    (matter,) = letter.matters
    assert (letter.occasion, matter.visit_id) == (MOVED, "v2")
    assert matter.before == promise_of(plan().assignments[1])
    assert matter.promise != matter.before


def test_after_a_move_the_new_time_is_what_was_promised() -> None:
    later = shifted("v2", timedelta(hours=2))
    events = [told_of(plan()), told_of(later, MOVED, ["v2"])]
    both = Told({**events[0].promises, **events[1].promises}, {VisitId("v2"): 2})
    assert due(scene(told=both, plan=later), [DISPATCHED, MOVED]) == ()


def test_a_promised_visit_that_is_planned_no_more_is_called_off_and_only_while_it_lies_ahead() -> None:
    less = replace(plan(), assignments=plan().assignments[1:])
    told = told_of(plan())
    assert brief(due(scene(told=told, plan=less), [CALLED_OFF])) == {("dental", "called-off", "en", ("v1",))}
    assert due(scene(told=told, plan=less, now=local(NEW_YORK, 31, 12)), [CALLED_OFF]) == ()
    gone = told_by(
        [
            Event(1, NOW, TZ, None, WRITTEN, "kim", {"occasion": o.value, "visits": [row]})
            for o in (DISPATCHED, CALLED_OFF)
            for row in [{"visit": "v1", "starts_at": NOW.isoformat(), "ends_at": NOW.isoformat(), "person": "kim"}]
        ]
    )
    assert gone.promises == {}
    assert gone.times == {"v1": 2}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (local(NEW_YORK, 30, 0), ("v1", "v3")),
        (local(NEW_YORK, 30, 23, 59), ("v1", "v3")),
        (local(NEW_YORK, 29, 23, 59), ()),
        (local(NEW_YORK, 31, 0, 1), ()),
        (local(NEW_YORK, 1, 17, 30, month=11), ("v2",)),
        (local(PARIS, 2, 0, 30, month=11), ("v4", "v2")),
    ],
)
def test_the_day_before_is_the_one_of_the_sites_clock(now: datetime, expected: tuple[str, ...]) -> None:
    letters = due(scene(now=now), [Occasion.DAY_BEFORE])
    assert {one.visit_id for letter in letters for one in letter.matters} == set(expected)


def test_the_day_before_and_after_are_said_once() -> None:
    for occasion, now in ((Occasion.DAY_BEFORE, NOW), (Occasion.AFTER, local(NEW_YORK, 31, 13))):
        assert {m.visit_id for x in due(scene(now=now), [occasion]) for m in x.matters} == {"v1", "v3"}
        assert due(scene(now=now, told=told_of(plan(), occasion)), [occasion]) == ()


def test_a_visit_without_an_address_or_a_reason_is_held_back() -> None:
    law, dental = fleet().clients[1], fleet().clients[0]
    silent = replace(fleet(), clients=(dental, replace(law, email="")))
    (held,) = held_back(plan(), scene(fleet=silent))
    assert (held.visit_id, held.reason.rule) == ("v4", "notice")
    assert "Cabinet Moreau has no e-mail address" in held.reason.text
    assert held_back(plan(), scene()) == ()
    assert {one.visit_id for one in held_back(plan(), scene(reason=""))} == {"v1", "v2", "v3", "v4"}


def test_a_named_person_lets_a_visit_go_and_what_was_told_needs_nothing_more() -> None:
    waived = told_by([Event(1, NOW, TZ, None, WAIVED, "Ana", {"visit": "v4", "reason": "by telephone"})])
    assert waived.waived[VisitId("v4")].by == "Ana"
    assert {one.visit_id for one in held_back(plan(), scene(reason="", told=waived))} == {"v1", "v2", "v3"}
    assert held_back(plan(), scene(reason="", told=told_of(plan()))) == ()
    moved = shifted("v4", timedelta(hours=1))
    assert [one.visit_id for one in held_back(moved, scene(reason="", told=told_of(plan())))] == ["v4"]


def test_a_promised_visit_that_only_an_older_plan_knows_is_called_off_too() -> None:
    newer = replace(plan(), visits=plan().visits[1:], assignments=plan().assignments[1:])
    told = told_of(plan())
    assert due(scene(told=told, plan=newer), [CALLED_OFF]) == (), "nobody knows what it was"
    letters = due(scene(told=told, plan=newer, older=plan()), [CALLED_OFF])
    assert brief(letters) == {("dental", "called-off", "en", ("v1",))}


def waiting(seen: Scene) -> set[tuple[datetime, str, tuple[str, ...]]]:
    return {(x.due_at, x.letter.client_id, tuple(m.visit_id for m in x.letter.matters)) for x in reminders(seen)}


EARLY = local(NEW_YORK, 20, 9)


def test_a_reminder_waits_for_nine_in_the_morning_of_the_day_before_by_the_sites_clock() -> None:
    assert waiting(scene(now=EARLY)) == {
        (local(NEW_YORK, 30, 9), "dental", ("v1", "v3")),
        (local(NEW_YORK, 1, 9, month=11), "dental", ("v2",)),
        (local(PARIS, 2, 9, month=11), "law", ("v4",)),
    }
    told = told_of(plan())
    assert waiting(scene(now=local(NEW_YORK, 30, 23), told=replace(told, at={VisitId("v1"): EARLY}))) == {
        (local(NEW_YORK, 30, 9), "dental", ("v1",)),  # told in time; v3 was told of now, which is reminder enough
        (local(NEW_YORK, 1, 9, month=11), "dental", ("v2",)),
        (local(PARIS, 2, 9, month=11), "law", ("v4",)),
    }


def test_on_the_day_itself_nobody_is_reminded_of_tomorrow() -> None:
    told = replace(told_of(plan()), at={one.visit_id: EARLY for one in plan().assignments})
    assert {one for _, _, ids in waiting(scene(now=local(NEW_YORK, 31, 0, 5), told=told)) for one in ids} == {
        "v2",
        "v4",
    }


def states(**statuses: HostStatus) -> dict[HostId, HostState]:
    return {
        HostId(name): HostState(
            HostId(name), status, Stage.FINISHED, "", "", 1, 0, 1, None, None, None, None, None, NOW
        )
        for name, status in statuses.items()
    }


@pytest.mark.parametrize(
    ("hour", "mill3", "told"),
    [
        (11, HostStatus.VERIFIED, True),  # still in its hours, and everything is right
        (11, HostStatus.FAILED, False),  # its hours are not over: it may be tried again
        (9, HostStatus.VERIFIED, False),  # before it begins nothing was done by it
        (12, HostStatus.FAILED, True),
        (12, HostStatus.STALE, False),  # nobody has been there yet
        (12, HostStatus.CLAIMED, False),
        (36, HostStatus.STALE, True),  # a day late: say how it stands
        (36, HostStatus.CLAIMED, False),
    ],
)
def test_afterwards_is_when_every_machine_has_an_outcome(hour: int, mill3: HostStatus, told: bool) -> None:  # noqa: FBT001
    now = local(NEW_YORK, 31, 0) + timedelta(hours=hour)
    known = states(mill1=HostStatus.VERIFIED, mill2=HostStatus.RIGHT, mill3=mill3, front1=HostStatus.CLAIMED)
    letters = due(scene(now=now, states=known), [Occasion.AFTER])
    assert {m.visit_id for x in letters for m in x.matters} == ({"v3"} if told else set())
