"""Approvals and the start of visits from the command line, on a ledger whose hosts were asked; no host is touched."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from flows.services import services_of
from flows.visits import starts_of
from muster.cli.workspace import Workspace, me
from muster.ids import HostId, RunnerId
from muster.outcomes import Evidence, Finding, HostOutcome, HostStatus, Stage, Verdict
from muster.records import WaveState
from muster.steps import StepName
from tests.muster import test_cli_waves as waves
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING, standing_at

made = waves.made
workspace = waves.workspace
NOW, add = waves.NOW, waves.add
APPROVALS = """
approvals:
  ramp: {by: [Kim Lee, Ana Ruiz]}
  money: {over_cents: 100, by: Ana Ruiz}
  rollback:
running: {early_minutes: 5}
"""


@pytest.fixture
def ruled(workspace: Path) -> Path:
    """The workspace with rules, and two people who may approve what names nobody."""
    add(workspace, APPROVALS)
    with (workspace / "muster.yml").open("a") as file:
        file.write(f"approvers: {{Kim Lee: somebody-else, Ana Ruiz: '', Otto: '{me()}'}}\n")
    services_of.cache_clear()
    return workspace


def request_in(text: str) -> str:
    found = re.search(r"A-[0-9a-f]{8}", text)
    assert found is not None, text
    return found[0]


def test_a_plan_over_the_limit_is_dispatched_after_the_yes_and_not_before(muster: Shell, ruled: Path) -> None:
    asked = muster(ruled, "dispatch", "--without-notice", "a test")
    assert asked.returncode == 3
    said = " ".join(asked.stderr.split())
    assert re.search(r"dispatch plan \S+, which costs EUR [\d,.]+ \(limit EUR 1.00\)", said)
    assert "waits for Ana Ruiz" in said
    request = request_in(said)
    listed = json.loads(muster(ruled, "approvals", "list", "--json").stdout)["approvals"]
    assert [(one["id"], one["asked_by"], one["who_may_decide"]) for one in listed] == [(request, me(), ["Ana Ruiz"])]
    assert request in muster(ruled, "approvals", "list").stdout
    nobody = muster(ruled, "approvals", "approve", request, "--as", "Kim Lee")
    assert nobody.returncode == 2
    assert "is not one of those who may decide" in nobody.stderr
    assert muster(ruled, "approvals", "approve", request, "--as", "Ana Ruiz", "--why", "agreed").returncode == 0
    shown = muster(ruled, "approvals", "show", request).stdout
    assert "approved by Ana Ruiz" in shown
    assert f"login {me()}" in shown
    assert "agreed" in shown
    assert muster(ruled, "dispatch", "--without-notice", "a test").returncode == 0
    assert "nothing waits" in muster(ruled, "approvals", "list").stdout


def test_a_whole_wave_is_not_rolled_back_without_a_yes_and_who_asked_cannot_give_it(muster: Shell, ruled: Path) -> None:
    pushed_as_a_wave(ruled, "h1")
    asked = muster(ruled, "rollback", "--wave", "1")
    assert asked.returncode == 3
    assert "roll back wave 1" in asked.stderr
    request = request_in(asked.stderr)
    for person, words in {
        "Otto": f"{me()} asked for {request} and cannot decide",
        "Kim Lee": "decides from the login somebody-else",
    }.items():
        refused = muster(ruled, "approvals", "approve", request, "--as", person)
        assert refused.returncode == 2
        assert words in " ".join(refused.stderr.split())
    no = muster(ruled, "approvals", "refuse", request, "--as", "Ana Ruiz", "--why", "on Monday")
    assert no.returncode == 0
    again = muster(ruled, "rollback", "h1")
    assert again.returncode == 3, "a single host that was the whole wave is the wave"
    assert request_in(again.stderr) != request, "it is asked anew"


def test_the_rules_are_told_before_anything_starts(muster: Shell, ruled: Path) -> None:
    said = muster(ruled, "waves").stdout
    assert "the first wave after a canary waits for the yes of Kim Lee or Ana Ruiz" in said
    assert "a plan over 1.00 waits for the yes of Ana Ruiz" in said
    assert "the roll back of a whole wave waits for the yes of one of the approvers in muster.yml" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("approvals: {money: {by: [Ana]}}", "approvals.money.over_cents: is missing; whole cents such as 2500000"),
        ("approvals: {rampe: {}}", "is no key here; did you mean 'ramp'?"),
        ("running: {visits: sometimes}", "attended or unattended"),
    ],
)
def test_what_is_wrong_in_the_campaign_file_is_named(muster: Shell, workspace: Path, text: str, words: str) -> None:
    add(workspace, text)
    done = muster(workspace, "waves")
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_a_visit_is_started_at_its_time_and_not_before(muster: Shell, ruled: Path) -> None:
    opened = Workspace(ruled)
    (plan_id,) = opened.ledger.plans(SPRING)
    first = min(opened.ledger.plan(plan_id).assignments, key=lambda one: one.starts_at)
    assert muster(ruled, "waves").returncode == 0, "takes over what has changed in the file"
    early = muster(ruled, "visit", "start", first.visit_id)
    assert early.returncode == 2
    assert "5 minutes before" in " ".join(early.stderr.split())
    opened.close()
    standing_at(ruled, first.starts_at)
    done = muster(ruled, "visit", "start", first.visit_id, "--by", "Anna")
    assert done.returncode == 0, done.stderr
    assert "says Anna" in done.stdout
    opened = Workspace(ruled)
    assert {one.by for one in starts_of(opened.services, SPRING).values()} == {"Anna"}
    opened.close()
    assert f"{first.visit_id} is under way since" in muster(ruled, "visit", "list").stdout
    (begun,) = json.loads(muster(ruled, "visit", "list", "--json").stdout)["begun"]
    assert (begun["visit"], begun["by"]) == (first.visit_id, "Anna")
    assert muster(ruled, "visit", "start", "V-nowhere").returncode == 2


def test_what_is_due_under_way_and_missed_is_told(muster: Shell, ruled: Path) -> None:
    assert "push" not in muster(ruled, "due").stdout, "nobody has pressed start"
    text = (ruled / "campaign.yml").read_text().replace("{early_minutes: 5}", "{visits: unattended, late_minutes: 0}")
    (ruled / "campaign.yml").write_text(text)
    assert muster(ruled, "waves").returncode == 0, "takes over what has changed in the file"
    opened = Workspace(ruled)
    (plan_id,) = opened.ledger.plans(SPRING)
    placed = sorted(opened.ledger.plan(plan_id).assignments, key=lambda one: one.starts_at)
    opened.close()
    standing_at(ruled, placed[-1].starts_at + timedelta(minutes=1))
    rows = json.loads(muster(ruled, "due", "--json").stdout)
    assert "push" in [one["what"] for one in rows if one["state"] == "due"]
    standing_at(ruled, max(one.ends_at for one in placed) + timedelta(minutes=1))
    rows = json.loads(muster(ruled, "due", "--json").stdout)
    assert {one["what"] for one in rows if one["state"] == "missed"} == {one.visit_id for one in placed}
    assert muster(ruled, "stop").returncode == 0
    assert "until somebody says muster resume" in muster(ruled, "due").stdout


def pushed_as_a_wave(workspace: Path, host: str) -> None:
    """A wave of one host that was verified."""
    opened = Workspace(workspace)
    wave = opened.ledger.open_wave(SPRING, [HostId(host)], by="test")
    leases = opened.ledger.claim(
        SPRING, wave.host_ids, runner_id=RunnerId("x:1:1.00"), step=StepName.APPLY, wave=1, lease_s=60
    )
    seen = Finding(Verdict.RIGHT, "it is new", ())
    ended = HostOutcome(HostStatus.VERIFIED, Stage.FINISHED, "", "", Evidence(None, seen), 1.0, NOW)
    opened.ledger.finish([(lease, ended) for lease in leases])
    opened.ledger.close_wave(SPRING, 1, WaveState.PASSED, "1 of 1 verified", by="test")
    opened.close()
