"""No secret in the ledger, a file, a report, the process list or Prefect: a whole campaign, and then a search for them.

Recognisable ones: the password of hosts (one of which repeats it wherever a host can say something), the text of a
private key, and the password of the ledger's database.
"""

import csv
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from muster.demo.cast import Kind
from muster.demo.fleet import DemoHost
from muster.demo.zones import STALE_VERSION, zoneinfo_folder
from push.redact import REMOVED
from tests.fleet.openssh import openssh_fleet, why_not
from tests.postgres import PASSWORD, PostgresServer
from tests.survival.secret_search import (
    CommandLines,
    Secrets,
    found_in_folder,
    found_in_ledger,
    found_in_prefect,
    key_lines,
    parameters_in_prefect,
)
from tests.survival.stage import Stage, set_stage
from tests.survival.test_host_goes_on import write_fleet_files
from tests.survival.workplace import ZONE, Workplace, plain_environment

HOST_PASSWORD = "Correct-7orse-Battery:of/the hosts"
WRONG_PASSWORD = "Wrong-7orse-Battery:of/the hosts"
COMMANDS = (
    ("probe", "--all"),
    ("plan", "--seconds", "2"),
    ("dispatch",),
    ("run", "--ahead"),
    ("status", "--all"),
    ("status", "--json"),
    ("report",),
)
TROUBLE = (
    ("rollback", "--all"),
    ("run", "--ahead"),
    ("stop",),
    ("run",),
    ("resume",),
)

pytestmark = pytest.mark.timeout(900)


@dataclass
class Searched:
    """A workspace whose commands are watched."""

    work: Workplace
    secrets: Secrets
    folders: tuple[Path, ...]
    said: list[str] = field(default_factory=list)
    lines: CommandLines = field(default_factory=CommandLines)

    def play(self, fleet_files: Path) -> None:
        """A whole campaign."""
        for words in (("import", str(fleet_files)), *COMMANDS):
            self._say(*words)

    def play_what_touches_hosts(self, fleet_files: Path) -> None:
        """A campaign whose beginning takes no process of its own: four commands fewer to start."""
        self.work.prepare(fleet_files)
        for words in (("run", "--ahead"), ("status", "--all"), ("report",)):
            self._say(*words)

    def make_trouble(self) -> None:
        """Roll back, stop, and go on."""
        for words in TROUBLE:
            self._say(*words)

    def roll_back(self) -> None:
        """The one of these that makes hosts say something."""
        self._say("rollback", "--all")

    def come_with_wrong_passwords(self) -> None:
        """At the hosts and at the ledger's database."""
        self._say("probe", "--all", more={"FLEET_PASSWORD": WRONG_PASSWORD})
        self._say("status", more={"LEDGER_PASSWORD": WRONG_PASSWORD})
        self._say("status", "--all")

    def _say(self, *words: str, more: dict[str, str] | None = None) -> None:
        ended = self.work.muster(*words, more=more)
        self.said.append(f"{ended.out}\n{ended.err}")

    def finds(self) -> list[str]:
        """A sentence for every place where a secret was found."""
        return [
            *(found for folder in self.folders for found in found_in_folder(self.secrets, folder)),
            *found_in_ledger(self.secrets, self.work.sqlalchemy_url),
            *found_in_prefect(self.secrets, self.work.environment["PREFECT_API_URL"]),
            *self.lines.found(self.secrets),
            *(f"{name} was said" for text in self.said for name in self.secrets.found_in(text.encode())),
        ]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where commands put their temporary files; its name is short, because sockets lie there."""
    with TemporaryDirectory(prefix="m-") as folder:
        yield Path(folder)


@pytest.fixture
def searched_stage(
    tmp_path: Path,
    temporary: Path,
    prefect_home: Path,
    postgres_server: PostgresServer,
    prefect_api_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Searched, Stage]]:
    """The demo's hosts by SSH, some by password; the ledger on PostgreSQL."""
    monkeypatch.setenv("FLEET_PASSWORD", HOST_PASSWORD)
    monkeypatch.setenv("LEDGER_PASSWORD", PASSWORD)
    database = postgres_server.ledger_database()
    address = f"postgresql+psycopg://muster:${{LEDGER_PASSWORD}}@127.0.0.1:{postgres_server.port}/{database}"
    recorder = ("--password-in", "FLEET_PASSWORD", "--echo-at", ECHOING)
    with set_stage(tmp_path / "stage", prefect_api_url, ledger_url=address, recorder=recorder) as stage:
        stage.environment = {**stage.environment, "TMPDIR": str(temporary)}
        assert next(host for host in stage.fleet.hosts if host.id == ECHOING).kind is Kind.STALE
        secrets = {"the hosts' password": HOST_PASSWORD, "the wrong password": WRONG_PASSWORD}
        secrets |= {"the ledger's password": PASSWORD, **key_lines(stage.fleet.key.read_text())}
        give_passwords(stage.fleet.files / "hosts.csv", {host.id for host in stage.fleet.hosts if by_password(host)})
        yield Searched(stage, Secrets(secrets), (stage.workspace, temporary, prefect_home)), stage
    postgres_server.drop(database)


ECHOING = "van-dental-ws01"


def by_password(host: DemoHost) -> bool:
    """Every second host that can be reached, and the one that echoes."""
    return host.id == ECHOING or (host.listens and int(host.id[-1]) % 2 == 0)


def give_passwords(hosts_csv: Path, host_ids: set[str]) -> None:
    """These hosts are entered by the password in FLEET_PASSWORD."""
    with hosts_csv.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    for row in rows:
        if row["id"] in host_ids:
            row["credential"] = "env:FLEET_PASSWORD"
    with hosts_csv.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.postgres
@pytest.mark.parametrize("every_command", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_campaign_by_ssh_leaves_no_secret_anywhere(
    searched_stage: tuple[Searched, Stage], *, every_command: bool
) -> None:
    searched, stage = searched_stage
    with searched.lines:
        if every_command:
            searched.play(stage.fleet.files)
        else:
            searched.play_what_touches_hosts(stage.fleet.files)
        assert stage.summary() == stage.expected(), "the campaign was a whole one"
        if every_command:
            searched.make_trouble()
        else:
            searched.roll_back()
        searched.come_with_wrong_passwords()
    echoed = [one for one in stage.sessions() if one.host == ECHOING and HOST_PASSWORD in one.said]
    assert {one.step for one in echoed} == {"probe", "apply", "rollback"}, "the host did repeat it at every step"
    assert REMOVED in str(stage.hosts()), "and what it said has reached the ledger, without the secret"

    assert searched.finds() == []
    disks = [found for host in stage.fleet.hosts for found in found_in_folder(searched.secrets, host.root)]
    assert disks == [], "nor on a host's disk"
    assert any("host_ids" in parameters for parameters in parameters_in_prefect(prefect_of(stage)))


def prefect_of(stage: Stage) -> str:
    return stage.environment["PREFECT_API_URL"]


ECHO_SHELL = """\
#!/bin/sh
echo 'the password is {0}'
echo 'error: the password is {0}' >&2
exec /bin/sh "$@"
"""


@pytest.fixture
def searched_openssh(tmp_path: Path, temporary: Path, prefect_home: Path, prefect_api_url: str) -> Iterator[Searched]:
    """Real OpenSSH hosts by Ansible, all by password, one of which repeats it; the ledger on SQLite."""
    with ExitStack() as stack:
        fleet = stack.enter_context(openssh_fleet(tmp_path, 3))
        for host in fleet.hosts:
            host.write(f"/usr/share/zoneinfo/{ZONE}", (zoneinfo_folder(STALE_VERSION) / ZONE).read_bytes())
        echoing = fleet.hosts[0]
        echoing.write("/etc/echo_shell", ECHO_SHELL.format(fleet.password).encode(), mode=0o755)
        echoing.write("/etc/passwd", echoing.read("/etc/passwd").replace(b"/root:/bin/sh", b"/root:/etc/echo_shell", 1))
        assert fleet.password.encode() in echoing.run("/etc/echo_shell -c true")
        environment = {**plain_environment(), "PREFECT_API_URL": prefect_api_url, "TMPDIR": str(temporary)}
        work = Workplace(tmp_path / "workspace", {**environment, "FLEET_PASSWORD": fleet.password})
        work.write(key=fleet.key_file, known_hosts=fleet.known_hosts.read_text(), push_by="ansible")
        files = write_fleet_files(tmp_path / "fleet", fleet)
        give_passwords(files / "hosts.csv", {host.name for host in fleet.hosts})
        secrets = {"the hosts' password": fleet.password, "the wrong password": WRONG_PASSWORD}
        secrets |= key_lines(fleet.key_file.read_text())
        yield Searched(work, Secrets(secrets), (work.workspace, temporary, prefect_home))
        work.kill_all()


@pytest.mark.slow
@pytest.mark.sshd
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_a_campaign_by_ansible_leaves_no_secret_anywhere(searched_openssh: Searched, tmp_path: Path) -> None:
    searched = searched_openssh
    with searched.lines:
        searched.play(tmp_path / "fleet")
        standing = {str(state.host_id): state.status.value for state in searched.work.hosts()}
        searched.come_with_wrong_passwords()
    assert list(standing.values()).count("verified") >= 2, f"hosts were pushed by their password: {searched.said}"
    assert searched.finds() == []


def test_the_search_finds_what_is_there(tmp_path: Path, stage: Stage) -> None:
    """Else the tests above could not fail."""
    secrets = Secrets({"it": HOST_PASSWORD, **key_lines(stage.fleet.key.read_text())})
    (tmp_path / "log").write_text(f"as it is: {HOST_PASSWORD}.")
    (tmp_path / "url").write_text("in an address: Correct-7orse-Battery%3Aof%2Fthe%20hosts@db")
    (tmp_path / "key").write_bytes(stage.fleet.key.read_bytes())
    found = found_in_folder(secrets, tmp_path)
    assert [one for one in found if one.startswith("it ")] == ["it is in log", "it is in url"]
    assert any(one.endswith("of the key is in key") for one in found)

    with CommandLines() as lines:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(1)", HOST_PASSWORD], check=True)
    assert lines.found(secrets)

    events = [f"{event.data}" for event in stage.events()]
    word = next(text for text in events if "needs the fix" in text)
    assert found_in_ledger(Secrets({"a word": "needs the fix"}), stage.sqlalchemy_url), word
    flows = found_in_prefect(Secrets({"a word": str(stage.workspace)}), prefect_of(stage))
    assert "a word is in Prefect's flow_runs" in flows
