"""Ansible at real OpenSSH hosts, held to what every pusher must hold."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from muster.outcomes import Ending
from muster.ports import Pusher
from muster.settings import Settings
from push.ansible import ansible_pusher
from push.credentials import Credentials
from push.redact import Redactor
from tests.fleet.faults import Fault
from tests.fleet.openssh import KeyPair, openssh_fleet, why_not
from tests.push.conformance import PusherConformance, carry
from tests.push.test_ssh import PASSWORD_VARIABLE, STAGED, WHOLE_HOSTS, OpenSshWorld
from tests.push.worlds import World

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@dataclass
class AnsibleWorld(OpenSshWorld):
    """The same hosts, reached by Ansible.

    Attributes:
        patience_s: Ansible needs seconds to begin, and many more on a busy machine.
        window: one call serves all orders, so all of them are taken first.
    """

    patience_s: float = 10.0
    window: int = 10_000

    def pusher(
        self, *, parallel: int = 8, connect_timeout_s: float = 2.0, output_limit_bytes: int = 262_144, per_site: int = 0
    ) -> Pusher:
        settings = Settings(
            parallel_hosts=parallel,
            connect_timeout_s=connect_timeout_s,
            login_timeout_s=3.0,
            output_limit_bytes=output_limit_bytes,
        )
        redactor = Redactor()
        return ansible_pusher(
            settings,
            known_hosts=self.fleet.known_hosts,
            credentials=Credentials(redactor),
            redactor=redactor,
            per_site=per_site,
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnsibleWorld]:
    folder = tmp_path_factory.mktemp("ansible")
    stranger = folder / "stranger"
    stranger.write_text(KeyPair.new().private)
    faults = dict(enumerate((*STAGED, Fault.NOISY_SHELL), start=WHOLE_HOSTS))
    with openssh_fleet(folder, WHOLE_HOSTS + len(faults), faults=faults, after_bytes=100_000) as fleet:
        os.environ[PASSWORD_VARIABLE] = fleet.password
        yield AnsibleWorld(fleet, stranger)
        del os.environ[PASSWORD_VARIABLE]


class TestAnsible(PusherConformance):
    """Real OpenSSH hosts, by ansible-runner."""

    def test_output_that_is_not_utf8_is_replaced(self, world: World) -> None:
        """Ansible itself replaces what it cannot decode, by question marks."""
        report = carry(world.pusher(), world.target(), world.steps.not_utf8())
        assert report.ending is Ending.DONE
        assert "caf? ?" in report.stdout
