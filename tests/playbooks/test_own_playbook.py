"""The template of a fix of playbooks, carried to a real OpenSSH host by Ansible: it works at once, its check too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.cli.fix_template import template
from muster.outcomes import Ending
from muster.settings import Settings
from muster.steps import StepName, read_output
from playbooks.catalog import prepare_fix
from push.ansible import ansible_pusher
from tests.fleet.openssh import Fleet, openssh_fleet, why_not
from tests.playbooks.hosts import carry

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path_factory.mktemp("own"), 1) as fleet:
        yield fleet


def test_it_checks_applies_and_rolls_back(fleet: Fleet, tmp_path: Path) -> None:
    folder = tmp_path / "fixes/motd"
    folder.mkdir(parents=True)
    for name, text in template("motd", playbook=True).items():
        (folder / name).write_text(text)
    fix = prepare_fix("motd", {"text": "hello"}, workspace=tmp_path)
    host, pusher = fleet.hosts[0], ansible_pusher(Settings(), known_hosts=fleet.known_hosts)

    def said(name: StepName) -> list[tuple[str, ...]]:
        report = carry(pusher, fleet, [host], fix, name)[host.name]
        assert report.ending is Ending.DONE, report
        output = read_output(report.stdout)
        return [output.would, output.changes, output.diff[2:]]

    put = "Put the line into /etc/motd.conf"
    assert said(StepName.CHECK) == [(put,), (), ("@@ -0,0 +1 @@", "+hello")]
    assert not host.exists("/etc/motd.conf")
    assert said(StepName.APPLY)[1] == (put,)
    assert host.read("/etc/motd.conf") == b"hello\n"
    assert said(StepName.ROLLBACK)[1] == ("Remove /etc/motd.conf, which was not there before",)
    assert not host.exists("/etc/motd.conf")
