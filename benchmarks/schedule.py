"""The scheduler on generated campaigns and published instances, beside VROOM, PyVRP and OR-Tools routing.

``python -m benchmarks.schedule --visits 500 --people 50 --seconds 10`` measures the first plan, the plan after so many
seconds, the validator's word on it and its gap to a proven bound (for which ``--bound-seconds`` come on top);
``--vroom`` adds VROOM on the same campaign, ``--replan`` measures how a changed world is answered, and
``--vrptw FOLDER`` measures published instances. Compilation is not counted, the first plan is. Published instances and
peers have one core. ``--seconds 10,60`` makes a plan for each, with one bound for all.
"""

import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from benchmarks import vrptw
from benchmarks.common import Row, measure, options_of, show
from benchmarks.instances import Recipe, make
from scheduler.problem import AT_HOME, PersonDay
from scheduler.search import insert_left_out
from scheduler.search.part import apply_routes
from scheduler.state import State
from scheduler.tour import Touring

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "benchmarks" / "peers"
PEERS = ROOT / ".cache" / "peers" / "venv"
PACKAGES = ("pyvroom", "pyvrp", "ortools", "pandas")
ROUTE_PEERS = ("pyvrp", "ortools", "vroom")
LIMIT_S = 3600.0


def install_peers() -> str:
    """Put the peers into an environment of their own; empty, or why that cannot be done."""
    python = str(PEERS / "bin/python")
    works = [python, "-c", "import vroom, pyvrp, ortools"]
    if Path(python).exists() and subprocess.run(works, capture_output=True, check=False).returncode == 0:
        return ""
    for step in ([sys.executable, "-m", "venv", str(PEERS)], [python, "-m", "pip", "install", "-q", *PACKAGES], works):
        made = subprocess.run(step, capture_output=True, text=True, check=False)
        if made.returncode:
            return f"could not be installed: {(made.stderr.strip().splitlines() or ['no reason given'])[-1][:200]}"
    return ""


def child(who: str, case: str, command: Sequence[str]) -> tuple[Row, str]:
    """A row of a child process and its last line; the row says what went wrong where something did."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = measure(command, environment=environment, limit_s=LIMIT_S, folder=Path(folder))
    lines = done.stdout.strip().splitlines()
    row: Row = {"who": who, "case": case, "peak_memory_mb": round(done.peak_rss_mb), "wall_s": round(done.seconds, 1)}
    if done.exit_code or not lines:
        return {**row, "note": (done.stderr.strip().splitlines() or ["no answer"])[-1][:160]}, ""
    return row, lines[-1]


def contestant(*arguments: str) -> list[str]:
    """The command of Muster's own child."""
    return [sys.executable, "-m", "benchmarks.schedule_contestants", *arguments]


def campaign(options: Namespace) -> list[Row]:
    """Muster, and VROOM where it is wanted, on one generated campaign."""
    case = f"{options.visits} visits, {options.people} people, seed {options.seed}"
    figures = ("visits", "people", "seconds", "seed", "threads", "clock", "bound_seconds", "search_seconds", "late")
    arguments = [w for name in figures for w in (f"--{name.replace('_', '-')}", str(getattr(options, name)))]
    row, line = child("muster", case, contestant("replan" if options.replan else "plan", *arguments))
    rows: list[Row] = [{**row, **answer} for answer in json.loads(line)] if line else [row]
    if options.vroom:
        rows.append(_vroom(case, options))
    return rows


def _vroom(case: str, options: Namespace) -> Row:
    if why := install_peers():
        return {"who": "vroom", "case": case, "note": why}
    touring = Touring(make(Recipe(options.visits, options.people, options.seed)))
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        job.write_text(json.dumps(_job(touring, options.exploration)))
        row, line = child("vroom", case, [str(PEERS / "bin/python"), str(SCRIPTS / "plan_vroom.py"), str(job), "1"])
    return {**row, **_judged(touring, json.loads(line))} if line else row


def _job(touring: Touring, exploration: int) -> dict[str, object]:
    """A campaign in VROOM's words. It has no visits from home: they stand at the first person's home."""
    arrays, problem = touring.arrays, touring.problem
    crowds = {
        crowd: number for number, crowd in enumerate(sorted({_crowd(touring, v) for v in range(len(touring.spot))}))
    }
    days = [
        {
            "start_spot": day.start_spot,
            "end_spot": day.end_spot,
            "starts": day.starts,
            "latest": day.latest_end,
            "fixed": day.fixed_cents,
            "rate": problem.people[day.person].travel_cents_per_hour,
            "skills": [number for crowd, number in crowds.items() if crowd[day.person] == "1"],
            "breaks": _breaks(day),
        }
        for day in problem.days
    ]
    visits = [
        {
            "spot": problem.days[0].start_spot if demand.spot == AT_HOME else demand.spot,
            "effort": demand.visit.effort_minutes,
            "skills": [crowds[_crowd(touring, number)]],
            "priority": 20 * (6 - demand.visit.priority),
            "windows": [
                (o, c - demand.visit.effort_minutes)
                for o, c in touring.spans[number]
                if c - o >= touring.effort[number]
            ],
        }
        for number, demand in enumerate(problem.demands)
    ]
    return {"travel": arrays.travel.tolist(), "days": days, "visits": visits, "exploration": exploration}


def _breaks(day: PersonDay) -> list[tuple[int, int, int]]:
    """Earliest, latest and minutes, in order: VROOM wants to know whether the rest comes before or after a meeting."""
    fixed = [(span.starts, span.starts, span.ends - span.starts) for span in day.blocked]
    if day.rest is None:
        return fixed
    early, late = day.rest.earliest, day.rest.latest - day.rest.minutes
    for span in day.blocked:
        if span.starts - early >= day.rest.latest - span.ends:
            late = min(late, span.starts - day.rest.minutes)
        else:
            early = max(early, span.ends)
    return sorted([*fixed, (early, max(early, late), day.rest.minutes)])


def _crowd(touring: Touring, visit: int) -> str:
    """Who may do a visit, as zeros and ones."""
    return "".join("1" if allowed else "0" for allowed in touring.arrays.visits.allowed[:, visit])


def _judged(touring: Touring, routes: dict[str, list[int]]) -> Row:
    """A peer's tours by Muster's prices; caps are forgiven.

    A visit that breaks a rule is taken out. All that are out are then offered to every day by Muster's insertion.
    """
    state = State.empty(touring)
    dropped = 0
    for name, visits in routes.items():
        day, kept = int(name), list(visits)
        while kept and touring.tour(day, kept) is None:
            kept.pop()
            dropped += 1
        apply_routes(state, {day: kept})
    insert_left_out(touring, state, 1)
    return {
        "cost": state.objective(),
        "visits_left_out": len(touring.problem.demands) - len(state.days_of),
        "visits_that_broke_a_rule": dropped,
    }


def published(options: Namespace) -> list[Row]:
    """Every instance of the folder, Muster and the peers in turn."""
    rows: list[Row] = []
    folder = options.vrptw.resolve()  # a child works in a folder of its own
    best = vrptw.best_known(folder)
    why = install_peers()
    wanted = options.only.lower().split(",") if options.only else sorted(best)
    for file in sorted(f for f in folder.glob("*.txt") if f.stem.lower() in wanted):
        command = contestant("vrptw", "--file", str(file), "--seconds", options.seconds, "--seed", str(options.seed))
        found = [child("muster", file.stem, command)]
        for peer in ROUTE_PEERS:
            script = [str(PEERS / "bin/python"), str(SCRIPTS / "route_peers.py"), peer, str(file)]
            if why:
                found.append(({"who": peer, "case": file.stem, "note": why}, ""))
            else:
                found.append(child(peer, file.stem, [*script, options.seconds, str(options.seed)]))
        for row, line in found:
            answer = json.loads(line) if line else {}
            answer = answer[0] if isinstance(answer, list) else answer
            if answer.get("distance") is not None:
                answer["gap_to_best_known_percent"] = round(100 * (answer["distance"] / best[file.stem.lower()] - 1), 2)
            rows.append({**row, **answer})
    return rows


def ratios_of(rows: Sequence[Row]) -> dict[str, float]:
    """Cost of Muster's plan over each peer's, by case."""
    ratios = {}
    ours = {row["case"]: row for row in rows if row["who"] == "muster"}
    for row in rows:
        for figure in ("cost", "distance"):
            mine, theirs = ours[row["case"]].get(figure), row.get(figure)
            if row["who"] != "muster" and isinstance(mine, int | float) and isinstance(theirs, int | float):
                ratios[f"{figure} muster/{row['who']}, {row['case']}"] = round(mine / theirs, 4)
    return ratios


def main() -> None:
    """Measure, and show."""
    parser = options_of("schedule", "Plans of thousands of visits, their proven gap, and others on the same work.")
    for name, value in (("visits", 500), ("people", 50), ("seed", 1), ("exploration", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", default="10", help="for the plan, its first plan included; with commas: several")
    parser.add_argument("--bound-seconds", type=float, default=120.0, help="for the bound, on top; 0: none")
    parser.add_argument("--threads", type=int, default=2, help="of Muster's search and bound; a replan takes all cores")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="cpu: seconds computed by one thread")
    parser.add_argument(
        "--replan", action="store_true", help="one person ill, late visits, a partner suspended, instead"
    )
    parser.add_argument("--late", type=int, default=40, help="visits that come late in a replan")
    parser.add_argument(
        "--search-seconds", type=float, default=2.0, help="for each choice of a replan that is a search"
    )
    parser.add_argument("--vroom", action="store_true", help="VROOM on the same campaign")
    parser.add_argument("--vrptw", type=Path, help="folder of published instances, measured instead")
    parser.add_argument("--only", default="", help="instances of the folder, with commas between")
    options = parser.parse_args()
    rows = published(options) if options.vrptw else campaign(options)
    told = {name: str(value) for name, value in vars(options).items() if name != "json"}
    show("schedule", told, rows, ratios_of(rows), as_json=options.json)


if __name__ == "__main__":
    main()
