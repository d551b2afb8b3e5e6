"""Make or buy: the answer is the best one of all that there are, by going through all of them; limits hold."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from muster.errors import PlanError
from muster.ids import ClientId, PartnerId
from scheduler.make_or_buy import (
    Choice,
    ClientWork,
    Exposure,
    Load,
    MakeOrBuy,
    Option,
    Party,
    at_risk_cents,
    expected,
    solve,
    violations,
)

NORTH, SOUTH = PartnerId("north"), PartnerId("south")
LINUX, BOTH = frozenset({"linux"}), frozenset({"linux", "windows"})


def client(
    name: str, *options: Option, hosts: int = 1, effort: int = 60, revenue: int = 0, owed: int = 0
) -> ClientWork:
    return ClientWork(ClientId(name), hosts, effort, revenue, owed, options)


def party(partner_id: PartnerId | None, minutes: int = 10_000, *, most: int | None = None, right: int = 1000) -> Party:
    return Party(partner_id, (Load(BOTH, minutes),), most, right)


def option(partner_id: PartnerId | None, cents: int, minutes: int = 60, skills: frozenset[str] = LINUX) -> Option:
    return Option(partner_id, cents, (Load(skills, minutes),))


def drawn(seed: int) -> MakeOrBuy:
    """Up to six clients and three parties, everything at random, mostly too little room."""
    dice = Random(seed)  # noqa: S311 - a test
    parties = tuple(
        Party(
            partner_id,
            tuple(Load(skills, dice.randint(0, 200)) for skills in (LINUX, BOTH)),
            dice.choice([None, dice.randint(30, 250)]) if partner_id else None,
            dice.choice([1000, 900, 650]),
        )
        for partner_id in (None, NORTH, SOUTH)
    )
    clients = tuple(
        client(
            f"c{number}",
            *(
                Option(
                    one.partner_id,
                    dice.randint(0, 300),
                    tuple(
                        Load(skills, dice.randint(10, 90)) for skills in dice.sample([LINUX, BOTH], dice.randint(1, 2))
                    ),
                )
                for one in parties
                if dice.random() < 0.8
            ),
            hosts=dice.randint(1, 4),
            effort=dice.randint(10, 120),
            revenue=dice.choice([0, dice.randint(0, 900)]),
            owed=dice.choice([0, 50]),
        )
        for number in range(dice.randint(1, 6))
    )
    limits = [Exposure(*(dice.choice([100, 60, 34, 0]) for _ in range(3))) for _ in range(2)]
    return MakeOrBuy(clients, parties, *limits)


def every_choice(problem: MakeOrBuy) -> list[Choice]:
    """All that break no limit, counted by ``violations``."""
    ways = [[None, *one.options] for one in problem.clients]
    found: list[Choice] = []
    for row in product(*ways):
        pairs = zip(problem.clients, row, strict=True)
        choice = {one.client_id: chosen.partner_id for one, chosen in pairs if chosen is not None}
        if not violations(problem, choice):
            found.append(choice)
    return found


def worth(problem: MakeOrBuy, choice: Choice) -> tuple[int, int, int]:
    hosts = sum(one.hosts for one in problem.clients if one.client_id in choice)
    return hosts, expected(problem, choice), -sum(one is not None for one in choice.values())


@pytest.mark.parametrize("seed", range(40))
def test_no_choice_of_all_that_there_are_is_better(seed: int) -> None:
    problem = drawn(seed)
    answer = solve(problem)
    choices = every_choice(problem)
    assert answer.proved
    assert violations(problem, answer.choice) == ()
    best = max(worth(problem, one) for one in choices)
    assert worth(problem, dict(answer.choice)) == best
    for client_id, partner_id in answer.choice.items():
        others = [one for one in choices if client_id not in one or one[client_id] != partner_id]
        second = max(worth(problem, one) for one in others)
        told = answer.next_best[client_id]
        assert (told.fewer_hosts, told.less_permille_cents) == (best[0] - second[0], best[1] - second[1])


def test_the_drawn_problems_ask_for_something() -> None:
    """Some leave clients out, some buy, some make, some are stopped by exposure alone."""
    answers = [(solve(one, with_next_best=False), one) for one in map(drawn, range(40))]
    assert any(answer.left_out for answer, _ in answers)
    assert any(None in answer.choice.values() for answer, _ in answers)
    assert any({NORTH, SOUTH} <= set(answer.choice.values()) for answer, _ in answers)
    free = [solve(replace(one, each=Exposure(), together=Exposure()), with_next_best=False) for _, one in answers]
    assert any(one.expected != answer.expected for one, (answer, _) in zip(free, answers, strict=True))


def test_the_dearer_party_is_bought_only_where_ours_has_no_room() -> None:
    clients = [client(name, option(None, 100), option(NORTH, 150), revenue=500) for name in ("a", "b", "c")]
    answer = solve(MakeOrBuy(tuple(clients), (party(None, 120), party(NORTH))))
    assert sorted(str(one) for one in answer.choice.values()) == ["None", "None", "north"]
    assert answer.expected == 1000 * (1500 - 100 - 100 - 150)


def test_who_is_less_reliable_loses_what_is_at_risk() -> None:
    work = client("a", option(NORTH, 100), option(SOUTH, 130), revenue=1000, owed=500)
    good = party(SOUTH, right=950)
    answer = solve(MakeOrBuy((work,), (party(NORTH, right=900), good)))
    assert answer.choice == {"a": SOUTH}, "5 % of 1500 are more than the 30 that it costs more"
    assert at_risk_cents(work, good) == 75
    assert answer.next_best[ClientId("a")].less_permille_cents == 1000 * (75 - 30)


def test_skills_are_not_lent_to_who_does_not_have_them() -> None:
    work = client("a", option(None, 100, skills=BOTH))
    assert solve(MakeOrBuy((work,), (Party(None, (Load(LINUX, 1000),)),))).left_out == ("a",)
    mixed = Party(None, (Load(LINUX, 1000), Load(BOTH, 60)))
    assert solve(MakeOrBuy((work,), (mixed,))).choice == {"a": None}


def test_machines_come_before_money() -> None:
    work = client("a", option(NORTH, 1_000_000))
    assert solve(MakeOrBuy((work,), (party(NORTH),))).choice == {"a": NORTH}


@pytest.mark.parametrize(
    "limit", [Exposure(revenue_percent=50), Exposure(clients_percent=50), Exposure(effort_percent=50)]
)
def test_no_partner_gets_more_than_its_share(limit: Exposure) -> None:
    clients = tuple(client(name, option(NORTH, 100), revenue=500) for name in ("a", "b", "c", "d"))
    one = solve(MakeOrBuy(clients, (party(NORTH),), each=limit))
    assert len(one.choice) == 2
    assert solve(MakeOrBuy(clients, (party(NORTH),), together=limit)).expected == one.expected
    two = tuple(replace(work, options=(option(NORTH, 100), option(SOUTH, 100))) for work in clients)
    assert len(solve(MakeOrBuy(two, (party(NORTH), party(SOUTH)), each=limit)).choice) == 4


def test_an_agreement_covers_no_more_than_it_says() -> None:
    clients = tuple(client(name, option(NORTH, 100)) for name in ("a", "b", "c"))
    assert len(solve(MakeOrBuy(clients, (party(NORTH, most=120),))).choice) == 2


def test_the_same_problem_has_the_same_answer_and_nothing_at_all_has_one() -> None:
    assert solve(drawn(3)) == solve(drawn(3))
    assert solve(MakeOrBuy((), ())).choice == {}


def test_what_does_not_hold_together_is_refused() -> None:
    with pytest.raises(PlanError):
        MakeOrBuy((client("a", option(NORTH, 1)),), (party(None),))
    with pytest.raises(PlanError):
        MakeOrBuy((), (party(None), party(None)))
    with pytest.raises(PlanError):
        Exposure(101)
