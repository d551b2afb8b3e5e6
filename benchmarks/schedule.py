"""The scheduler on generated campaigns and published instances, beside VROOM, PyVRP and OR-Tools routing.

``python -m benchmarks.schedule --visits 500 --people 50 --seconds 10`` measures the first plan, the plan after so many
seconds, the validator's word on it and its gap to a proven bound. That is proved at kept prices (``benchmarks/prices``)
where there are some, and looked for otherwise or where ``--bound-seconds`` are given; they come on top.
``--peers vroom,pyvrp,ortools`` adds others on the same campaign, ``--replan`` measures how a changed world is
answered, and ``--vrptw FOLDER`` measures published instances. Compilation is not counted, the first plan is. On
published instances all have one core, on a campaign VROOM has Muster's threads. ``--seconds 10,60`` makes a plan for
each, with one bound for all.
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
from benchmarks.schedule_peers import CAMPAIGN_PEERS, judged, write_job
from scheduler.tour import Touring

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "benchmarks" / "peers"
PEERS = ROOT / ".cache" / "peers" / "venv"
PACKAGES = ("pyvroom", "pyvrp", "ortools", "pandas")
ROUTE_PEERS = ("pyvrp", "ortools", "vroom")
FIGURES = ("visits", "people", "seconds", "seed", "threads", "clock", "bound_seconds", "search_seconds", "late")
FILES = ("prices", "keep_prices")
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
    """Muster, and the peers that are wanted, on one generated campaign."""
    case = f"{options.visits} visits, {options.people} people, seed {options.seed}"
    told = {name: getattr(options, name) for name in FIGURES}
    told |= {name: path.resolve() for name in FILES if (path := getattr(options, name))}  # a child has its own folder
    arguments = [w for name, one in told.items() if one is not None for w in (f"--{name.replace('_', '-')}", str(one))]
    row, line = child("muster", case, contestant("replan" if options.replan else "plan", *arguments))
    answers = zip(options.seconds.split(","), json.loads(line) if line else ({},), strict=False)
    rows: list[Row] = [{**row, "given_s": float(given), **answer} for given, answer in answers]
    for who in options.peers.split(",") if options.peers else ():
        rows += _peer(who, case, options)
    return rows


def _peer(who: str, case: str, options: Namespace) -> list[Row]:
    """A peer on the same campaign, for each of its seconds; 0: until it ends by itself."""
    if why := install_peers():
        return [{"who": who, "case": case, "note": why}]
    touring = Touring(make(Recipe(options.visits, options.people, options.seed)))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.npz"
        write_job(touring, job)
        for seconds in (options.peer_seconds or options.seconds).split(","):
            script = [str(PEERS / "bin/python"), str(SCRIPTS / f"plan_{who}.py"), str(job)]
            row, line = child(who, case, [*script, seconds, str(options.seed), str(options.threads)])
            answer = json.loads(line) if line else {}
            routes = answer.pop("routes", None)
            rows.append(
                {**row, "given_s": float(seconds), **answer, **({} if routes is None else judged(touring, routes))}
            )
    return rows


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
    """Cost of Muster's plan over each peer's, by case, for the same seconds; without such a row, for the longest."""
    ratios = {}
    ours = {(row["case"], given): row for row in rows if row["who"] == "muster" for given in (None, row.get("given_s"))}
    for row in rows:
        mine = ours.get((row["case"], row.get("given_s")), ours[row["case"], None])
        for figure in ("cost", "placed_cost", "distance"):
            one, other = mine.get(figure), row.get(figure)
            if row["who"] != "muster" and isinstance(one, int | float) and isinstance(other, int | float):
                given = f", {row['given_s']} s" if row.get("given_s") else ""
                ratios[f"{figure} muster/{row['who']}, {row['case']}{given}"] = round(one / other, 4)
    return ratios


def main() -> None:
    """Measure, and show."""
    parser = options_of("schedule", "Plans of thousands of visits, their proven gap, and others on the same work.")
    for name, value in (("visits", 500), ("people", 50), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", default="10", help="for the plan, its first plan included; with commas: several")
    parser.add_argument(
        "--bound-seconds", type=float, help="for the bound, on top; 0: none; 120 where no prices are kept"
    )
    parser.add_argument("--prices", type=Path, help="prove the bound at these; those of benchmarks/prices where unsaid")
    parser.add_argument("--keep-prices", type=Path, help="file for those at which the bound was proved")
    parser.add_argument("--threads", type=int, default=2, help="of Muster's search and bound; a replan takes all cores")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="cpu: seconds computed by one thread")
    parser.add_argument(
        "--replan", action="store_true", help="one person ill, late visits, a partner suspended, instead"
    )
    parser.add_argument("--late", type=int, default=40, help="visits that come late in a replan")
    parser.add_argument(
        "--search-seconds", type=float, default=2.0, help="for each choice of a replan that is a search"
    )
    parser.add_argument("--peers", default="", help=f"others on the same campaign: {','.join(CAMPAIGN_PEERS)}")
    parser.add_argument("--peer-seconds", default="", help="of them, where not Muster's; 0: until VROOM ends by itself")
    parser.add_argument("--vrptw", type=Path, help="folder of published instances, measured instead")
    parser.add_argument("--only", default="", help="instances of the folder, with commas between")
    options = parser.parse_args()
    rows = published(options) if options.vrptw else campaign(options)
    told = {name: str(value) for name, value in vars(options).items() if name != "json"}
    show("schedule", told, rows, ratios_of(rows), as_json=options.json)


if __name__ == "__main__":
    main()
