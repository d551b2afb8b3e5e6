"""muster fix: list, show, new, check; what a person reads, and what a broken fix is told."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from muster.cli.app import app
from muster.cli.fix_host import throw_away_host, why_not
from muster.errors import FixError, InputError
from muster.fleet import OsFamily
from muster.steps import StepName
from playbooks.catalog import prepare_fix

needs_a_host = pytest.mark.skipif(os.geteuid() != 0 or bool(why_not()), reason="needs root and overlays")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "muster.yml").write_text("")
    return tmp_path


def muster(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(workspace), "fix", *words])


def looks(workspace: Path, *words: str) -> dict[str, str]:
    """What was looked at, and how it came out."""
    said = json.loads(muster(workspace, "check", *words, "--json").stdout)
    assert said["passed"] == all(one["result"] != "FAIL" for one in said["looks"])
    return {one["what"]: one["result"] for one in said["looks"]}


def change(workspace: Path, file: str, old: str, new: str) -> None:
    path = workspace / "fixes/motd" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_new_fix_is_listed_shown_and_used_by_campaigns_at_once(workspace: Path) -> None:
    assert muster(workspace, "new", "motd").exit_code == 0
    listed = {row["name"]: row for row in json.loads(muster(workspace, "list", "--json").stdout)}
    assert (listed["motd"]["own"], listed["motd"]["problem"]) == (True, "")
    assert listed["tzdata"]["own"] is False
    (parameter,) = json.loads(muster(workspace, "show", "motd", "--json").stdout)["parameters"]
    assert (parameter["name"], parameter["type"], parameter["source"]) == ("text", "text", "must be given")
    fix = prepare_fix("motd", {"text": "hello"}, workspace=workspace)
    step = fix.step(StepName.APPLY, OsFamily.LINUX, timezone="Etc/UTC")
    assert step is not None
    assert step.arguments["MUSTER_TEXT"] == "hello"


def test_a_value_is_shown_with_the_place_that_it_comes_from(workspace: Path) -> None:
    (workspace / "campaign.yml").write_text(
        "id: c\nname: C\nfix: config-change\ndeadline: 2026-12-01\ntimezone: UTC\nparameters: {path: /etc/x}\n"
    )
    rows = json.loads(muster(workspace, "show", "config-change", "--json").stdout)["parameters"]
    said = {row["name"]: (row["value"], row["source"]) for row in rows}
    assert said["path"] == ("/etc/x", "campaign.yml")
    assert said["way"] == ("file", "default")


@needs_a_host
def test_a_new_fix_passes_its_check_and_the_machine_is_as_it_was(workspace: Path) -> None:
    muster(workspace, "new", "motd")
    found = looks(workspace, "motd")
    assert set(found.values()) <= {"PASS", "SKIP"}
    ran = ("probe", "check", "apply", "verify", "apply again", "rollback", "probe after it")
    assert [found[what] for what in ran] == ["PASS"] * len(ran)
    assert not Path("/etc/motd.conf").exists()


@needs_a_host
@pytest.mark.parametrize(
    ("file", "old", "new", "failed"),
    [
        ("fix.yml", "title:", "titel:", "contract"),
        ("apply.sh", "finish", "if", "syntax (sh)"),
        ("probe.sh", "finish", "", "probe"),
        ("probe.sh", "finish", "touch /etc/seen; finish", "probe changes nothing"),
        ("apply.sh", "finish", '[ -n "$check" ] && touch /etc/seen; finish', "check changes nothing"),
        ("apply.sh", "/etc/motd.conf #", "/etc/other.conf #", "verify"),
        ("apply.sh", "finish", 'date +%N >/etc/each; changed "each"; finish', "apply again"),
        ("apply.sh", "finish", '[ -n "$check" ] || echo x >/etc/left; finish', "rollback"),
        ("apply.sh", "begin_change #", "give_up 'no way' #", "apply"),
        ("rollback.sh", "roll_back", "exit 3", "rollback"),
    ],
)
def test_a_fix_that_breaks_the_contract_fails_where_it_breaks_it(
    workspace: Path, file: str, old: str, new: str, failed: str
) -> None:
    muster(workspace, "new", "motd")
    change(workspace, file, old, new)
    done = muster(workspace, "check", "motd", "--json")
    assert done.exit_code == 1
    found = {one["what"]: one for one in json.loads(done.stdout)["looks"]}
    assert found[failed]["result"] == "FAIL"
    assert found[failed]["to_do"]


@needs_a_host
def test_config_change_is_carried_out_on_a_host_that_a_command_prepares(workspace: Path) -> None:
    given: tuple[str, ...] = (
        "path=/etc/app.conf",
        "way=key",
        "key=limit",
        "value=50",
        "health_command=grep -q limit /etc/app.conf",
    )
    given += ("health_deadline_s=1",)
    words = [word for one in given for word in ("--set", one)]
    found = looks(workspace, "config-change", *words, "--prepare", "echo limit=10 >/etc/app.conf")
    assert [found[what] for what in ("probe", "apply", "apply again", "rollback")] == ["PASS"] * 4
    assert looks(workspace, "config-change", *words)["probe"] == "FAIL", "there is no such file on this machine"


@needs_a_host
def test_a_throw_away_host_is_this_machine_and_leaves_nothing() -> None:
    with throw_away_host() as host:
        assert host.shell("rm /etc/hostname; echo x >/etc/new", b"", timeout_s=20).returncode == 0
        assert sorted(host.differences()) == ["/etc/hostname", "/etc/new"]
        folder = host.folder
    assert Path("/etc/hostname").exists()
    assert not folder.exists()


def test_playbooks_are_read_by_ansible(workspace: Path) -> None:
    muster(workspace, "new", "motd", "--playbook")
    change(workspace, "apply.yml", "ansible.builtin.copy", "no.such.module")
    done = muster(workspace, "check", "motd")
    rows = {" ".join(words[1:4]): words[0] for line in done.stdout.splitlines() if (words := line.split())}
    assert rows["syntax of apply.yml"] == "FAIL"
    assert rows["syntax of rollback.yml"] == "PASS"
    assert "what to do (syntax of apply.yml): put the playbook right" in done.stdout
    assert "motd does not pass: 1 failure" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new", "Motd"), "'Motd' cannot be the name of a fix"),
        (("new", "tzdata"), "there is a fix 'tzdata' already"),
        (("show", "nothing"), "there is no fix 'nothing'; there are ca-certificates, config-change, tzdata"),
        (("check", "tzdata", "--set", "zones"), "--set 'zones' is not of the form NAME=VALUE"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_words(workspace: Path, words: tuple[str, ...], said: str) -> None:
    done = muster(workspace, *words)
    assert isinstance(done.exception, InputError)
    assert said in done.exception.message


def test_a_broken_fix_is_named_and_does_not_hide_the_others(workspace: Path) -> None:
    muster(workspace, "new", "motd")
    change(workspace, "fix.yml", "name: motd", "name: other")
    (workspace / "fixes/tzdata").mkdir()
    done = muster(workspace, "list")
    assert done.exit_code == 0
    assert "config-change" in done.stdout
    assert "name: 'other' is not the name of its folder" in done.stderr
    assert "fixes/tzdata: Muster has a fix of this name already" in done.stderr
    with pytest.raises(FixError, match="is not the name of its folder"):
        prepare_fix("motd", {}, workspace=workspace)
