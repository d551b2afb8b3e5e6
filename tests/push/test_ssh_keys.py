"""Keys, certificates and agents at real OpenSSH hosts, made by OpenSSH's own tools."""

import base64
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Target
from muster.settings import Settings
from push.credentials import Credentials
from push.known_hosts import KnownHosts
from push.redact import Redactor
from push.ssh import ssh_pusher
from tests.fleet.openssh import Fleet, FleetHost, KeyPair, openssh_fleet, why_not
from tests.push.conformance import carry
from tests.push.worlds import ShellSteps

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]

CONFIG = "/etc/ssh/fleet_sshd_config"
Exchange = Literal["fast", "post-quantum-first"]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path, 1) as fleet:
        yield fleet


def _keygen(*arguments: str) -> None:
    subprocess.run(["ssh-keygen", "-q", *arguments], check=True, capture_output=True)


def _configure(host: FleetHost, *lines: str) -> None:
    kept = host.read(CONFIG).decode()
    host.write(CONFIG, ("\n".join(lines) + "\n" + kept).encode())


def _push(fleet: Fleet, known: Path, credential: str = "", exchange: Exchange = "fast") -> StepReport:
    host = fleet.hosts[0]
    target = Target(
        HostId(host.name),
        SiteId("s"),
        TransportName.SSH,
        host.address,
        host.port,
        "root",
        credential or f"key:{fleet.key_file}",
    )
    redactor = Redactor()
    pusher = ssh_pusher(
        Settings(key_exchange=exchange),
        known_hosts=KnownHosts.read(known),
        credentials=Credentials(redactor),
        redactor=redactor,
    )
    return carry(pusher, target, ShellSteps().say({}))


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, str]:
    """A signing key's file, and its public half."""
    pair, file = KeyPair.new(), tmp_path / "ca"
    file.touch(mode=0o600)
    file.write_text(pair.private)
    return file, pair.public


@pytest.mark.parametrize(("principal", "ending"), [("127.10.*", Ending.DONE), ("elsewhere", Ending.UNTRUSTED)])
def test_a_host_certificate_is_asked_for_and_checked(
    fleet: Fleet, tmp_path: Path, authority: tuple[Path, str], principal: str, ending: Ending
) -> None:
    host = fleet.hosts[0]
    public, known = tmp_path / "host.pub", tmp_path / "known"
    public.write_text(host.key.public + "\n")
    _keygen("-s", str(authority[0]), "-I", "id", "-h", "-n", principal, str(public))
    host.write("/etc/ssh/fleet_host_key-cert.pub", (tmp_path / "host-cert.pub").read_bytes())
    _configure(host, "HostCertificate /etc/ssh/fleet_host_key-cert.pub")
    known.write_text(f"@cert-authority * {authority[1]}\n")
    report = _push(fleet, known)
    assert report.ending is ending, report
    if ending is Ending.UNTRUSTED:
        assert "is for elsewhere" in report.cause


def test_a_user_certificate_beside_the_key_lets_in(fleet: Fleet, tmp_path: Path, authority: tuple[Path, str]) -> None:
    host, mine = fleet.hosts[0], tmp_path / "mine"
    pair = KeyPair.new()
    mine.write_text(pair.private)
    (tmp_path / "mine.pub").write_text(pair.public + "\n")
    host.write("/etc/ssh/fleet_users_ca", (authority[1] + "\n").encode())
    _configure(host, "TrustedUserCAKeys /etc/ssh/fleet_users_ca")
    refused = _push(fleet, fleet.known_hosts, f"key:{mine}")
    assert (refused.ending, refused.stage) == (Ending.FAILED, Stage.AUTHENTICATE)
    _keygen("-s", str(authority[0]), "-I", "id", "-n", "root", "-V", "+5m", str(tmp_path / "mine.pub"))
    assert _push(fleet, fleet.known_hosts, f"key:{mine}").ending is Ending.DONE


def test_a_host_with_several_keys_is_asked_for_the_one_that_is_known(fleet: Fleet, tmp_path: Path) -> None:
    host, rsa, known = fleet.hosts[0], tmp_path / "rsa", tmp_path / "known"
    _keygen("-t", "rsa", "-b", "2048", "-N", "", "-f", str(rsa))
    host.write("/etc/ssh/fleet_rsa", rsa.read_bytes(), mode=0o600)
    _configure(host, "HostKey /etc/ssh/fleet_rsa")
    known.write_text(f"[{host.address}]:{host.port} {' '.join((tmp_path / 'rsa.pub').read_text().split()[:2])}\n")
    assert _push(fleet, known).ending is Ending.DONE


KINDS = [("ed25519", ""), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048")]


def _made(folder: Path, name: str, kind: str, bits: str) -> Path:
    """A key that ssh-keygen has made."""
    length = ["-b", bits] if bits else []
    _keygen("-t", kind, *length, "-N", "", "-f", str(folder / name))
    return folder / name


def test_every_kind_of_key_lets_in_in_every_form_that_ssh_keygen_writes(fleet: Fleet, tmp_path: Path) -> None:
    host = fleet.hosts[0]
    made = [_made(tmp_path, f"{kind}{bits}", kind, bits) for kind, bits in KINDS]
    host.write("/etc/ssh/fleet_authorized_keys", b"".join(file.with_suffix(".pub").read_bytes() for file in made))
    files = list(made)
    for file in made[1:]:  # an ed25519 key has one form only
        for form in ("PEM", "PKCS8"):
            files.append(file.with_name(f"{file.name}-{form}"))
            files[-1].touch(mode=0o600)
            files[-1].write_bytes(file.read_bytes())
            _keygen("-p", "-P", "", "-N", "", "-m", form, "-f", str(files[-1]))
    endings = {file.name: _push(fleet, fleet.known_hosts, f"key:{file}").ending for file in files}
    assert endings == {file.name: Ending.DONE for file in files}


def test_every_kind_of_host_key_is_known_by_its_own_line(fleet: Fleet, tmp_path: Path) -> None:
    """The host has them all; which one is asked for is what known_hosts says."""
    host, known = fleet.hosts[0], tmp_path / "known"
    for number, (kind, bits) in enumerate(KINDS):
        file = _made(tmp_path, f"host{number}", kind, bits)
        host.write(f"/etc/ssh/fleet_{number}", file.read_bytes(), mode=0o600)
        _configure(host, f"HostKey /etc/ssh/fleet_{number}")
    shown = subprocess.run(
        ["ssh-keyscan", "-p", str(host.port), "-t", "rsa,ecdsa,ed25519", host.address],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = [line for line in shown.splitlines() if line.startswith("[")]
    assert len(lines) >= 3, shown
    for line in lines:
        known.write_text(line + "\n")
        assert _push(fleet, known).ending is Ending.DONE, line


def test_a_key_in_another_programs_form_is_refused_with_what_to_do(fleet: Fleet, tmp_path: Path) -> None:
    putty, locked = tmp_path / "key.ppk", tmp_path / "locked"
    putty.write_text("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n")
    assert "puttygen" in _push(fleet, fleet.known_hosts, f"key:{putty}").hint
    _keygen("-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "open sesame", "-f", str(locked))
    report = _push(fleet, fleet.known_hosts, f"key:{locked}")
    assert "protected by a passphrase" in report.cause
    assert "?passphrase=" in report.hint


def test_a_hashed_known_hosts_trusts_the_same_hosts(fleet: Fleet) -> None:
    _keygen("-H", "-f", str(fleet.known_hosts))
    assert fleet.hosts[0].address not in fleet.known_hosts.read_text()
    assert _push(fleet, fleet.known_hosts).ending is Ending.DONE


def test_a_key_with_a_passphrase_works_through_an_agent_only(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.touch(mode=0o600)
    locked.write_bytes(fleet.key_file.read_bytes())
    other = tmp_path / "other"
    _keygen("-t", "ed25519", "-N", "", "-f", str(other))
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(tmp_path / "agent.sock")], stdout=subprocess.DEVNULL)
    try:
        while not (tmp_path / "agent.sock").exists():
            assert agent.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent.sock"))
        assert "holds no key" in _push(fleet, fleet.known_hosts, "agent:").cause
        for key in (other, locked):
            subprocess.run(["ssh-add", "-q", str(key)], check=True, env=os.environ, capture_output=True)
        assert _push(fleet, fleet.known_hosts, "agent:").ending is Ending.DONE
    finally:
        agent.terminate()
        agent.wait()
    _keygen("-p", "-P", "", "-N", "open sesame", "-f", str(locked))
    report = _push(fleet, fleet.known_hosts, f"key:{locked}")
    assert report.ending is Ending.FAILED
    assert "passphrase" in report.cause
    assert "agent:" in report.hint


@pytest.mark.parametrize("exchange", ["fast", "post-quantum-first"])
def test_a_host_without_a_common_key_exchange_says_so(fleet: Fleet, exchange: Exchange) -> None:
    assert _push(fleet, fleet.known_hosts, exchange=exchange).ending is Ending.DONE
    _configure(fleet.hosts[0], "KexAlgorithms diffie-hellman-group14-sha256")
    report = _push(fleet, fleet.known_hosts, exchange=exchange)
    if exchange == "fast":
        assert (report.ending, report.stage) == (Ending.UNREACHABLE, Stage.HOST_KEY), report
        assert "key_exchange" in report.hint
    else:
        assert report.ending is Ending.DONE


def test_a_login_that_takes_passwords_only_says_which_kind(fleet: Fleet) -> None:
    _configure(fleet.hosts[0], "PubkeyAuthentication no")
    report = _push(fleet, fleet.known_hosts)
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE)
    assert "it takes password" in report.cause


def test_a_second_factor_is_named(fleet: Fleet) -> None:
    _configure(fleet.hosts[0], "AuthenticationMethods publickey,password")
    report = _push(fleet, fleet.known_hosts)
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE)
    assert "second proof" in report.cause


def test_a_wrong_password_is_tried_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every further try brings a locked account nearer."""
    host = fleet.hosts[0]
    _configure(host, "LogLevel VERBOSE", "MaxAuthTries 1")
    monkeypatch.setenv("WRONG_PASSWORD", "not-the-password")
    report = _push(fleet, fleet.known_hosts, "env:WRONG_PASSWORD")
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE)
    assert "not-the-password" not in repr(report)


def test_a_host_that_lets_no_command_be_run_says_so(fleet: Fleet) -> None:
    _configure(fleet.hosts[0], "MaxSessions 0")
    report = _push(fleet, fleet.known_hosts)
    assert report.ending is Ending.FAILED
    assert "lets no command be run" in report.cause


def test_a_forced_command_is_not_taken_for_the_step(fleet: Fleet) -> None:
    _configure(fleet.hosts[0], "ForceCommand echo only backups here")
    report = _push(fleet, fleet.known_hosts)
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.COMMAND)
    assert "only backups here" in report.cause


def test_public_blobs_are_what_is_in_the_file(fleet: Fleet) -> None:
    line = fleet.known_hosts.read_text().split()
    assert base64.b64decode(line[2]) == fleet.hosts[0].key.public_blob
    assert replace(fleet.hosts[0]).key == fleet.hosts[0].key
