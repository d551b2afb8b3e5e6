"""A file is changed, validated and watched; what does not come out well is taken back by the host itself."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from muster.errors import FixError
from muster.outcomes import Verdict
from muster.ports import PreparedFix
from muster.steps import StepName
from playbooks.catalog import prepare_fix
from tests.playbooks.hosts import Folder, made
from tests.playbooks.tzdata.place import busybox, dash

CONF = "# app\nlimit = 10\n#limit = 5\n\n[web]\nport = 80\nlimit = 3\nlimit = 4\n\n[db]\nx = 1\n"


@pytest.fixture(params=["dash", "busybox"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if shutil.which(request.param) is None:
        pytest.skip(f"needs {request.param} (apt-get install {request.param})")
    shell = dash() if request.param == "dash" else busybox(tmp_path / "busybox")
    host = Folder(tmp_path / "root", shell)
    host.write("etc/app.conf", CONF)
    return host


def set_key(**parameters: str) -> PreparedFix:
    usual = {"path": "/etc/app.conf", "way": "key", "key": "limit", "value": "50", "separator": " = "}
    return prepare_fix("config-change", usual | parameters)


def test_a_key_is_set_once_where_it_stands_and_put_back(host: Folder) -> None:
    fix = set_key(section="web")
    assert fix.judge(host.run(fix, StepName.PROBE), timezone="Etc/UTC").verdict is Verdict.STALE
    before = host.tree()
    check = host.run(fix, StepName.CHECK)
    assert host.tree() == before
    assert check.would == ("replace /etc/app.conf",)
    assert [line for line in check.diff if line[0] in "+-"][2:] == ["-limit = 3", "-limit = 4", "+limit = 50"]
    applied = host.run(fix, StepName.APPLY)
    assert applied.changes == ("replaced /etc/app.conf: -limit = 3 | -limit = 4 | +limit = 50",)
    assert host.file("etc/app.conf").read_text() == CONF.replace("limit = 3\nlimit = 4\n", "limit = 50\n")
    assert fix.judge(host.run(fix, StepName.VERIFY), timezone="Etc/UTC").verdict is Verdict.RIGHT
    again = host.run(fix, StepName.APPLY)
    assert (again.changes, again.notes) == ((), ("/etc/app.conf was as wanted already",))
    assert host.run(fix, StepName.ROLLBACK).changes == ("restored /etc/app.conf",)
    assert host.tree() == before


@pytest.mark.parametrize(
    ("parameters", "content", "wanted"),
    [
        ({}, CONF, CONF.replace("limit = 10", "limit = 50")),
        ({"key": "new"}, CONF, CONF.replace("#limit = 5\n", "#limit = 5\nnew = 50\n")),
        ({"section": "db"}, CONF, CONF + "limit = 50\n"),
        ({"section": "none"}, CONF, CONF + "[none]\nlimit = 50\n"),
        ({"key": "Port", "separator": " "}, "Match all\nPort 1\n", "Port 50\nMatch all\nPort 1\n"),
        ({"key": "Port", "separator": " "}, "PortX 3\nPort\t1\n", "PortX 3\nPort 50\n"),
        ({"key": "a.b", "value": r"\1&\n", "separator": "="}, "axb=1\na.b=2", "axb=1\na.b=\\1&\\n\n"),
    ],
)
def test_a_key_goes_where_a_person_would_put_it(
    host: Folder, parameters: dict[str, str], content: str, wanted: str
) -> None:
    host.write("etc/app.conf", content)
    host.run(set_key(**parameters), StepName.APPLY)
    assert host.file("etc/app.conf").read_text() == wanted


def test_a_block_keeps_its_own_lines_and_nothing_else(host: Folder, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    for text in ("one\ntwo\n", "three\n"):
        lines.write_text(text)
        fix = prepare_fix("config-change", {"path": "/etc/app.conf", "way": "block", "content": str(lines)})
        assert host.run(fix, StepName.APPLY).errors == ()
        assert host.file("etc/app.conf").read_text() == f"{CONF}# BEGIN muster\n{text}# END muster\n"
    assert host.run(fix, StepName.ROLLBACK).errors == ()
    assert "one\ntwo" in host.file("etc/app.conf").read_text(), "each change is rolled back for itself"


def test_a_new_file_has_its_rights_and_is_removed_by_a_roll_back(host: Folder, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_text("x\n")
    asked = {"path": "/etc/new.d/x.conf", "content": str(content), "mode": "0640"}
    finding = prepare_fix("config-change", asked)
    said = host.run(finding, StepName.PROBE)
    assert finding.judge(said, timezone="Etc/UTC").verdict is Verdict.UNSUPPORTED
    assert host.run(finding, StepName.APPLY).errors == ("there is no /etc/new.d/x.conf on this host",)
    fix = prepare_fix("config-change", asked | {"create": "yes"})
    host.run(fix, StepName.APPLY)
    assert host.file("etc/new.d/x.conf").stat().st_mode & 0o777 == 0o640
    host.run(fix, StepName.ROLLBACK)
    assert not host.file("etc/new.d/x.conf").exists()


def test_a_link_stays_a_link(host: Folder) -> None:
    host.file("etc/app.conf").rename(host.file("etc/real.conf"))
    host.file("etc/app.conf").symlink_to("real.conf")
    host.run(set_key(), StepName.APPLY)
    assert host.file("etc/app.conf").is_symlink()
    assert "limit = 50" in host.file("etc/real.conf").read_text()


def test_what_the_validation_refuses_is_never_put_in_place(host: Folder) -> None:
    said = host.run(set_key(validate="! grep -q 50 %s || { echo too many >&2; exit 3; }"), StepName.APPLY)
    (error,) = said.errors
    assert error.startswith("the new content is refused, and nothing was changed:")
    assert "ended with code 3: too many" in error
    assert host.file("etc/app.conf").read_text() == CONF


def test_what_the_validation_refuses_afterwards_is_taken_back(host: Folder) -> None:
    said = host.run(set_key(validate="! grep -q 'limit = 50' $MUSTER_ROOT/etc/app.conf"), StepName.APPLY)
    (error,) = said.errors
    assert "is refused" in error
    assert error.endswith("the old content was put back")
    assert host.file("etc/app.conf").read_text() == CONF


def test_when_all_is_not_well_the_old_content_and_the_service_come_back(host: Folder) -> None:
    script = host.write("etc/init.d/app", "#!/bin/sh\ncp $MUSTER_ROOT/etc/app.conf $MUSTER_ROOT/loaded\n")
    script.chmod(0o755)
    fix = set_key(
        service="app",
        health_command="! grep -q 'limit = 50' $MUSTER_ROOT/loaded || { echo overload; exit 1; }",
        health_deadline_s="1",
        health_wait_s="0.2",
    )
    host.write("loaded", CONF)
    said = host.run(fix, StepName.APPLY)
    (error,) = said.errors
    assert error == (
        "all is not well after the change: the health command ended with code 1: overload; "
        "the old content was put back and app was restarted: all is well again"
    )
    assert host.file("loaded").read_text() == host.file("etc/app.conf").read_text() == CONF
    assert host.run(fix, StepName.CHECK).would == ("replace /etc/app.conf", "restart app")


@pytest.mark.parametrize("number", [signal.SIGTERM, None], ids=["told to end", "nobody listens"])
def test_a_host_that_is_cut_off_comes_to_its_end_by_itself(host: Folder, number: signal.Signals | None) -> None:
    """A change of the network may cut our own way to the host: nobody is there to tell it to go back."""
    fix = set_key(health_command="test -e $MUSTER_ROOT/never", health_deadline_s="3", health_wait_s="0.2")
    step = made(fix, StepName.APPLY)
    process = host.start(step)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    assert _within(30, lambda: "limit = 50" in host.file("etc/app.conf").read_text())
    if number is None:
        process.stdout.close()
    else:
        os.killpg(process.pid, number)
    assert _within(30, lambda: host.file("etc/app.conf").read_text() == CONF)
    assert process.wait(30) is not None
    assert process.stderr is not None
    process.stderr.close()
    process.stdout.close()


@pytest.mark.parametrize("what", ["kill -TERM $PPID", "kill -PIPE $PPID", "kill -HUP $PPID"])
def test_what_hits_it_right_after_the_file_was_put_leaves_no_new_content_unwatched(tmp_path: Path, what: str) -> None:
    trap = tmp_path / "bin" / "mv"
    trap.parent.mkdir()
    trap.write_text(f'#!/bin/sh\n/bin/mv "$@"\ncase "$*" in */root/etc/app.conf) {what} ;; esac\n')
    trap.chmod(0o755)
    host = Folder(tmp_path / "root", replace(dash(), path=f"{trap.parent}:{dash().path}"))
    host.write("etc/app.conf", CONF)
    said = host.run(set_key(health_command="test -e $MUSTER_ROOT/never", health_deadline_s="1"), StepName.APPLY)
    assert len(said.errors) == 1
    assert "the old content was put back" in said.errors[0]
    assert host.file("etc/app.conf").read_text() == CONF


def test_a_change_that_was_killed_is_brought_to_its_end_by_the_next_push(host: Folder) -> None:
    fix = set_key(health_command="test -e $MUSTER_ROOT/well", health_deadline_s="60")
    process = host.start(made(fix, StepName.APPLY))
    assert process.stdin is not None
    process.stdin.close()
    assert _within(30, lambda: "limit = 50" in host.file("etc/app.conf").read_text())
    os.killpg(process.pid, signal.SIGKILL)
    process.stdin = None
    process.communicate()
    host.write("well", "")
    finding = fix.judge(host.run(fix, StepName.PROBE), timezone="Etc/UTC")
    assert (finding.verdict, finding.summary.split(", ")[1]) == (
        Verdict.STALE,
        "but the change was not brought to its end",
    )
    assert host.run(fix, StepName.APPLY).errors == ()
    assert fix.judge(host.run(fix, StepName.PROBE), timezone="Etc/UTC").verdict is Verdict.RIGHT


def test_secret_lines_are_not_shown(host: Folder) -> None:
    fix = set_key(value="recognisable-secret", show_diff="no")
    for name in (StepName.CHECK, StepName.APPLY):
        assert "recognisable-secret" not in str(host.run(fix, name))
    assert "recognisable-secret" in host.file("etc/app.conf").read_text()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"path": "etc/x"}, "parameters.path: 'etc/x' is no absolute path"),
        ({"path": "/etc/../x"}, "parameters.path"),
        ({"key": ""}, "parameters.key: is missing"),
        ({"way": "file", "key": ""}, "parameters.content: is missing"),
        ({"mode": "rw"}, "parameters.mode: 'rw' are no rights"),
        ({"value": "a\nb"}, "parameters.value: is more than one line"),
        ({"health_tcp": "https"}, "parameters.health_tcp: 'https' is no port"),
        ({"health_http": "localhost"}, "parameters.health_http"),
        ({"health_status": "ok"}, "parameters.health_status"),
        ({"health_deadline_s": "900"}, "parameters.health_deadline_s: 900 s is too long"),
        ({"health_wait_s": "soon"}, "parameters.health_wait_s: 'soon' is not a number"),
        ({"service": "a b"}, "parameters.service"),
        ({"content": "/no/such"}, "parameters.content: there is no file '/no/such'"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(parameters: dict[str, str], words: str) -> None:
    with pytest.raises(FixError) as raised:
        set_key(**parameters)
    assert words in raised.value.message


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck (apt-get install shellcheck)")
def test_shellcheck_finds_nothing() -> None:
    scripts = {made(set_key(), name).script: name for name in StepName}
    for text, name in scripts.items():
        script = text.encode()
        done = subprocess.run(
            ["shellcheck", "-s", "sh", "-"], input=script, capture_output=True, timeout=60, check=False
        )
        assert done.stdout.decode() == "", name


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False
