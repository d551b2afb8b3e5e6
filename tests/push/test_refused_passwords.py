"""A refused password stays refused: in the next process, until it is another one, or until a person says so."""

import json
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from muster.errors import AuthenticationRefused, SecretError
from muster.fleet import Become, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Target
from muster.settings import Settings
from push.credentials import Credentials
from push.known_hosts import KnownHosts
from push.redact import Redactor
from push.secrets_refused import FILE_NAME, RefusedPasswords
from push.ssh import ssh_pusher
from push.winrm_passwords import LogonRefused, PasswordGate
from tests.fleet.openssh import Fleet, openssh_fleet, why_not
from tests.push.conformance import carry, facts_of
from tests.push.test_winrm_passwords import guard
from tests.push.worlds import ShellSteps

WORD = "a word"
CORP = r"CORP\ann"


def _gate(file: Path) -> PasswordGate:
    """As another process would have it."""
    return PasswordGate(RefusedPasswords(file))


def _attempt(gate: PasswordGate, user: str, host: str, *, good: bool, secret: str = WORD) -> None:
    with gate.attempt(user, secret, host, guard(), reference="env:X"):
        if not good:
            raise LogonRefused


def test_a_refused_password_is_not_tried_by_the_next_process(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    with pytest.raises(LogonRefused):
        _attempt(_gate(file), "ann", "one:22", good=False)
    with pytest.raises(AuthenticationRefused, match="nothing was sent") as caught:
        _attempt(_gate(file), "ANN", "one:22", good=True)
    assert "muster hosts forgive" in caught.value.hint
    _attempt(_gate(file), "ann", "two:22", good=True)
    _attempt(_gate(file), "ann", "one:22", good=True, secret="the new word")


def test_a_domain_account_is_refused_everywhere_and_a_proven_one_at_one_host_only(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    with pytest.raises(LogonRefused):
        _attempt(_gate(file), CORP, "one", good=False)
    with pytest.raises(AuthenticationRefused):
        _attempt(_gate(file), CORP, "two", good=True)
    gate = _gate(file)
    _attempt(gate, "ben@corp.example", "one", good=True)
    with pytest.raises(LogonRefused):
        _attempt(gate, "ben@corp.example", "two", good=False)
    _attempt(_gate(file), "ben@corp.example", "three", good=True)
    with pytest.raises(AuthenticationRefused):
        _attempt(_gate(file), "ben@corp.example", "two", good=True)


def test_a_person_may_have_it_tried_again(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    gate = _gate(file)
    for host in ("one", "two"):
        with pytest.raises(LogonRefused):
            _attempt(gate, "ann", host, good=False)
    assert [one.who for one in RefusedPasswords(file).all()] == ["ann at one", "ann at two"]
    assert [one.who for one in RefusedPasswords(file).forget(["ann at one"])] == ["ann at one"]
    _attempt(gate, "ann", "one", good=True)
    with pytest.raises(AuthenticationRefused):
        _attempt(gate, "ann", "two", good=True)
    assert len(RefusedPasswords(file).forget(["env:X"])) == 1
    assert RefusedPasswords(file).all() == ()


def test_the_file_tells_nothing_of_the_password_and_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    with pytest.raises(LogonRefused):
        _attempt(_gate(file), "ann", "one", good=False, secret="correct horse")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_text()
    assert "correct horse" not in content
    assert json.loads(content)["refused"][0]["reference"] == "env:X"
    other = tmp_path / "other.json"
    with pytest.raises(LogonRefused):
        _attempt(_gate(other), "ann", "one", good=False, secret="correct horse")
    digests = {json.loads(each.read_text())["refused"][0]["digest"] for each in (file, other)}
    assert len(digests) == 2, "each file has a salt of its own"


def test_a_file_that_cannot_be_read_is_no_reason_to_try_passwords(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("{half of it")
    with pytest.raises(SecretError, match="cannot be read"):
        _attempt(_gate(file), "ann", "one", good=True)
    assert file.read_text() == "{half of it"


def test_several_processes_write_at_one_time_and_nothing_is_lost(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from push.secrets_refused import RefusedPasswords
        memory = RefusedPasswords(Path(sys.argv[1]))
        for number in range(20):
            memory.add(f"{sys.argv[2]} at {number}", "a word", "")
    """)
    file = str(tmp_path / FILE_NAME)
    running = [subprocess.Popen([sys.executable, "-c", program, file, name]) for name in "abc"]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert len(RefusedPasswords(Path(file)).all()) == 60


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if why_not():
        pytest.skip(why_not())
    with openssh_fleet(tmp_path_factory.mktemp("refused"), 2) as fleet:
        yield fleet


def _target(fleet: Fleet, number: int = 0, **changes: object) -> Target:
    host = fleet.hosts[number]
    key = f"key:{fleet.key_file}"
    made = Target(HostId(host.name), SiteId("s"), TransportName.SSH, host.address, host.port, "fixer", key)
    return replace(made, **changes)  # type: ignore[arg-type]


def _push(fleet: Fleet, target: Target, file: Path) -> StepReport:
    redactor = Redactor()
    pusher = ssh_pusher(
        Settings(),
        known_hosts=KnownHosts.read(fleet.known_hosts),
        credentials=Credentials(redactor),
        redactor=redactor,
        gate=_gate(file),
    )
    script = 'printf "fact\\tlogin\\tid\\t%s\\n" "$(id -u)"; cat; printf "\\ndone\\tapply\\n"'
    return carry(pusher, target, replace(ShellSteps().say({}), script=script, payload=b"the payload"))


@pytest.mark.sshd
def test_ssh_does_not_try_a_refused_password_twice(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / FILE_NAME
    monkeypatch.setenv("MUSTER_WORD", "not the password")
    target = _target(fleet, user="root", credential="env:MUSTER_WORD")
    first = _push(fleet, target, file)
    assert (first.ending, first.stage) == (Ending.FAILED, Stage.AUTHENTICATE)
    assert "refused before" not in first.cause
    second = _push(fleet, target, file)
    assert (second.ending, second.stage) == (Ending.FAILED, Stage.AUTHENTICATE)
    assert "was refused before: tried once and not again" in second.cause
    monkeypatch.setenv("MUSTER_WORD", fleet.password)
    assert _push(fleet, target, file).ending is Ending.DONE
    assert "not the password" not in file.read_text() + repr((first, second))


SUDO_ASKS = b"fixer ALL=(ALL) ALL\n"
needs_sudo = pytest.mark.skipif(not Path("/usr/bin/sudo").exists(), reason="needs sudo (apt-get install sudo)")


@pytest.mark.sshd
@needs_sudo
def test_sudo_is_told_its_password_where_a_host_is_marked_and_once_only(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / FILE_NAME
    fleet.hosts[1].write("/etc/sudoers.d/fixer", SUDO_ASKS, mode=0o440)
    monkeypatch.setenv("MUSTER_SUDO", fleet.password)
    monkeypatch.setenv("MUSTER_WRONG_SUDO", "not the password")
    unmarked = _push(fleet, _target(fleet, 1, become=Become.SUDO), file)
    assert "sudo asks for a password" in unmarked.cause
    marked = _target(fleet, 1, become=Become.SUDO, become_credential="env:MUSTER_SUDO")
    report = _push(fleet, marked, file)
    assert report.ending is Ending.DONE, report
    assert facts_of(report) == {"id": "0"}
    assert "the payload" in report.stdout
    assert "muster-password" not in report.stdout + report.stderr
    wrong = replace(marked, become_credential="env:MUSTER_WRONG_SUDO")
    first = _push(fleet, wrong, file)
    assert (first.ending, first.stage) == (Ending.FAILED, Stage.COMMAND), first
    assert "sudo on the host does not take the password of fixer" in first.cause
    second = _push(fleet, wrong, file)
    assert "refused before" in second.cause, second
    assert "not the password" not in repr((first, second)) + file.read_text()


@pytest.mark.sshd
@needs_sudo
def test_a_password_is_not_sent_where_sudo_asks_for_none(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be read as the first line of the step."""
    fleet.hosts[0].write("/etc/sudoers.d/fixer", b"fixer ALL=(ALL) NOPASSWD: ALL\n", mode=0o440)
    monkeypatch.setenv("MUSTER_SUDO", fleet.password)
    marked = _target(fleet, 0, become=Become.SUDO, become_credential="env:MUSTER_SUDO")
    for target in (marked, replace(marked, user="root")):
        report = _push(fleet, target, tmp_path / FILE_NAME)
        assert report.ending is Ending.DONE, report
        assert report.stdout.startswith("fact\tlogin\tid\t0\nthe payload")


@pytest.mark.sshd
@needs_sudo
def test_an_account_that_may_not_use_sudo_is_named_and_not_remembered(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / FILE_NAME
    fleet.hosts[0].write("/etc/sudoers.d/fixer", b"# nobody\n", mode=0o440)
    monkeypatch.setenv("MUSTER_SUDO", fleet.password)
    marked = _target(fleet, 0, become=Become.SUDO, become_credential="env:MUSTER_SUDO")
    report = _push(fleet, marked, file)
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.COMMAND), report
    assert "sudoers" in report.cause
    assert RefusedPasswords(file).all() == ()


@pytest.mark.sshd
def test_doas_cannot_be_told_a_password(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_SUDO", fleet.password)
    marked = _target(fleet, 0, become=Become.DOAS, become_credential="env:MUSTER_SUDO")
    report = _push(fleet, marked, tmp_path / FILE_NAME)
    assert report.ending is Ending.FAILED
    assert "from a terminal only" in report.cause


@pytest.mark.sshd
@pytest.mark.skipif(not Path("/usr/bin/doas").exists(), reason="needs doas (apt-get install opendoas)")
def test_a_step_becomes_root_by_doas(fleet: Fleet, tmp_path: Path) -> None:
    target = _target(fleet, 1, become=Become.DOAS)
    refused = _push(fleet, target, tmp_path / FILE_NAME)
    assert (refused.ending, refused.stage) == (Ending.FAILED, Stage.COMMAND), refused
    assert "doas" in refused.cause
    fleet.hosts[1].write("/etc/doas.conf", b"permit nopass fixer\n", mode=0o400)
    report = _push(fleet, target, tmp_path / FILE_NAME)
    assert facts_of(report) == {"id": "0"}
    assert "the payload" in report.stdout


@pytest.mark.sshd
@needs_sudo
def test_a_stop_ends_what_runs_as_root_too(fleet: Fleet) -> None:
    fleet.hosts[1].write("/etc/sudoers.d/fixer", b"fixer ALL=(ALL) NOPASSWD: ALL\n", mode=0o440)
    pusher = ssh_pusher(Settings(become="sudo"), known_hosts=KnownHosts.read(fleet.known_hosts), gate=PasswordGate())
    report = carry(pusher, _target(fleet, 1), ShellSteps().sleep(4711, timeout_s=60), deadline_s=3)
    assert report.ending is Ending.UNKNOWN, report
    until = time.monotonic() + 15
    while any("sleep 4711" in line for line in fleet.hosts[1].commands()):
        assert time.monotonic() < until, "it still runs, as root"
        time.sleep(0.1)
