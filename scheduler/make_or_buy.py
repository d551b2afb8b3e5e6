"""Make or buy: which clients our own people do, and which go to which partner, solved as one CP-SAT model.

The problem
    * A client goes whole to one party (our own people, or one partner), or to nobody. An ``Option`` is a party that
      may do it at all, with what that costs.
    * A party has rooms: minutes of its people by their skills. Work fits where, for every set of skills that is asked
      for, the work that needs at least it is no more than the minutes of the people who have at least it. That is
      necessary and not sufficient: ways, hours and order are the planner's, which should be asked afterwards.
    * A partner's agreement covers ``most_minutes`` of effort.
    * Each partner gets at most so many percent of the revenue, the clients and the effort of all clients of the
      problem (``Exposure``), and all partners together at most ``together``. Limits are of the whole, not of what is
      served, so that leaving a client out never makes room.

The aims, in this order
    1. as many machines as possible are given to somebody, as everywhere in Muster: nothing is left out to save money;
    2. the most expected profit: revenue and penalties by how reliable the party is, less cost;
    3. the fewest clients given away.

All sums are whole: cents, minutes, per mille. The same problem gives the same answer: one process, one seed, and a
limit in the solver's own measure of work.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from muster.errors import PlanError
from muster.ids import ClientId, PartnerId

MOST_WORK, MOST_WORK_NEXT = 3.0, 0.05
"""The solver's limits in its own deterministic measure, for each aim: of the answer, and of each next best.

With some dozens of clients and too little room the best is often found and seldom proved; then the answer says so.
"""

Choice = dict[ClientId, PartnerId | None]
"""Who does each client that is done; None is our own."""


@dataclass(frozen=True, slots=True)
class Load:
    """Work that needs people with at least these skills, travel included."""

    skills: frozenset[str]
    minutes: int


@dataclass(frozen=True, slots=True)
class Option:
    """A party that may do a client.

    Attributes:
        partner_id: None for our own people.
        cents: what it costs.
        loads: what it asks of the party's people; ways differ from party to party.
    """

    partner_id: PartnerId | None
    cents: int
    loads: tuple[Load, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientWork:
    """One client.

    Attributes:
        revenue_cents: what is earned when it is done.
        penalty_cents: what is owed when it is not.
        effort_minutes: without travel; what agreements and exposure count.
    """

    client_id: ClientId
    hosts: int
    effort_minutes: int
    revenue_cents: int = 0
    penalty_cents: int = 0
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Party:
    """Our own people (``partner_id`` None), or a partner.

    Attributes:
        rooms: minutes by what the people who have them can do.
        most_minutes: of effort, by its agreement; None where it sets no limit.
        reliable_permille: of the machines that it is given so many are right in time.
    """

    partner_id: PartnerId | None
    rooms: tuple[Load, ...]
    most_minutes: int | None = None
    reliable_permille: int = 1000


@dataclass(frozen=True, slots=True)
class Exposure:
    """At most so many percent of all of it; 100 is no limit.

    Raises:
        PlanError: a percentage outside 0 to 100.
    """

    revenue_percent: int = 100
    clients_percent: int = 100
    effort_percent: int = 100

    def __post_init__(self) -> None:
        if any(not 0 <= one <= 100 for one in (self.revenue_percent, self.clients_percent, self.effort_percent)):
            raise PlanError("a limit of exposure lies between 0 and 100 percent")


@dataclass(frozen=True)
class MakeOrBuy:
    """Everything that is decided about.

    Raises:
        PlanError: a client or a party is there twice, or an option names a party that is not there.
    """

    clients: tuple[ClientWork, ...]
    parties: tuple[Party, ...]
    each: Exposure = Exposure()
    together: Exposure = Exposure()

    def __post_init__(self) -> None:
        parties = [one.partner_id for one in self.parties]
        clients = [one.client_id for one in self.clients]
        if len(set(parties)) < len(parties) or len(set(clients)) < len(clients):
            raise PlanError("a client or a party is there twice")
        for client in self.clients:
            named = [one.partner_id for one in client.options]
            if len(set(named)) < len(named) or not set(named) <= set(parties):
                raise PlanError(f"an option of client {client.client_id} names a party twice, or one that is not there")

    def party(self, partner_id: PartnerId | None) -> Party:
        """One of the parties."""
        return next(one for one in self.parties if one.partner_id == partner_id)


@dataclass(frozen=True, slots=True)
class NextBest:
    """The best answer in which one client is not done by whom it was given to.

    Attributes:
        partner_id: who does it there, None is our own; only of meaning where ``given``.
        less_permille_cents: how much less is expected, in thousandths of a cent; below nothing where it is more money
            for fewer machines.
        fewer_hosts: machines that nobody does there, beyond those of the answer.
    """

    given: bool
    partner_id: PartnerId | None
    less_permille_cents: int
    fewer_hosts: int


@dataclass(frozen=True)
class Answer:
    """Who does what.

    Attributes:
        proved: whether no better one exists; else the search has reached its limit.
        expected: in thousandths of a cent.
        next_best: by client that is given to somebody.
    """

    choice: Mapping[ClientId, PartnerId | None]
    left_out: tuple[ClientId, ...]
    expected: int
    proved: bool
    next_best: Mapping[ClientId, NextBest] = field(default_factory=dict)


def expected(problem: MakeOrBuy, choice: Mapping[ClientId, PartnerId | None]) -> int:
    """The expected profit of a choice in thousandths of a cent; what nobody does owes its penalty."""
    total = 0
    for client in problem.clients:
        option = next(
            (
                one
                for one in client.options
                if client.client_id in choice and one.partner_id == choice[client.client_id]
            ),
            None,
        )
        total += -1000 * client.penalty_cents if option is None else _expected(problem, client, option)
    return total


def at_risk_cents(client: ClientWork, party: Party) -> int:
    """What is likely to be lost of a client's revenue and to be owed, by how reliable the party is; rounded."""
    return ((1000 - party.reliable_permille) * (client.revenue_cents + client.penalty_cents) + 500) // 1000


def solve(problem: MakeOrBuy, *, with_next_best: bool = True) -> Answer:
    """The best choice, and for each client the best answer without it.

    Args:
        problem: clients, parties and limits.
        with_next_best: whether to ask again for every client that is given.
    """
    first, proved = _best(problem, MOST_WORK)
    found = [first]
    if with_next_best:
        found += [_best(problem, MOST_WORK_NEXT, banned=(one, first[one]), near=first)[0] for one in first]
    choice = max(found, key=lambda one: _worth(problem, one))  # another than the first only where that is not proved
    next_best = {}
    for client_id in choice if with_next_best else ():
        others = [one for one in found if client_id not in one or one[client_id] != choice[client_id]]
        other = max(others, key=lambda one: _worth(problem, one))
        next_best[client_id] = _compared(problem, choice, other, client_id)
    left_out = tuple(one.client_id for one in problem.clients if one.client_id not in choice)
    return Answer(choice, left_out, expected(problem, choice), proved, next_best)


def _worth(problem: MakeOrBuy, choice: Choice) -> tuple[int, int, int]:
    """The three aims, more is better."""
    hosts = sum(one.hosts for one in problem.clients if one.client_id in choice)
    return hosts, expected(problem, choice), -sum(one is not None for one in choice.values())


def violations(problem: MakeOrBuy, choice: Mapping[ClientId, PartnerId | None]) -> tuple[str, ...]:
    """What is wrong with a choice, in sentences, counted without the solver."""
    given: dict[PartnerId | None, list[ClientWork]] = {one.partner_id: [] for one in problem.parties}
    for client in problem.clients:
        if client.client_id in choice:
            if choice[client.client_id] not in {one.partner_id for one in client.options}:
                return (f"{client.client_id} may not be given to {choice[client.client_id]}",)
            given[choice[client.client_id]].append(client)
    bought = [client for partner_id, clients in given.items() if partner_id is not None for client in clients]
    wrong = [] if _within(problem, bought, problem.together) else ["all partners together are over their limit"]
    for partner_id, clients in given.items():
        party = problem.party(partner_id)
        if not _fits(party, clients):
            wrong.append(f"{partner_id or 'our own people'} cannot do that much")
        if partner_id is not None and not _within(problem, clients, problem.each):
            wrong.append(f"{partner_id} is over its limit of exposure")
    return tuple(wrong)


def _fits(party: Party, clients: Sequence[ClientWork]) -> bool:
    loads = [
        load for client in clients for one in client.options if one.partner_id == party.partner_id for load in one.loads
    ]
    effort = sum(client.effort_minutes for client in clients)
    return (party.most_minutes is None or effort <= party.most_minutes) and all(
        _over(loads, skills) <= _over(party.rooms, skills) for skills in {load.skills for load in loads}
    )


def _over(loads: Iterable[Load], skills: frozenset[str]) -> int:
    """The minutes of everything that has at least these skills."""
    return sum(load.minutes for load in loads if skills <= load.skills)


def _within(problem: MakeOrBuy, clients: Sequence[ClientWork], limit: Exposure) -> bool:
    return all(
        100 * sum(part for client, part in zip(problem.clients, parts, strict=True) if client in clients)
        <= percent * sum(parts)
        for parts, percent in _measures(problem, limit)
    )


def _measures(problem: MakeOrBuy, limit: Exposure) -> Iterator[tuple[list[int], int]]:
    """What each client is of revenue, clients and effort, with the percentage that holds for it."""
    yield [one.revenue_cents for one in problem.clients], limit.revenue_percent
    yield [1 for _ in problem.clients], limit.clients_percent
    yield [one.effort_minutes for one in problem.clients], limit.effort_percent


def _expected(problem: MakeOrBuy, client: ClientWork, option: Option) -> int:
    right = problem.party(option.partner_id).reliable_permille
    return right * client.revenue_cents - (1000 - right) * client.penalty_cents - 1000 * option.cents


def _compared(problem: MakeOrBuy, choice: Choice, other: Choice, client_id: ClientId) -> NextBest:
    hosts = {one.client_id: one.hosts for one in problem.clients}
    fewer = sum(hosts[one] for one in choice) - sum(hosts[one] for one in other)
    less = expected(problem, choice) - expected(problem, other)
    return NextBest(client_id in other, other.get(client_id), less, fewer)


@dataclass(slots=True)
class _Model:
    """Whether each client goes to each of its options."""

    model: cp_model.CpModel
    on: dict[tuple[int, PartnerId | None], cp_model.IntVar]


def _best(
    problem: MakeOrBuy,
    most_work: float,
    banned: tuple[ClientId, PartnerId | None] | None = None,
    near: Choice | None = None,
) -> tuple[Choice, bool]:
    """The best choice by the three aims, one after the other; and whether that is proved. ``near`` is a hint."""
    made = _model(problem, banned)
    if near is not None:
        _hint(problem, made, near)
    clients = problem.clients
    aims = (
        sum(clients[number].hosts * one for (number, _), one in made.on.items()),
        sum(
            (
                _expected(problem, clients[number], _option(clients[number], partner_id))
                + 1000 * clients[number].penalty_cents
            )
            * one
            for (number, partner_id), one in made.on.items()
        ),
        sum(-one for (_, partner_id), one in made.on.items() if partner_id is not None),
    )
    choice: Choice = {}
    proved = True
    for aim in aims:
        if isinstance(aim, int):  # nothing is in it
            continue
        solver = _solver(most_work)
        made.model.maximize(aim)
        status = solver.solve(made.model)
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return choice, False
        proved &= status == cp_model.OPTIMAL
        choice = {
            clients[n].client_id: partner_id for (n, partner_id), one in made.on.items() if solver.boolean_value(one)
        }
        made.model.add(aim >= round(solver.objective_value))
        _hint(problem, made, choice)
    return choice, proved


def _hint(problem: MakeOrBuy, made: _Model, choice: Choice) -> None:
    """Let the solver begin with a choice."""
    made.model.clear_hints()  # type: ignore[no-untyped-call]  # OR-Tools left it without types
    for (number, partner_id), one in made.on.items():
        client_id = problem.clients[number].client_id
        made.model.add_hint(one, client_id in choice and choice[client_id] == partner_id)


def _option(client: ClientWork, partner_id: PartnerId | None) -> Option:
    return next(one for one in client.options if one.partner_id == partner_id)


def _solver(most_work: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = most_work
    solver.parameters.linearization_level = 2  # the limits are sums over all clients: its relaxation is strong
    return solver


def _model(problem: MakeOrBuy, banned: tuple[ClientId, PartnerId | None] | None) -> _Model:
    model = cp_model.CpModel()
    on = {
        (number, option.partner_id): model.new_bool_var(f"{client.client_id} to {option.partner_id}")
        for number, client in enumerate(problem.clients)
        for option in client.options
        if (client.client_id, option.partner_id) != banned
    }
    made = _Model(model, on)
    for number in range(len(problem.clients)):
        model.add_at_most_one(one for (n, _), one in on.items() if n == number)
    for party in problem.parties:
        _keep_room(problem, made, party)
    partners = [party.partner_id for party in problem.parties if party.partner_id is not None]
    for partner_id in partners:
        _keep_exposure(problem, made, {partner_id}, problem.each)
    _keep_exposure(problem, made, set(partners), problem.together)
    return made


def _keep_room(problem: MakeOrBuy, made: _Model, party: Party) -> None:
    """The party's people have the minutes, for every set of skills; and its agreement covers the effort."""
    mine = {number: one for (number, partner_id), one in made.on.items() if partner_id == party.partner_id}
    loads = {number: _option(problem.clients[number], party.partner_id).loads for number in mine}
    for skills in sorted({load.skills for one in loads.values() for load in one}, key=sorted):
        asked = sum(_over(loads[number], skills) * one for number, one in mine.items())
        made.model.add(asked <= _over(party.rooms, skills))
    if party.most_minutes is not None and mine:
        effort = sum(problem.clients[number].effort_minutes * one for number, one in mine.items())
        made.model.add(effort <= party.most_minutes)


def _keep_exposure(problem: MakeOrBuy, made: _Model, partners: set[PartnerId], limit: Exposure) -> None:
    theirs = [(number, one) for (number, partner_id), one in made.on.items() if partner_id in partners]
    for parts, percent in _measures(problem, limit):
        if theirs and percent < 100:
            made.model.add(sum(100 * parts[number] * one for number, one in theirs) <= percent * sum(parts))
