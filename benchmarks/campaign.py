"""What a campaign of stub hosts costs Muster itself, and how true the estimate's words are.

``python -m benchmarks.campaign --stub 10000`` pushes so many hosts that answer at once (``benchmarks.push_stub``: plan
and push in processes of their own, ledger on SQLite, the real flow on a real Prefect server): Muster's own CPU per
host in the pushing process and with Prefect's server, the task runs that Prefect has made, and the peak memory of each
process.

With ``--calibration``: of measurements that the estimate has not seen, how many fall under its P50, P80 and P95?

``python -m benchmarks.campaign --calibration`` makes worlds in which kinds of host take what they take, lets the
estimate see some pushes or finished visits, and judges it by others. ``--workspace FOLDER`` (repeat it) adds the
pushes that a real ledger holds: a fifth of them is hidden in turn, five times. The worlds are not the
estimate's own model: kinds differ more than its prior believes, the guess is wrong by a factor of its own, some hosts
take five times as long, and sites are slow or quick as a whole.
"""

from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from random import Random
from statistics import mean, pstdev

from benchmarks.common import Row, options_of, show
from muster.campaign import EffortPolicy
from muster.fleet import OsFamily
from muster.ids import CampaignId
from muster.plan import VisitMode
from scheduler.estimate import Effort, EffortModel, FinishedVisit, Observation, effort_model
from scheduler.kinds import HostKind

SHARES = (0.5, 0.8, 0.95)
HELD_OUT = 200
FOLDS = 5
KINDS = tuple(
    HostKind(family, role, f"{family.value} {release}")
    for family in (OsFamily.LINUX, OsFamily.WINDOWS)
    for role in ("server", "desktop", "till")
    for release in range(1, 5)
)
Judged = list[tuple[Effort, float]]


@dataclass(frozen=True, slots=True)
class Nature:
    """What a world is like; standard deviations of logarithms.

    Attributes:
        slow: share of hosts that take five times as long.
    """

    name: str
    guess_wrong: float = 0.3
    kinds: float = 0.3
    hosts: float = 0.6
    sites: float = 0.0
    slow: float = 0.0


NATURES = (
    Nature("as the prior believes", 0.15, 0.2),
    Nature("guess wrong, kinds apart", 0.9, 0.5),
    Nature("hosts much alike", 0.5, 0.4, 0.25),
    Nature("hosts much unlike", 0.5, 0.4, 0.9),
    Nature("1 in 20 five times as long", slow=0.05),
    Nature("slow and quick sites", sites=0.4),
)


class Nurture:
    """One world: what its kinds take in truth, and measurements drawn from it."""

    def __init__(self, nature: Nature, seed: int) -> None:
        """Draw the truth."""
        self.nature, self.dice = nature, Random(seed)  # noqa: S311 - repeatable worlds, no secrets
        guess, normal = 20.0, self.dice.normalvariate
        self.policy = EffortPolicy(remote_minutes_per_host=guess, onsite_minutes_per_host=guess)
        everybody = normal(0, nature.guess_wrong)
        families = {family: normal(0, nature.kinds) for family in OsFamily}
        self.truth = {
            kind: guess * exp(everybody + families[kind.family] + normal(0, nature.kinds) - nature.hosts**2 / 2)
            for kind in KINDS
        }
        self.setup = 10.0 * exp(normal(0, nature.guess_wrong))

    def push(self) -> tuple[HostKind, float]:
        """One host; a third of them are of two kinds."""
        kind = self.dice.choice(KINDS[:2] if self.dice.random() < 1 / 3 else KINDS)
        return kind, self._minutes(kind) * self._site()

    def visit(self) -> FinishedVisit:
        """A visit of one to twelve hosts of one family."""
        family = self.dice.choice((OsFamily.LINUX, OsFamily.WINDOWS))
        kinds = [kind for kind in KINDS if kind.family is family]
        hosts = [self.dice.choice(kinds) for _ in range(self.dice.choice((1, 2, 3, 5, 8, 12)))]
        setup = max(1.0, self.dice.normalvariate(self.setup, 0.3 * self.setup))
        minutes = setup + self._site() * sum(self._minutes(kind) for kind in hosts)
        return FinishedVisit(VisitMode.ONSITE, minutes, Counter(hosts))

    def _minutes(self, kind: HostKind) -> float:
        times = 5.0 if self.dice.random() < self.nature.slow else 1.0
        return times * self.truth[kind] * exp(self.dice.normalvariate(0, self.nature.hosts))

    def _site(self) -> float:
        return exp(self.dice.normalvariate(0, self.nature.sites))


def pushes_judged(world: Nurture, seen: int, held_out: int = HELD_OUT) -> Judged:
    """Hosts that the estimate has not seen, after so many that it has."""
    model = effort_model(world.policy, [_observation(*world.push()) for _ in range(seen)])
    return [(_next(model, kind), minutes) for kind, minutes in (world.push() for _ in range(held_out))]


def visits_judged(world: Nurture, seen: int, held_out: int = HELD_OUT) -> Judged:
    """The same of whole visits."""
    model = effort_model(world.policy, visits=[world.visit() for _ in range(seen)])
    return [(model.visit(one.mode, one.hosts), one.minutes) for one in (world.visit() for _ in range(held_out))]


def under(judged: Sequence[tuple[Effort, float]], share: float) -> float:
    """How many of them, as a share, took no longer than the estimate's minutes at this percentile."""
    return sum(minutes <= effort.at(share) for effort, minutes in judged) / len(judged)


def simulated(nature: Nature, what: str, seen: int, options: Namespace) -> Row:
    """A row: so many worlds of one nature."""
    judge = pushes_judged if what == "pushes" else visits_judged
    worlds = [judge(Nurture(nature, options.seed * 10_000 + number), seen) for number in range(options.worlds)]
    return _row(f"{nature.name}, {seen} {what}", worlds)


def _row(case: str, worlds: Sequence[Judged]) -> Row:
    found: dict[str, float | int | str | None] = {"who": "muster", "case": case, "worlds": len(worlds)}
    for share in SHARES:
        found[f"under_p{round(100 * share)}_percent"] = round(100 * mean(under(one, share) for one in worlds), 1)
    found["p80_deviation_between_worlds_percent"] = round(100 * pstdev(under(one, 0.8) for one in worlds), 1)
    wide = [effort.at(0.8) / effort.at(0.5) for one in worlds for effort, _ in one]
    found["p80_over_p50"] = round(mean(wide), 2)
    found["held_out"] = sum(len(one) for one in worlds)
    return found


def recorded(folder: Path, seed: int) -> list[Row]:
    """Every campaign of a workspace whose pushes were timed: each fifth judged by what the others say."""
    from flows.measured import pushes
    from flows.services import services_of

    services = services_of(str(folder.resolve()))
    rows = []
    for campaign in services.ledger.campaigns():
        found = pushes(services, CampaignId(campaign.id), services.ledger.fleet())
        Random(seed).shuffle(found)  # noqa: S311 - which are hidden first
        if len(found) >= FOLDS:
            rows.append(_row(f"recorded: {campaign.id}, {len(found)} pushes", [_folded(campaign.effort, found)]))
    return rows


def _folded(policy: EffortPolicy, found: Sequence[Observation]) -> Judged:
    judged: Judged = []
    for fold in range(FOLDS):
        model = effort_model(policy, [one for place, one in enumerate(found) if place % FOLDS != fold])
        for hidden in found[fold::FOLDS]:
            kind = HostKind(hidden.family or OsFamily.OTHER, hidden.role, hidden.version)
            judged.append((_next(model, kind), hidden.minutes))
    return judged


def _observation(kind: HostKind, minutes: float) -> Observation:
    return Observation(VisitMode.REMOTE, minutes, kind.family, kind.role, kind.version)


def _next(model: EffortModel, kind: HostKind) -> Effort:
    return model.of(VisitMode.REMOTE, kind).one


def main() -> None:
    """Measure, and show."""
    parser = options_of("campaign", "What a campaign costs Muster itself, and how true its estimates are.")
    parser.add_argument("--stub", default="", metavar="SIZES", help="campaigns of so many hosts that answer at once")
    parser.add_argument(
        "--calibration", action="store_true", help="the estimate's percentiles; without --stub the default"
    )
    parser.add_argument("--worlds", type=int, default=60, help="of each nature")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workspace", type=Path, action="append", default=[], help="one whose pushes are judged, too")
    options = parser.parse_args()
    if options.stub:
        from benchmarks.campaign_stub import measure_campaigns

        rows = measure_campaigns([int(size) for size in options.stub.split(",")], rounds=options.rounds)
        show("campaign", {"stub": options.stub}, rows, {}, as_json=options.json)
        return
    rows = [
        simulated(nature, what, seen, options)
        for what, sizes in (("pushes", (5, 40, 400)), ("visits", (5, 40)))
        for nature in NATURES
        for seen in sizes
    ]
    for folder in options.workspace:
        rows += recorded(folder, options.seed)
    told = {"worlds": options.worlds, "seed": options.seed, "held_out_each": HELD_OUT}
    show("campaign", told, rows, {}, as_json=options.json)


if __name__ == "__main__":
    main()
