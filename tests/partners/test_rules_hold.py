"""No sequence of changes to vetting and agreements yields a plan, or a dispatch, that breaks a rule.

What may be done is judged here from the raw fields, without a line of ``partners.standing`` or the projection.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muster.campaign import EffortPolicy
from muster.crew import Crew, Engineer, Shift
from muster.fleet import Fleet
from muster.ids import ClientId, PartnerId, PersonId
from muster.plan import Assignment, Plan
from partners.agreement import Rate, RateUnit, SignedAgreement
from partners.beginning import may_not_begin
from partners.credentials import Credential, CredentialKind, Requirement
from partners.file import (
    ClientTerms,
    HouseRules,
    Known,
    PartnerFile,
    Suspension,
    Technician,
    authorised,
    judged,
    overridden,
    suspended,
    terminated,
    with_credential,
)
from partners.money import Money
from partners.projection import Prices, project
from partners.sla import Better, parse_term
from partners.vetting import Override, Score
from scheduler.build import World, build
from scheduler.estimate import effort_model
from scheduler.problem import Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.partners.make import DAY, END, START, agreement, clauses, days_after, euros, good_file, insurance
from tests.scheduler.world import NOW, engineer, fleet, states, world

ACME, BORG = ClientId("acme"), ClientId("borg")
RULES = HouseRules(
    required=(
        Requirement(CredentialKind.INSURANCE, "liability insurance", additional_insured=True),
        Requirement(CredentialKind.SCREENING, "police check", each_person=True),
    ),
    named_technicians=True,
)
SUMS = frozenset({"cost", "objective", "bound"})
SHORT = tuple(Shift(weekday, time(9), time(11)) for weekday in range(5))
"""Two hours a day, so that the work takes all the days of the campaign and every end of anything matters."""

PEOPLE = tuple(
    engineer(name, partner_id=PartnerId(partner), shifts=SHORT)
    for partner, name in (("north", "Nils"), ("north", "Nora"), ("south", "Sam"))
)


def partner_with_everything(name: str) -> PartnerFile:
    people = [person.id for person in PEOPLE if person.partner_id == name]
    checks = tuple(
        Credential(CredentialKind.SCREENING, "police check", START, END, "Kim", person_id=person) for person in people
    )
    return good_file(
        name,
        credentials=(insurance(), *checks),
        agreements=(agreement(id=f"{name}-1"),),
        technicians=tuple(Technician(person, "Kim", START, END) for person in people),
    )


Files = dict[PartnerId, PartnerFile]
Move = Callable[[PartnerFile, int], PartnerFile]


def _score(file: PartnerFile, dice: int) -> PartnerFile:
    score = Score("trustworthiness", 1 + dice % 5, "seen", "Ada", DAY, days_after(dice % 9))
    return judged(file, (score,), RULES)


def _override(file: PartnerFile, dice: int) -> PartnerFile:
    subject = ("trustworthiness", "overall", "liability insurance", "police check")[dice % 4]
    return overridden(file, Override(subject, "needed", "Kim", "Ada", DAY, days_after(dice % 7)), RULES)


def _lose_insurance(file: PartnerFile, dice: int) -> PartnerFile:
    kept = [one for one in file.credentials if one.kind is not CredentialKind.INSURANCE]
    return replace(file, credentials=(*kept, insurance(until=days_after(dice % 10 - 2), additional=dice % 3 > 0)))


def _insure(file: PartnerFile, _dice: int) -> PartnerFile:
    return with_credential(file, insurance())


def _screen(file: PartnerFile, dice: int) -> PartnerFile:
    person = PEOPLE[dice % 3].id
    kept = tuple(one for one in file.credentials if one.person_id != person)
    ends = days_after(dice % 8 - 1)
    return replace(
        file,
        credentials=(
            *kept,
            Credential(CredentialKind.SCREENING, "police check", START, ends, "Kim", person_id=person),
        ),
    )


def _authorise(file: PartnerFile, dice: int) -> PartnerFile:
    clients = ((), (ACME,), (BORG,))[dice % 3]
    return authorised(file, Technician(PEOPLE[dice % 3].id, "Kim", START, days_after(dice % 11), clients))


def _end(file: PartnerFile, dice: int) -> PartnerFile:
    return terminated(file, file.agreements[-1].id, days_after(dice % 8))


def _sign(file: PartnerFile, dice: int) -> PartnerFile:
    number = len(file.agreements) + 1
    new = agreement(
        id=f"{file.id}-{number}",
        valid_from=days_after(dice % 4),
        capacity_minutes=(90, 0, None, 120)[dice % 4],
        clients=((), (ACME,), (BORG,))[dice % 3],
        theirs=None if dice % 5 == 0 else agreement().theirs,
        board=None if dice % 7 == 0 else agreement().board,
        clauses=clauses(sla=(parse_term(f"response_minutes={30 + dice % 60}"),)),
    )
    return replace(file, agreements=(*file.agreements, new))


def _suspend(file: PartnerFile, dice: int) -> PartnerFile:
    return suspended(file, Suspension("Ada", "a complaint", days_after(dice % 6)) if dice % 2 else None)


def _region(file: PartnerFile, dice: int) -> PartnerFile:
    return replace(file, regions=((), ("west",), ("north",))[dice % 3])


def _competes(file: PartnerFile, dice: int) -> PartnerFile:
    return replace(file, competes_with=((), (ACME,), (BORG,))[dice % 3])


MOVES: tuple[Move, ...] = (
    _score,
    _override,
    _lose_insurance,
    _insure,
    _screen,
    _authorise,
    _end,
    _sign,
    _suspend,
    _region,
    _competes,
)
moves = st.lists(
    st.tuples(st.sampled_from(MOVES), st.sampled_from(["north", "south"]), st.integers(0, 999)), max_size=4
)
terms = st.fixed_dictionaries(
    {
        ACME: st.sampled_from([(), ("north",), ("south",)]),
        BORG: st.sampled_from([0, 45, 75]),
    }
)


def played(files: Files, changes: Sequence[tuple[Move, str, int]]) -> Files:
    made = dict(files)
    for move, name, dice in changes:
        made[PartnerId(name)] = move(made[PartnerId(name)], dice)
    return made


def known(files: Files, wishes: dict[ClientId, object]) -> Known:
    unwanted, promised = wishes[ACME], wishes[BORG]
    assert isinstance(unwanted, tuple)
    return Known(
        files,
        {
            ACME: ClientTerms(ACME, unwanted=tuple(PartnerId(name) for name in unwanted)),
            BORG: ClientTerms(BORG, promised=(parse_term(f"response_minutes={promised}"),) if promised else ()),
        },
        RULES,
    )


def open_fleet() -> Fleet:
    closed = fleet(4)
    return replace(closed, clients=tuple(replace(client, partners_allowed=True) for client in closed.clients))


def problem_of(of: Known) -> Problem:
    start = world(PEOPLE)
    last = start.campaign.deadline.date() + timedelta(days=1)
    allowed = project(Crew(PEOPLE), open_fleet(), of, NOW.date(), last, {}, Prices("EUR"))
    made: World = replace(
        start,
        fleet=open_fleet(),
        effort=effort_model(EffortPolicy(remote_minutes_per_host=70, setup_minutes=1, max_visit_minutes=60)),
        crew=allowed.crew,
        objections=allowed.objections,
        kept_out=allowed.kept_out,
        barriers=allowed.barriers,
    )
    return build(made, states(open_fleet()))


def faults(of: Known, plan: Plan) -> list[str]:
    """Everything that a plan does and the raw files do not allow."""
    found = []
    sites = {site.id: site for site in open_fleet().sites}
    minutes: dict[str, int] = {}
    for one in plan.assignments:
        visit, person = plan.visit[one.visit_id], next(p for p in PEOPLE if p.id == one.person_id)
        file = of.files[person.partner_id or PartnerId("")]
        day = one.starts_at.astimezone(ZoneInfo(person.timezone)).date()
        binding = _binding(file, day)
        found += [f"{what}: {one}" for what in _unfit(file, person, day) if what]
        if binding is None:
            found.append(f"no agreement: {one}")
            continue
        minutes[binding.id] = minutes.get(binding.id, 0) + round((one.ends_at - one.starts_at).total_seconds() / 60)
        if binding.capacity_minutes is not None and minutes[binding.id] > binding.capacity_minutes:
            found.append(f"over capacity: {one}")
        if binding.clients and visit.client_id not in binding.clients:
            found.append(f"client not covered: {one}")
        found += [
            f"{what}: {one}" for what in _unwelcome(of, file, binding, visit.client_id, sites[visit.site_id].region)
        ]
        named = [t for t in file.technicians if t.person_id == person.id and t.on <= day <= t.until]
        if not named or (named[-1].clients and visit.client_id not in named[-1].clients):
            found.append(f"not authorised: {one}")
    return found


def _binding(file: PartnerFile, day: date) -> SignedAgreement | None:
    good = [
        a
        for a in file.agreements
        if a.ours and a.theirs and a.board and a.valid_from <= day <= a.valid_until
        and (a.terminated_on is None or day < a.terminated_on)
    ]  # fmt: skip
    return good[-1] if good else None


def _unfit(file: PartnerFile, person: Engineer, day: date) -> list[str]:
    lifted = {o.subject for o in file.overrides if o.on <= day <= o.valid_until}
    found = ["suspended" if file.suspension and file.suspension.on <= day else ""]
    points = []
    for criterion in RULES.criteria:
        newest = [s for s in file.scores if s.criterion == criterion.name and s.on <= day][-1]
        points.append(newest.points if day <= newest.valid_until else 0)
        found.append("low score" if points[-1] < 3 and criterion.name not in lifted else "")
    if min(points) > 0 and Decimal(sum(points)) / len(points) < Decimal("3.495") and "overall" not in lifted:
        found.append("low mean")
    held = [c for c in file.credentials if c.valid_from <= day <= c.valid_until]
    insured = any(c.cover and c.cover.additional_insured for c in held)
    screened = any(c.kind is CredentialKind.SCREENING and c.person_id == person.id for c in held)
    found.append("" if insured or "liability insurance" in lifted else "not insured")
    found.append("" if screened or "police check" in lifted else "not screened")
    return found


def _unwelcome(of: Known, file: PartnerFile, binding: SignedAgreement, client: ClientId, region: str) -> list[str]:
    promised = of.terms[client].promised
    offered = {term.name: term.value for term in binding.clauses.sla}
    weak = any(
        term.name not in offered
        or (offered[term.name] > term.value if term.kind.better is Better.LESS else offered[term.name] < term.value)
        for term in promised
    )
    return [
        *(["unwanted"] if file.id in of.terms[client].unwanted else []),
        *(["competes"] if client in file.competes_with else []),
        *(["out of region"] if file.regions and region not in file.regions else []),
        *(["weaker terms"] if weak else []),
    ]


GOOD: Files = {PartnerId(name): partner_with_everything(name) for name in ("north", "south")}


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__.strip("_"))
def test_no_single_change_of_the_only_partner_breaks_a_rule(move: Move) -> None:
    none_at_all: dict[ClientId, object] = {ACME: (), BORG: 45}
    for dice in range(12):
        only = {PartnerId("north"): move(GOOD[PartnerId("north")], dice)}
        problem = problem_of(known(only, none_at_all))
        plan = solve(problem, MaxIterations(3), 1)
        assert violations(problem, plan) == ()
        assert faults(known(only, none_at_all), plan) == [], dice


@settings(max_examples=40)
@given(first=moves, then=moves, wishes=terms)
def test_no_sequence_of_changes_yields_a_plan_or_a_dispatch_that_breaks_a_rule(
    first: list[tuple[Move, str, int]], then: list[tuple[Move, str, int]], wishes: dict[ClientId, object]
) -> None:
    files = played(GOOD, first)
    problem = problem_of(known(files, wishes))
    plan = solve(problem, MaxIterations(3), 1)
    assert violations(problem, plan) == ()
    assert faults(known(files, wishes), plan) == []
    later = known(played(files, then), wishes)
    still_holds = all(one.rule in SUMS for one in violations(problem_of(later), plan))
    if still_holds:
        assert faults(later, plan) == [], "dispatch would have let it pass"


@settings(max_examples=40)
@given(first=moves, then=moves, wishes=terms)
def test_no_sequence_of_changes_lets_a_visit_begin_that_breaks_a_rule(
    first: list[tuple[Move, str, int]], then: list[tuple[Move, str, int]], wishes: dict[ClientId, object]
) -> None:
    """A plan was dispatched, everything changed, and each of its visits is asked on its day whether it may begin."""
    plan = solve(problem_of(known(played(GOOD, first), wishes)), MaxIterations(3), 1)
    later, there = known(played(played(GOOD, first), then), wishes), open_fleet()
    crew = Crew(PEOPLE)

    def may(one: Assignment) -> bool:
        visit, person = plan.visit[one.visit_id], crew.engineer[one.person_id]
        day = one.starts_at.astimezone(ZoneInfo(person.timezone)).date()
        return not may_not_begin(later, crew, person, there.client[visit.client_id], there.site[visit.site_id], day)

    begun = tuple(one for one in plan.assignments if may(one))
    assert [one for one in faults(later, replace(plan, assignments=begun)) if "over capacity" not in one] == []
    kept_out = [one for one in plan.assignments if one not in begun]
    assert all(faults(later, replace(plan, assignments=(one,))) for one in kept_out), "nobody is held without a reason"


def test_partners_with_everything_are_given_all_of_it() -> None:
    """The property above is not true because nothing is ever planned."""
    plan = solve(problem_of(known(GOOD, {ACME: (), BORG: 0})), MaxIterations(50), 1)
    assert plan.unplaced == ()
    assert {one.person_id for one in plan.assignments} <= {person.id for person in PEOPLE}


BREAKS: dict[str, tuple[Callable[[PartnerFile], PartnerFile], str]] = {
    "suspended": (lambda f: suspended(f, Suspension("Ada", "a complaint", DAY)), "person"),
    "out of insurance": (lambda f: replace(f, credentials=f.credentials[1:]), "person"),
    "not signed": (lambda f: replace(f, agreements=()), "person"),
    "competitor": (lambda f: replace(f, competes_with=(ACME, BORG)), "barred"),
    "region": (lambda f: replace(f, regions=("moon",)), "barred"),
    "service level": (lambda f: replace(f, agreements=(agreement(clauses=clauses(sla=())),)), "barred"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_a_change_takes_away_is_left_out_and_the_rule_is_told(what: str) -> None:
    change, rule = BREAKS[what]
    only = {
        PartnerId("north"): change(GOOD[PartnerId("north")]),
        PartnerId("south"): replace(good_file("south"), agreements=()),
    }
    sla = {client: ClientTerms(client, promised=(parse_term("response_minutes=60"),)) for client in (ACME, BORG)}
    problem = problem_of(Known(only, sla, RULES))
    plan = solve(problem, MaxIterations(3), 1)
    assert plan.assignments == ()
    told = [(reason.rule, reason.text) for one in plan.unplaced for reason in one.reasons]
    left_out = [one.reason for one in problem.left_out]
    if rule == "barred":
        assert all(what in text for name, text in told if name == "barred")
        assert any(name == "barred" for name, _ in told)
    else:
        assert any(what.rsplit(maxsplit=1)[-1] in reason for reason in left_out), left_out


def test_person_ids_of_the_test_are_people() -> None:
    assert {PersonId("nils"), PersonId("nora"), PersonId("sam")} == {person.id for person in PEOPLE}


@pytest.mark.parametrize(
    ("rate", "cents"),
    [(Rate(RateUnit.HOUR, euros(70)), 7_000), (Rate(RateUnit.HOST, euros("5.50")), 8_250),
     (Rate(RateUnit.VISIT, euros(90)), 9_000), (Rate(RateUnit.HOUR, Money(Decimal(1), "CAD")), 6_000)],
)  # fmt: skip
def test_what_is_agreed_is_what_the_planner_weighs(rate: Rate, cents: int) -> None:
    file = good_file(agreements=(agreement(clauses=clauses(rate=rate)),))
    allowed = project(
        Crew(PEOPLE), open_fleet(), Known({file.id: file}), DAY, DAY, {}, Prices("EUR", minutes_per_host=4)
    )
    assert allowed.crew.engineer[PersonId("nils")].rate_cents_per_hour == cents
