"""Everything that a pusher must hold, through a jump host."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from muster.fleet import Jump
from muster.ports import Target
from push import jump_traffic as module
from tests.fleet.faults import Fault
from tests.fleet.openssh import KeyPair, openssh_fleet, why_not
from tests.push.conformance import PusherConformance
from tests.push.test_ssh import PASSWORD_VARIABLE, STAGED, WHOLE_HOSTS, OpenSshWorld

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.slow,  # the same 40 cases again; test_jump.py has what is a jump host's own
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]


@dataclass
class BehindJumpHost(OpenSshWorld):
    """The last whole host is the jump host of all others."""

    patience_s: float = 1.0

    def target(self, fault: Fault = Fault.NONE, number: int = 0) -> Target:
        gate = self.host(number=WHOLE_HOSTS)
        jump = Jump(gate.address, gate.port, "root", f"key:{self.fleet.key_file}")
        return replace(super().target(fault, number), jump=(jump,))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BehindJumpHost]:
    folder = tmp_path_factory.mktemp("behind")
    stranger = folder / "stranger"
    stranger.write_text(KeyPair.new().private)
    faults = dict(enumerate(STAGED, start=WHOLE_HOSTS + 1))
    with openssh_fleet(folder, WHOLE_HOSTS + 1 + len(faults), faults=faults, after_bytes=100_000) as fleet:
        os.environ[PASSWORD_VARIABLE] = fleet.password
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "IDLE_S", 0.1)  # the shared session stays for half a minute, and its threads with it
            yield BehindJumpHost(fleet, Path(stranger))
        del os.environ[PASSWORD_VARIABLE]


class TestBehindJumpHost(PusherConformance):
    """Real OpenSSH hosts behind a real OpenSSH jump host."""
