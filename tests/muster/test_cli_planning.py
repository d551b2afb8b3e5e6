"""Planning from the command line, on a ledger whose hosts were asked; no host is touched."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from flows.services import services_of
from flows.turns import whose_turn
from muster.cli.workspace import Workspace
from muster.ids import HostId
from muster.outcomes import HostStatus
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING, answer, bring_in, copied, enrol, services_in, standing_at

CREW = """id,name,timezone,shifts,skills,rate_per_hour,home_latitude,home_longitude
anna,Anna,America/Vancouver,Mon-Fri 08:00-16:00,linux,60,49.28,-123.12
ben,Ben,America/Vancouver,Mon-Fri 08:00-16:00,linux,70,49.88,-119.49
"""
SITES = """id,client_id,name,timezone,latitude,longitude,access
hq,acme,Head office,America/Vancouver,49.26,-123.11,Mon-Fri 09:00-17:00
mill,acme,Mill,America/Vancouver,49.90,-119.48,Mon-Fri 09:00-17:00
"""
HOSTS = "id,site_id,name,address,os\n" + "".join(
    f"h{number},{'hq' if number < 6 else 'mill'},h{number},127.0.0.{number},{'windows' if number == 5 else 'linux'}\n"
    for number in range(1, 9)
)
CAMPAIGN = """
id: spring
name: Spring
fix: tzdata
deadline: 2027-03-12 18:00
timezone: America/Vancouver
reason: Your clocks must learn the new rules.
parameters: {instants: ["2027-03-14T12:00:00Z"]}
"""
NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight hosts: seven stale, one of them Windows, for which there is nobody; one unreachable. Made once."""
    folder = tmp_path_factory.mktemp("planning")
    standing_at(folder, NOW, solve_seconds=1)
    clients = "id,name,email\nacme,Acme,office@acme.example\n"
    bring_in(folder, CAMPAIGN, {"clients": clients, "sites": SITES, "hosts": HOSTS, "crew": CREW})
    ids = enrol(folder)
    with services_in(folder) as services:
        answer(services, {**dict.fromkeys(ids, HostStatus.STALE), HostId("h8"): HostStatus.UNREACHABLE})
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Path]:
    yield copied(made, tmp_path, NOW)
    services_of.cache_clear()


def made_plan(muster: Shell, workspace: Path) -> dict[str, list[dict[str, object]]]:
    done = muster(workspace, "plan", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return found


def test_a_plan_places_what_can_be_placed_and_says_why_the_rest_is_not(muster: Shell, workspace: Path) -> None:
    plan = made_plan(muster, workspace)
    placed = {str(host) for one in plan["assignments"] for host in list(one["hosts"])}  # type: ignore[call-overload]
    assert placed == {"h1", "h2", "h3", "h4", "h6", "h7", "h8"}
    (left,) = plan["unplaced"]
    assert left["hosts"] == ["h5"]
    said = muster(workspace, "plan", "explain", str(left["visit"])).stdout
    assert "windows" in said.lower()


def test_a_placed_visit_is_explained_by_person_and_hour(muster: Shell, workspace: Path) -> None:
    plan = made_plan(muster, workspace)
    said = muster(workspace, "plan", "explain", str(plan["assignments"][0]["visit"])).stdout
    assert "Anna" in said or "Ben" in said


def test_what_is_done_meanwhile_does_not_change_why_a_visit_stands_where_it_does(
    muster: Shell, workspace: Path
) -> None:
    plan = made_plan(muster, workspace)
    visits = [str(one["visit"]) for one in plan["assignments"]]
    before = [muster(workspace, "plan", "explain", visit).stdout for visit in visits]
    opened = Workspace(workspace)
    done = [HostId(str(host)) for host in list(plan["assignments"][0]["hosts"])]  # type: ignore[call-overload]
    answer(opened.services, dict.fromkeys(done, HostStatus.RIGHT))
    opened.close()
    assert [muster(workspace, "plan", "explain", visit).stdout for visit in visits] == before
    for one in plan["assignments"]:
        said = muster(workspace, "plan", "explain", str(one["visit"])).stdout
        starts = datetime.fromisoformat(str(one["starts_at"])).astimezone(ZoneInfo("America/Vancouver"))
        assert f"{starts:%H:%M}" in said, "the hour that is explained is the plan's"


def test_a_dispatched_plan_binds_and_hosts_know_their_person(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    assert muster(workspace, "dispatch").returncode == 0
    opened = Workspace(workspace)
    people = {str(one.host_id): one.person_id for one in opened.ledger.hosts(SPRING)}
    opened.close()
    assert people["h1"] in {"anna", "ben"}
    assert people["h5"] is None


def test_a_plan_whose_person_has_left_is_rejected_with_the_visits_that_fell(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    (workspace / "crew.csv").write_text(CREW.replace("Mon-Fri 08:00-16:00,linux", "Sun 08:00-08:30,linux"))
    assert muster(workspace, "import", "crew.csv").returncode == 0
    done = muster(workspace, "dispatch")
    assert done.returncode == 1
    assert "does not hold any more" in done.stderr
    assert "V-acme-hq" in done.stderr or "V-hq" in done.stderr
    assert "no plan is dispatched" in muster(workspace, "run").stderr


def test_after_a_change_a_replan_keeps_what_holds_and_names_what_moves(muster: Shell, workspace: Path) -> None:
    before = made_plan(muster, workspace)
    muster(workspace, "dispatch")
    (workspace / "crew.csv").write_text(CREW.replace("Mon-Fri 08:00-16:00,linux,60", "Sun 08:00-08:30,linux,60"))
    muster(workspace, "import", "crew.csv")
    found = json.loads(muster(workspace, "replan", "--cheaper", "--json").stdout)
    least = found["choices"][0]
    assert least["freedom"] == "least"
    assert all(move["cause"] for move in least["moves"])
    assert {"anna", "ben"} >= {str(one["person"]) for one in before["assignments"]}
    assert muster(workspace, "dispatch", least["plan"]).returncode == 0


def test_a_plan_still_holds_when_a_rate_has_changed_meanwhile(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    (workspace / "crew.csv").write_text(CREW.replace("linux,60,", "linux,66,"))
    assert muster(workspace, "import", "crew.csv").returncode == 0
    assert muster(workspace, "dispatch").returncode == 0


def test_two_plans_are_compared(muster: Shell, workspace: Path) -> None:
    first = made_plan(muster, workspace)
    assert muster(workspace, "plan", "diff", str(first["id"]), str(first["id"])).stdout.strip() == "no change"


@pytest.mark.parametrize("kind", ["timeline", "map", "load"])
def test_a_picture_is_well_formed_and_speaks_of_the_plan(muster: Shell, workspace: Path, kind: str) -> None:
    made_plan(muster, workspace)
    out = workspace / "picture.svg"
    done = muster(workspace, "plan", "picture", kind, "--out", str(out))
    assert done.returncode == 0, done.stderr
    root = ET.fromstring(out.read_text())  # noqa: S314 - our own file
    assert root.tag.endswith("svg")
    words = " ".join(root.itertext())
    assert ("linux" if kind == "load" else "Anna") in words or "Ben" in words


def test_estimate_and_capacity_speak_to_people_and_to_scripts(muster: Shell, workspace: Path) -> None:
    assert "remote" in muster(workspace, "estimate").stdout
    assert json.loads(muster(workspace, "estimate", "--json").stdout)["estimates"]
    said = muster(workspace, "capacity").stdout
    assert "short by" in said, "nobody has the skill windows"
    assert "windows" in said
    assert json.loads(muster(workspace, "capacity", "--json").stdout)["needs"]


def test_a_finished_visit_moves_the_estimate_and_its_evidence_is_shown(muster: Shell, workspace: Path) -> None:
    refused = muster(workspace, "visit", "finish", "V-hq-remote-1", "--minutes", "60")
    assert (refused.returncode, "no plan binds yet" in refused.stderr) == (2, True)
    plan = made_plan(muster, workspace)
    assert muster(workspace, "dispatch", str(plan["id"])).returncode == 0
    before = json.loads(muster(workspace, "estimate", "--json").stdout)
    visit = str(next(one["visit"] for one in plan["assignments"] if "h8" in list(one["hosts"])))  # type: ignore[call-overload]
    for minutes in ("9000", "95"):
        done = muster(
            workspace, "visit", "finish", visit, "--minutes", minutes, "--travel-minutes", "30", "--by", "Ben"
        )
        assert done.returncode == 0, done.stderr
    (kept,) = json.loads(muster(workspace, "visit", "list", "--json").stdout)["visits"]
    assert (kept["visit"], kept["minutes"], kept["by"]) == (visit, 95, "Ben")
    after = json.loads(muster(workspace, "estimate", "--json").stdout)
    rows = [
        next(one for one in document["estimates"] if one["mode"] == "onsite" and one["family"] == "linux")
        for document in (before, after)
    ]
    assert rows[0]["minutes_per_host"] == pytest.approx(20)
    assert 20 < rows[1]["minutes_per_host"] < 90
    assert (rows[0]["measured_hosts"], rows[1]["measured_hosts"]) == (0, 1)
    assert "1 visit" in muster(workspace, "estimate").stdout
    wrong = muster(workspace, "visit", "finish", visit, "--minutes", "0")
    assert wrong.returncode == 2
    assert muster(workspace, "visit", "finish", "V-none", "--minutes", "5").returncode == 2


def test_status_and_report_agree_with_the_ledger(muster: Shell, workspace: Path) -> None:
    document = json.loads(muster(workspace, "status", "--json").stdout)
    assert document["by_status"] == {"needs the fix": 7, "unreachable": 1}
    assert document["protected"] == 0
    assert "0 of 8 hosts protected" in muster(workspace, "status").stdout
    assert muster(workspace, "status", "--all").stdout.count("needs the fix") == 7
    files = json.loads(muster(workspace, "report", "--json").stdout)["files"]
    assert [Path(file).suffix for file in files] == [".html", ".csv", ".xlsx"]
    assert all(Path(file).stat().st_size > 500 for file in files)


def test_a_stop_is_told_and_lifted(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    muster(workspace, "dispatch")
    muster(workspace, "stop", "--reason", "Exchange first")
    assert "STOPPED" in muster(workspace, "status").stdout
    (workspace / "STOP").touch()
    assert muster(workspace, "resume").returncode == 2, "the stop file would stop it again"
    (workspace / "STOP").unlink()
    assert muster(workspace, "resume").returncode == 0
    assert "STOPPED" not in muster(workspace, "status").stdout


def test_names_that_are_not_there_are_sentences(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    for words, said in (
        (["plan", "explain", "V-nowhere"], "has no visit"),
        (["plan", "show", "P-nothing"], "has no plan"),
        (["dispatch", "P-nothing"], "has no plan"),
        (["probe", "h99"], "no host 'h99'"),
        (["rollback"], "one of the three"),
        (["status", "--campaign", "autumn"], "no open campaign 'autumn'"),
        (["status", "--watch", "--json"], "do not go together"),
    ):
        done = muster(workspace, *words)
        assert done.returncode == 2, words
        assert said in done.stderr, (words, done.stderr)


def test_a_host_outside_the_plan_that_binds_is_said_by_run_and_by_status(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    assert muster(workspace, "dispatch").returncode == 0
    opened = Workspace(workspace)
    found = whose_turn(opened.services, opened.campaign(None), ahead=True, retry_lost=False, only=None)
    opened.close()
    assert found.unplanned == (HostId("h5"),), "nobody can be found for the Windows host"
    words = "1 host in no visit of the plan that binds: muster plan, then muster dispatch"
    assert words in list(found.remarks())
    assert words in muster(workspace, "status").stdout


def test_a_host_that_is_named_and_not_pushed_is_told_why_and_what_takes_it_on(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    muster(workspace, "dispatch")
    opened = Workspace(workspace)
    found = whose_turn(
        opened.services, opened.campaign(None), ahead=True, retry_lost=True, only=[HostId("h1"), HostId("h8")]
    )
    opened.close()
    assert found.hosts == ()
    assert list(found.remarks()) == [
        "h1 is not pushed: needs the fix; muster run pushes it when its visit is due (--ahead: now)",
        "h8 is not pushed: unreachable; look at it",
    ]


def test_other_worlds_are_planned_from_the_plan_and_compared(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    words = ("people +1 windows", "without person anna; overtime 60", "deadline -2d")
    done = muster(workspace, "what-if", *words, "--seconds", "0.2", "--json")
    assert done.returncode == 0, done.stderr
    found = {row["scenario"]: row for row in json.loads(done.stdout)["scenarios"]}
    assert list(found) == ["as it is", *words]
    assert found["as it is"]["hosts_left_out"] == 1, "nobody has the skill windows"
    assert found["people +1 windows"]["hosts_left_out"] == 0
    assert found["people +1 windows"]["more_placed_hosts"] == 1
    assert found["without person anna; overtime 60"]["moved_visits"] >= 1
    said = muster(workspace, "what-if", "people +1 windows", "--seconds", "0.2").stdout
    assert "people +1 windows" in said
    assert "what limits it:" in said
    assert "margin: no quote is signed yet" in said


def test_each_world_says_by_when_how_likely_and_what_limits_it(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    words = ("add partner newcomer with 1 person; people +1 windows", "overtime 20 %", "automation 0 %")
    done = muster(workspace, "what-if", *words, "--seconds", "0.2", "--json")
    assert done.returncode == 0, done.stderr
    today, added, longer, onsite = json.loads(done.stdout)["scenarios"]
    assert today["done_by"] is None, "a machine is left out"
    assert (today["all_done"], today["margin"]) == (0, None)
    assert "left out" in today["risks"][0]
    assert added["done_by"] is not None
    assert added["all_done"] > 0
    assert longer["hosts_left_out"] == today["hosts_left_out"]
    assert onsite["cost_cents"] > today["cost_cents"], "everybody must travel"


def test_a_scenario_that_cannot_be_read_is_a_sentence_and_all_forms_are_shown(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    done = muster(workspace, "what-if", "more people")
    assert done.returncode == 2
    assert "cannot be read" in done.stderr
    assert "deadline -3d" in muster(workspace, "what-if").stdout
    assert len(json.loads(muster(workspace, "what-if", "--json").stdout)["forms"]) == 13
    assert muster(workspace, "what-if", "overtime 5", "overtime 5").returncode == 2


def test_the_odds_are_told_by_client(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    found = json.loads(muster(workspace, "odds", "--no-show", "0.5", "--json").stdout)
    (client,) = found["clients"]
    assert (client["client"], client["hosts"], client["all_done"]) == ("acme", 8, 0.0)
    assert 0.1 < found["done_share"] < 0.8
    said = muster(workspace, "odds").stdout
    assert "acme" in said
    assert "of the hosts are" in said
    assert "4.0% of tries find the host offline (a guess: nothing was tried yet)" in said
    asked = json.loads(muster(workspace, "odds", "--failed", "0.2", "--offline", "0", "--json").stdout)
    assert asked["tries"][0] == "20.0% of tries fail (by the option)"
    assert asked["offline"] == 0.0


def test_calendars_take_people_out_of_the_plan(muster: Shell, workspace: Path) -> None:
    before = made_plan(muster, workspace)
    assert {str(one["person"]) for one in before["assignments"]} >= {"anna"}
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", "DTSTART;VALUE=DATE:20270301", "DTEND;VALUE=DATE:20270401"]
    (workspace / "anna.ics").write_text("\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""]))
    assert muster(workspace, "calendars", "anna.ics", "--dry-run").returncode == 0
    assert "anna" in {str(one["person"]) for one in made_plan(muster, workspace)["assignments"]}
    done = muster(workspace, "calendars", "anna.ics", "--json")
    assert json.loads(done.stdout)["people"] == [{"person": "anna", "busy_times": 1, "before": 0}]
    assert "anna" not in {str(one["person"]) for one in made_plan(muster, workspace)["assignments"]}
    muster(workspace, "import", "crew.csv")
    assert "anna" not in {str(one["person"]) for one in made_plan(muster, workspace)["assignments"]}, (
        "kept by an import"
    )
    (workspace / "anne.ics").write_text("BEGIN:VCALENDAR")
    wrong = muster(workspace, "calendars", "anne.ics")
    assert wrong.returncode == 1
    assert "did you mean 'anna'" in " ".join(wrong.stderr.split())


def test_ways_are_those_of_the_file_that_the_settings_name(muster: Shell, workspace: Path) -> None:
    settings = (workspace / "muster.yml").read_text()
    (workspace / "muster.yml").write_text(settings + "travel: ways.csv\n")
    (workspace / "ways.csv").write_text("from,to,minutes\nanna,mill,77\nben,mill,78\n")
    legs = {one["travel_minutes"] for one in made_plan(muster, workspace)["assignments"] if one["mode"] == "onsite"}
    assert legs <= {77, 78}
    (workspace / "ways.csv").write_text("from,to,minutes\nanna,mill,soon\n")
    done = muster(workspace, "plan")
    assert done.returncode == 2
    assert "ways.csv line 2, minutes: 'soon' is no time" in done.stderr


def test_an_exported_plan_is_compared_with_one_of_the_ledger(muster: Shell, workspace: Path) -> None:
    plan = made_plan(muster, workspace)
    assert muster(workspace, "plan", "export", "--out", "plan.json").returncode == 0
    assert json.loads((workspace / "plan.json").read_text())["format"] == "muster-plan-1"
    assert muster(workspace, "plan", "diff", "plan.json", str(plan["id"])).stdout.strip() == "no change"
    (workspace / "plan.json").write_text("{}")
    assert "not a plan of format" in muster(workspace, "plan", "diff", "plan.json", str(plan["id"])).stderr
    assert "cannot be read" in muster(workspace, "plan", "diff", "none.json", str(plan["id"])).stderr


def test_a_picture_may_be_png(muster: Shell, workspace: Path) -> None:
    made_plan(muster, workspace)
    assert muster(workspace, "plan", "picture", "timeline", "--out", "plan.PNG").returncode == 0
    assert (workspace / "plan.PNG").read_bytes().startswith(b"\x89PNG\r\n")
    assert (workspace / "plan.PNG").stat().st_size > 5_000


@pytest.mark.timeout(1200)  # where the search was never compiled it is now: two minutes of an idle core
def test_everything_that_is_left_out_is_explained_at_once_and_what_is_short_is_told(
    muster: Shell, workspace: Path
) -> None:
    made_plan(muster, workspace)
    left = json.loads(muster(workspace, "plan", "explain", "--json").stdout)["visits"]
    assert ["windows" in str(one["reasons"]) for one in left] == [True]
    assert "muster plan tight" in muster(workspace, "plan", "explain").stdout
    assert "nobody has windows: 1 visit is left out" in muster(workspace, "plan", "tight", "--seconds", "5").stdout


@pytest.mark.timeout(1200)  # as above
def test_how_far_a_plan_can_be_from_the_best_one_is_proved_afterwards(muster: Shell, workspace: Path) -> None:
    plan = made_plan(muster, workspace)
    told = json.loads(muster(workspace, "plan", "bound", "--seconds", "5", "--json").stdout)
    assert told["plan"] == plan["id"]
    assert 0 < told["bound_cents"] <= told["cost_cents"]
    assert told["gap"] == pytest.approx(1 - told["bound_cents"] / told["cost_cents"])
    said = muster(workspace, "plan", "bound", "--seconds", "5").stdout
    assert "best possible" in said
    (workspace / "crew.csv").write_text(CREW.replace(",70,", ",90,"))
    assert muster(workspace, "import", "crew.csv").returncode == 0
    said = muster(workspace, "plan", "bound", "--seconds", "5").stdout
    assert "fleet or people have changed since plan" in said
    assert "P-none" in muster(workspace, "plan", "bound", "--plan", "P-none").stderr


def test_what_clients_were_told_does_not_move_unless_it_is_released(muster: Shell, workspace: Path) -> None:
    plan = made_plan(muster, workspace)
    visits = sorted({str(one["visit"]) for one in plan["assignments"]})
    assert muster(workspace, "dispatch").returncode == 0, "it writes the notices"

    def promised(*words: str) -> list[str]:
        found: list[str] = json.loads(muster(workspace, "replan", "--json", *words).stdout)["promised"]
        return found

    assert promised() == visits
    assert promised("--release", visits[0]) == visits[1:]
    assert promised("--release", "all") == []
    assert promised("--release", "all", "--keep", visits[0]) == visits[:1]
    assert "--release" in muster(workspace, "replan").stdout
    wrong = muster(workspace, "replan", "--release", "V-nowhere")
    assert (wrong.returncode, "no visit 'V-nowhere'" in wrong.stderr) == (2, True)


def test_a_plan_with_somebody_whom_the_client_does_not_want_any_more_is_rejected(
    muster: Shell, workspace: Path
) -> None:
    made_plan(muster, workspace)
    (workspace / "clients.csv").write_text("id,name,email,excluded\nacme,Acme,office@acme.example,anna; ben\n")
    assert muster(workspace, "import", "clients.csv").returncode == 0
    done = muster(workspace, "dispatch")
    assert done.returncode == 1
    assert "must not do V-" in done.stderr
    (workspace / "clients.csv").write_text("id,name,email,excluded\nacme,Acme,office@acme.example,\n")
    assert muster(workspace, "import", "clients.csv").returncode == 0
    assert muster(workspace, "dispatch").returncode == 0
