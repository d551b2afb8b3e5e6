"""Dry runs: what hosts say that apply would change is noted, and nothing else happens."""

from dataclasses import replace
from pathlib import Path

import pytest

from muster.fleet import OsFamily
from muster.outcomes import Ending
from muster.records import Event
from muster.steps import Step, StepName
from push.checking import CHECKED, check_hosts
from push.context import Context
from push.probing import probe_hosts
from tests.push.fakes import CAMPAIGN, FakeFix, FakeHosts, World, ends, make_world


class WithoutCheck(FakeFix):
    """A fix of an older kind."""

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        return None if name is StepName.CHECK else super().step(name, family, timezone=timezone)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path, {"a": "old", "b": "new", "c": "old"})
    probe_hosts(made.context, list(made.hosts.holds))
    made.hosts.seen.clear()
    return made


def noted(world: World) -> dict[str, Event]:
    return {str(one.host_id): one for one in world.ledger.events(campaign_id=CAMPAIGN) if one.kind == CHECKED}


def says_what(_hosts: FakeHosts, _order: object) -> tuple[Ending, str]:
    return Ending.DONE, "would\twrite /etc/state\ndiff\t--- /etc/state\ndiff\t-old\ndiff\t+new\ndone\tcheck"


def test_what_apply_would_change_is_noted_with_its_diff(world: World) -> None:
    a, b, c = world.hosts.holds
    world.hosts.acts = {
        (a, StepName.CHECK): [says_what],
        (b, StepName.CHECK): [lambda *_: (Ending.DONE, "done\tcheck")],
        (c, StepName.CHECK): [ends(Ending.UNREACHABLE)],
    }
    before = world.ledger.hosts(CAMPAIGN)
    assert check_hosts(world.context, [a, b, c]) == 2
    said = noted(world)
    assert said["a"].data["would"] == ["write /etc/state"]
    assert said["a"].data["diff"] == ["--- /etc/state", "-old", "+new"]
    assert said["b"].data["would"] == []
    assert said["c"].data["cause"] == "unreachable on purpose"
    assert world.ledger.hosts(CAMPAIGN) == before
    assert {step for _, step in world.hosts.seen} == {StepName.CHECK}, "nobody was claimed, nothing was applied"


def test_a_fix_without_a_check_step_is_asked_by_its_probe(world: World) -> None:
    book = replace(world.context.book, fix=WithoutCheck())
    context: Context = replace(world.context, book=book)
    assert check_hosts(context, list(world.hosts.holds)) == 3
    said = noted(world)
    assert said["a"].data["found"] == "it is old"
    assert said["a"].data["would"] == ["mend it: a fake fix"]
    assert said["b"].data["would"] == []
    assert "no check step" in str(said["a"].data["notes"])
    assert {step for _, step in world.hosts.seen} == {StepName.PROBE}


def test_after_a_stop_nobody_is_asked(world: World) -> None:
    world.switch.on = True
    assert check_hosts(world.context, list(world.hosts.holds)) == 0
    assert noted(world) == {}
