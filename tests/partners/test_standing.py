"""Who may be given work on a day: every reason is found, in words, and nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.ids import PersonId
from partners.agreement import months_after
from partners.credentials import Cover, Credential, CredentialKind, Requirement
from partners.errors import Refused
from partners.file import (
    HouseRules,
    PartnerFile,
    Suspension,
    Technician,
    judged,
    overridden,
    signed,
    terminated,
    with_agreement,
)
from partners.standing import agreement_on, first_run, person_reasons, standing
from partners.vetting import SIX, Criterion, Override, Score, mean_on, score_on
from tests.partners.make import (
    DAY,
    END,
    START,
    agreement,
    clauses,
    days_after,
    euros,
    good_file,
    insurance,
    scores,
)


def override(subject: str = "credit", *, by: str = "Kim", second: str = "Ada", until: date = END) -> Override:
    return Override(subject, "known for ten years", by, second, START, until)


def test_a_partner_with_everything_is_eligible() -> None:
    assert standing(good_file(), DAY).eligible
    assert str(standing(good_file(), DAY)) == "eligible"


WRONG: dict[str, tuple[Callable[[], PartnerFile], str]] = {
    "suspended": (
        lambda: good_file(suspension=Suspension("Ada", "a complaint", DAY)),
        "it is suspended since 2026-10-19 by Ada: a complaint",
    ),
    "not judged": (lambda: good_file(scores=scores()[1:]), "it has not been judged for skill"),
    "judged too low": (
        lambda: good_file(scores=(*scores(5)[1:], replace(scores()[0], points=2))),
        "it has 2 of 5 for skill (Kim), and 3 is needed",
    ),
    "too low in all": (lambda: good_file(scores=scores(3)), "its vetting comes to 3.00 of 5 in all, and 3.5 is needed"),
    "judged too long ago": (
        lambda: good_file(scores=(*scores()[1:], replace(scores()[0], valid_until=days_after(-1)))),
        "its score for skill ended on 2026-10-18",
    ),
    "no insurance": (lambda: good_file(credentials=()), "it has no liability insurance on 2026-10-19"),
    "insurance ended": (
        lambda: good_file(credentials=(insurance(until=days_after(-1)),)),
        "its liability insurance ended on 2026-10-18",
    ),
    "not additional insured": (
        lambda: good_file(credentials=(insurance(additional=False),)),
        "its liability insurance does not name us as additional insured",
    ),
    "no agreement": (lambda: good_file(agreements=()), "no agreement is signed"),
    "not signed by them": (
        lambda: good_file(agreements=(agreement(theirs=None),)),
        "agreement A-1 is not signed by North IT",
    ),
    "no board": (lambda: good_file(agreements=(agreement(board=None),)), "the board has not approved agreement A-1"),
    "agreement ended": (
        lambda: good_file(agreements=(agreement(valid_until=days_after(-1)),)),
        "agreement A-1 ended on 2026-10-18",
    ),
    "agreement not begun": (
        lambda: good_file(agreements=(agreement(valid_from=days_after(1)),)),
        "agreement A-1 begins on 2026-10-20",
    ),
    "agreement called off": (
        lambda: terminated(good_file(), "A-1", DAY),
        "agreement A-1 was ended on 2026-10-18",
    ),
    "no rate": (
        lambda: good_file(agreements=(agreement(clauses=clauses(rate=None)),)),
        "agreement A-1 has no clause on a rate",
    ),
    "poaching": (
        lambda: good_file(agreements=(agreement(clauses=clauses(non_solicitation=None)),)),
        "agreement A-1 has no clause on no soliciting of customers and of staff",
    ),
    "passing on": (
        lambda: good_file(agreements=(agreement(clauses=clauses(onward_subcontracting=True)),)),
        "agreement A-1 has no clause on no onward subcontracting",
    ),
    "talking": (
        lambda: good_file(agreements=(agreement(clauses=clauses(confidentiality_months=0)),)),
        "agreement A-1 has no clause on confidentiality",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_thing_missing_is_the_one_reason_that_is_told(what: str) -> None:
    make, words = WRONG[what]
    assert [reason.text for reason in standing(make(), DAY).reasons] == [words]


@pytest.mark.parametrize("count", [0, 1])
def test_the_last_day_of_everything_still_counts(count: int) -> None:
    last = days_after(count)
    until = good_file(
        scores=scores(until=last), credentials=(insurance(until=last),), agreements=(agreement(valid_until=last),)
    )
    assert standing(until, last).eligible
    assert not standing(until, days_after(count + 1)).eligible


def test_what_a_partner_lacks_is_lifted_by_two_people_and_a_reason() -> None:
    weak = good_file(scores=tuple(replace(one, points=2 if one.criterion == "credit" else 5) for one in scores()))
    assert not standing(weak, DAY).eligible
    assert standing(overridden(weak, override(), HouseRules()), DAY).eligible
    uninsured = good_file(credentials=())
    lifted = overridden(uninsured, override("liability insurance"), HouseRules())
    assert standing(lifted, DAY).eligible
    assert not standing(lifted, replace(override(), valid_until=END).valid_until.replace(year=2028)).eligible


@pytest.mark.parametrize(("by", "second"), [("Kim", "Kim"), ("Kim", " kim "), ("Kim", ""), ("", "Ada")])
def test_an_override_takes_two_different_people(by: str, second: str) -> None:
    with pytest.raises(Refused):
        override(by=by, second=second)


def test_an_override_without_a_reason_is_refused() -> None:
    with pytest.raises(Refused, match="without a reason"):
        Override("credit", "  ", "Kim", "Ada", START, END)


def test_an_agreement_and_a_suspension_are_never_overridden() -> None:
    for subject in ("agreement", "suspended"):
        with pytest.raises(Refused, match="there is no rule"):
            overridden(good_file(), override(subject), HouseRules())


def test_a_criterion_of_ones_own_is_asked_of_everybody() -> None:
    rules = HouseRules(criteria=(*SIX, Criterion("speaks French", least=4)))
    assert [r.text for r in standing(good_file(), DAY, rules).reasons] == ["it has not been judged for speaks French"]
    fluent = judged(good_file(), (Score("speaks French", 4, "an interview", "Kim", START, END),), rules)
    assert standing(fluent, DAY, rules).eligible
    with pytest.raises(Refused, match="is no criterion"):
        judged(good_file(), (Score("taste", 4, "x", "Kim", START, END),), rules)


def test_the_newest_score_counts_and_an_older_one_never_comes_back() -> None:
    old, new = scores()[0], Score("skill", 2, "a job went wrong", "Ada", DAY, days_after(1))
    assert score_on((old, new), "skill", days_after(-1)) == old
    assert score_on((old, new), "skill", DAY) == new
    assert score_on((old, new), "skill", days_after(2)) is None


def test_the_mean_is_weighted_and_exact() -> None:
    heavy = (Criterion("skill", weight=2), Criterion("credit"))
    given_ = (replace(scores()[0], points=5), replace(scores()[4], points=3))
    assert mean_on(given_, heavy, DAY) == Decimal("4.33")


def test_an_insurance_must_be_large_enough_and_in_the_same_money() -> None:
    wanted = Requirement(CredentialKind.INSURANCE, "liability insurance", least=euros(1_000_000))
    rules = HouseRules(required=(wanted,))
    assert standing(good_file(), DAY, rules).eligible
    small = good_file(credentials=(insurance(limit="999999.99"),))
    assert "covers 999,999.99 EUR, and 1,000,000.00 EUR is needed" in str(standing(small, DAY, rules))
    dollars = Cover("Mutual", replace(euros(5_000_000), currency="USD"), additional_insured=True)
    foreign = good_file(credentials=(replace(insurance(), cover=dollars),))
    assert "another currency" in str(standing(foreign, DAY, rules))


def test_people_are_screened_and_authorised_by_name() -> None:
    rules = HouseRules(
        required=(Requirement(CredentialKind.SCREENING, "police check", each_person=True),), named_technicians=True
    )
    nils = PersonId("nils")
    assert [r.rule for r in person_reasons(good_file(), nils, DAY, rules)] == ["screening", "technician"]
    check = Credential(CredentialKind.SCREENING, "police check", START, DAY, "Kim", person_id=nils)
    known = good_file(credentials=(check,), technicians=(Technician(nils, "Kim", START, END),))
    assert person_reasons(known, nils, DAY, rules) == ()
    assert [r.rule for r in person_reasons(known, nils, days_after(1), rules)] == ["screening"]


def test_the_first_run_of_days_ends_where_anything_ends() -> None:
    until = good_file(credentials=(insurance(until=days_after(3)),))
    run = first_run(until, DAY, days_after(10))
    assert run is not None
    assert (run.first, run.last) == (DAY, days_after(3))
    assert first_run(good_file(agreements=()), DAY, days_after(10)) is None
    later = good_file(agreements=(agreement(valid_from=days_after(2)),))
    found = first_run(later, DAY, days_after(10))
    assert found is not None
    assert found.first == days_after(2)


def test_of_two_agreements_the_one_made_last_covers_the_work() -> None:
    both = good_file(agreements=(agreement(), agreement(id="A-2")))
    found = agreement_on(both, DAY)
    assert found is not None
    assert found.id == "A-2"


def test_what_is_signed_does_not_change_any_more() -> None:
    with pytest.raises(Refused, match="is signed and does not change"):
        with_agreement(good_file(), agreement(valid_until=days_after(1)))
    draft = agreement(ours=None, theirs=None, board=None)
    redrafted = with_agreement(good_file(agreements=(draft,)), replace(draft, valid_until=days_after(1)))
    assert redrafted.agreements[0].valid_until == days_after(1)
    both = signed(
        signed(redrafted, "A-1", ours=agreement().ours), "A-1", theirs=agreement().theirs, board=agreement().board
    )
    assert standing(both, DAY).eligible


def test_confidence_binds_after_the_end() -> None:
    assert months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert agreement().binds_until == months_after(END, 60)


@given(st.integers(-400, 400), st.integers(-400, 400), st.integers(-400, 400))
def test_nobody_is_eligible_outside_any_of_the_three_spans(vetted: int, insured: int, bound: int) -> None:
    file = good_file(
        scores=scores(on=days_after(min(vetted, 0)), until=days_after(max(vetted, 0))),
        credentials=(
            replace(insurance(), valid_from=days_after(min(insured, 0)), valid_until=days_after(max(insured, 0))),
        ),
        agreements=(agreement(valid_from=days_after(min(bound, 0)), valid_until=days_after(max(bound, 0))),),
    )
    for count in (-500, vetted, insured, bound, 0, 500):
        inside = all(min(end, 0) <= count <= max(end, 0) for end in (vetted, insured, bound))
        signed_by_then = days_after(count) >= START
        assert standing(file, days_after(count)).eligible == (inside and signed_by_then)
