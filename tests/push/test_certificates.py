"""Certificates for one session: real sshd accepts them for their principal, in their time, from their addresses."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from muster.errors import SecretError
from muster.fleet import Jump, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Target
from muster.settings import Settings
from push import certificates as module
from push.credentials import Credentials, PrivateKey, Use
from push.keys import load_private_key
from push.known_hosts import KnownHosts
from push.redact import Redactor
from push.ssh import ssh_pusher
from tests.fleet.openssh import Fleet, openssh_fleet, why_not
from tests.push.conformance import GO_ON
from tests.push.worlds import ShellSteps

KINDS = {"ed25519": [], "ecdsa": ["-b", "256"], "rsa": ["-b", "2048"]}


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of every kind, one with a passphrase, and one that nobody trusts."""
    folder = tmp_path_factory.mktemp("authorities")
    for kind, options in KINDS.items():
        _keygen("-t", kind, *options, "-N", "", "-f", str(folder / kind))
    _keygen("-t", "ed25519", "-N", "open sesame", "-f", str(folder / "locked"))
    _keygen("-t", "ed25519", "-N", "", "-f", str(folder / "stranger"))
    return folder


def _keygen(*arguments: str) -> None:
    subprocess.run(["ssh-keygen", "-q", *arguments], check=True, capture_output=True)


def _shown(certificate: str, folder: Path) -> str:
    """What OpenSSH reads in it."""
    file = folder / "shown-cert.pub"
    file.write_text(certificate + "\n")
    return subprocess.run(["ssh-keygen", "-L", "-f", str(file)], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("kind", KINDS)
def test_openssh_reads_what_was_signed(authorities: Path, tmp_path: Path, kind: str) -> None:
    credentials = Credentials(Redactor(), folder=authorities)
    use = Use("root", 60, "campaign clocks apply\nacme-van-web")
    login = credentials.resolve(f"ca:{kind}?principal=muster&source=10.0.0.0/8,192.0.2.7", use)
    assert isinstance(login, PrivateKey)
    shown = _shown(login.certificate, tmp_path)
    assert 'Key ID: "muster campaign clocks apply acme-van-web"' in shown
    assert "user certificate" in shown
    assert shown.split("Principals:")[1].split()[0] == "muster"
    assert "source-address 10.0.0.0/8,192.0.2.7" in shown
    assert "Extensions: (none)" in shown
    assert load_private_key(login).public_blob is not None
    other = credentials.resolve(f"ca:{kind}?principal=muster", use)
    assert isinstance(other, PrivateKey)
    assert other.text != login.text, "every session has a key of its own"


def test_a_certificate_may_forward_for_a_jump_host_only(authorities: Path, tmp_path: Path) -> None:
    credentials = Credentials(Redactor(), folder=authorities)
    login = credentials.resolve("ca:ed25519", Use("ops", 60, "jump", forwarding=True))
    assert isinstance(login, PrivateKey)
    shown = _shown(login.certificate, tmp_path)
    assert shown.split("Principals:")[1].split()[0] == "ops"
    assert shown.split("Extensions:")[1].split() == ["permit-port-forwarding"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("ca:ed25519", "names no principal"),
        ("ca:none?principal=x", "there is no such file"),
        ("ca:ed25519?principle=x", "'principle' is no option"),
        ("ca:ed25519?principal=x&source=here", "'here' is no address"),
        ("ca:locked?principal=x", "protected by a passphrase"),
        ("ca:locked?principal=x&passphrase=env:WRONG", "does not open this key"),
        ("ca:ed25519.pub?principal=x", "no private key"),
        ("ca:env:WRONG?principal=x", "an authority is a private key"),
        ("ca:ca:ed25519?principal=x", "cannot be signed by another"),
    ],
)
def test_what_is_wrong_with_an_authority_is_named(
    authorities: Path, monkeypatch: pytest.MonkeyPatch, reference: str, words: str
) -> None:
    monkeypatch.setenv("WRONG", "wrong sesame")
    with pytest.raises(SecretError, match=words) as caught:
        Credentials(Redactor(), folder=authorities).resolve(reference)
    assert "wrong sesame" not in caught.value.message + caught.value.hint


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, authorities: Path) -> Iterator[Fleet]:
    if why_not():
        pytest.skip(why_not())
    with openssh_fleet(tmp_path_factory.mktemp("certificates"), 2) as fleet:
        trusted = "".join((authorities / f"{name}.pub").read_text() for name in (*KINDS, "locked"))
        for host in fleet.hosts:
            host.write("/etc/ssh/fleet_users_ca", trusted.encode())
            config = "/etc/ssh/fleet_sshd_config"
            host.write(config, b"TrustedUserCAKeys /etc/ssh/fleet_users_ca\n" + host.read(config))
        yield fleet


def _push(fleet: Fleet, authorities: Path, credential: str, jump: tuple[Jump, ...] = ()) -> StepReport:
    host, redactor = fleet.hosts[0], Redactor()
    target = Target(HostId("h"), SiteId("s"), TransportName.SSH, host.address, host.port, "root", credential, jump=jump)
    pusher = ssh_pusher(
        Settings(),
        known_hosts=KnownHosts.read(fleet.known_hosts),
        credentials=Credentials(redactor, folder=authorities),
        redactor=redactor,
    )
    (report,) = pusher.execute([Order(target, ShellSteps().say({}), 20, "campaign clocks")], stop=GO_ON)
    return report


@pytest.mark.sshd
@pytest.mark.parametrize(
    ("reference", "accepted"),
    [
        *((f"ca:{kind}?principal=root", True) for kind in KINDS),
        ("ca:ed25519", True),
        ("ca:key:ed25519?principal=root&source=127.0.0.0/8", True),
        ("ca:locked?principal=root&passphrase=env:SESAME", True),
        ("ca:ed25519?principal=somebody", False),
        ("ca:ed25519?principal=root&source=10.99.0.0/16", False),
        ("ca:stranger?principal=root", False),
    ],
)
def test_a_host_takes_the_certificate_that_was_made_for_it(
    fleet: Fleet,
    authorities: Path,
    monkeypatch: pytest.MonkeyPatch,
    reference: str,
    accepted: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setenv("SESAME", "open sesame")
    report = _push(fleet, authorities, reference)
    if accepted:
        assert report.ending is Ending.DONE, report
    else:
        assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE), report
        assert "does not take the credential of root" in report.cause


@pytest.mark.sshd
@pytest.mark.parametrize("shift_s", [-7200, 7200])
def test_a_certificate_is_refused_outside_its_window(
    fleet: Fleet, authorities: Path, monkeypatch: pytest.MonkeyPatch, shift_s: int
) -> None:
    class Shifted:
        """Our clock, wrong by two hours; the host's is right."""

        @staticmethod
        def time() -> float:
            return time.time() + shift_s

    monkeypatch.setattr(module, "time", Shifted)
    report = _push(fleet, authorities, "ca:ed25519?principal=root")
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE), report


@pytest.mark.sshd
def test_a_jump_host_is_entered_by_certificate_too(fleet: Fleet, authorities: Path) -> None:
    gate = fleet.hosts[1]
    jump = Jump(gate.address, gate.port, "root", "ca:ed25519?principal=root")
    assert _push(fleet, authorities, "ca:ed25519?principal=root", (jump,)).ending is Ending.DONE
    refused = _push(fleet, authorities, "ca:ed25519", (replace(jump, credential="ca:ed25519?principal=nobody"),))
    assert "could not be reached (authenticate)" in refused.cause
