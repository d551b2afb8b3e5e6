"""Any playbook: a company's own, a broken one, and one that tries to look into us."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import psutil
import pytest

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Target
from muster.records import Note
from muster.settings import Settings
from muster.steps import Step, StepName
from push.ansible import ansible_pusher
from push.credentials import Credentials
from push.redact import Redactor
from tests.fleet.openssh import Fleet, openssh_fleet, why_not

SECRET = "recognisable-secret"
pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path_factory.mktemp("playbooks"), 2) as fleet:
        yield fleet


def play(
    fleet: Fleet, folder: Path, tasks: object, *, arguments: dict[str, str] | None = None, host_id: str = "host"
) -> StepReport:
    """Carry a playbook of these tasks to the first host."""
    host = fleet.hosts[0]
    return play_at(
        host.address,
        host.port,
        fleet.key_file,
        fleet.known_hosts,
        folder,
        tasks,
        arguments=arguments,
        host_id=host_id,
    )


def play_at(
    address: str,
    port: int,
    key: Path,
    known_hosts: Path,
    folder: Path,
    tasks: object,
    *,
    arguments: dict[str, str] | None = None,
    host_id: str = "host",
) -> StepReport:
    """Carry a playbook of these tasks to a host."""
    book = [{"name": "Play", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    (folder / "own.yml").write_text(json.dumps(book))
    where = Target(HostId(host_id), SiteId("s"), TransportName.SSH, address, port, "root", f"key:{key}")
    step = Step(StepName.APPLY, "", arguments or {}, playbook="own.yml")
    redactor = Redactor()
    pusher = ansible_pusher(
        Settings(), known_hosts=known_hosts, credentials=Credentials(redactor), redactor=redactor, playbooks=folder
    )
    (report,) = pusher.execute([Order(where, step, 60)], stop=Event())
    return report


@pytest.mark.slow
def test_a_playbook_without_a_report_says_its_changed_tasks(fleet: Fleet, tmp_path: Path) -> None:
    write = {"name": "Write it", "ansible.builtin.copy": {"content": "hello", "dest": "/opt/own"}}
    report = play(fleet, tmp_path, [write])
    assert report.ending is Ending.DONE, report
    assert report.stdout == "changed\tWrite it\ndone\tapply\n"
    assert play(fleet, tmp_path, [write]).stdout == "done\tapply\n"


def test_a_playbook_that_ansible_cannot_read_touches_nothing(fleet: Fleet, tmp_path: Path) -> None:
    report = play(fleet, tmp_path, [{"name": "Odd", "no.such.module": {}}])
    assert (report.ending, report.stage) == (Ending.NOT_STARTED, Stage.NOT_STARTED), report
    assert "no.such.module" in report.cause


def test_a_failed_task_is_named_with_what_it_said(fleet: Fleet, tmp_path: Path) -> None:
    report = play(fleet, tmp_path, [{"name": "Refuse", "ansible.builtin.fail": {"msg": "not on a Friday"}}])
    assert report.ending is Ending.FAILED
    assert report.cause == "the task 'Refuse' failed: not on a Friday"


def test_templates_in_ids_and_arguments_are_never_evaluated(fleet: Fleet, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    evil = "{{ lookup('ansible.builtin.pipe', 'touch " + str(trap) + "') }}"
    report = play(
        fleet,
        tmp_path,
        [
            {
                "name": "report",
                "ansible.builtin.debug": {"msg": ["note\t{{ muster_arguments.MUSTER_ZONES }}", "done\tapply"]},
            }
        ],
        arguments={"MUSTER_ZONES": evil},
        host_id=evil,
    )
    assert not trap.exists()
    assert report.ending is Ending.DONE, report
    assert evil in report.stdout


def test_nothing_of_ours_is_in_the_environment_of_ansible(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "recognisable-secret")
    seen = tmp_path / "seen"
    look = f"exec > {seen}; env; cat /proc/$PPID/environ; cat $HOME/inventory.yml $HOME/artifacts/*/command"
    task = {"name": "Look", "ansible.builtin.shell": look, "delegate_to": "localhost", "connection": "local"}
    assert play(fleet, tmp_path, [task]).ending is Ending.DONE
    assert b"ansible-playbook" in seen.read_bytes()
    assert b"recognisable-secret" not in seen.read_bytes()
    assert str(fleet.key_file).encode() not in seen.read_bytes()


def test_nothing_is_left_of_a_call(fleet: Fleet, tmp_path: Path) -> None:
    assert play(fleet, tmp_path, [{"name": "Look", "ansible.builtin.raw": "true"}]).ending is Ending.DONE
    ours = f"muster-ansible-{os.getpid()}-"
    assert [path.name for path in Path(tempfile.gettempdir()).glob(f"{ours}*")] == []
    assert [process for process in psutil.process_iter() if ours in " ".join(_cmdline(process))] == []


def test_folders_of_processes_that_died_are_swept(fleet: Fleet, tmp_path: Path) -> None:
    gone = next(number for number in range(4_000_000, 4_100_000) if not psutil.pid_exists(number))
    left = Path(tempfile.gettempdir()) / f"muster-ansible-{gone}-left"
    left.mkdir()
    play(fleet, tmp_path, [{"name": "Look", "ansible.builtin.raw": "true"}])
    assert not left.exists()


PUSH_AND_BE_KILLED = """
import sys
from pathlib import Path
from tests.push.test_ansible_playbooks import play_at
address, port, key, known_hosts, folder = sys.argv[1:]
tasks = [{"name": "Sleep", "ansible.builtin.raw": "touch /opt/asleep; sleep 4"},
         {"name": "Go on", "ansible.builtin.raw": "touch /opt/went-on"}]
play_at(address, int(port), Path(key), Path(known_hosts), Path(folder), tasks)
"""


@pytest.mark.slow
def test_a_playbook_does_not_go_on_when_muster_was_killed(fleet: Fleet, tmp_path: Path) -> None:
    host = fleet.hosts[1]
    where = [host.address, str(host.port), str(fleet.key_file), str(fleet.known_hosts), str(tmp_path)]
    muster = subprocess.Popen(
        [sys.executable, "-c", PUSH_AND_BE_KILLED, *where],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert _within(60, lambda: host.exists("/opt/asleep"))
    muster.send_signal(signal.SIGKILL)
    muster.wait()
    time.sleep(7)
    assert not host.exists("/opt/went-on")
    left = f"muster-ansible-{muster.pid}-"
    assert _within(70, lambda: not any(left in " ".join(_cmdline(each)) for each in psutil.process_iter()))


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_words_that_yaml_takes_for_something_else_arrive_as_they_are(fleet: Fleet, tmp_path: Path) -> None:
    words = {"MUSTER_A": "yes", "MUSTER_B": "0640", "MUSTER_C": "", "MUSTER_D": "1e3", "MUSTER_E": "2026-11-22"}
    shown = "note\t{% for name, word in muster_arguments.items() %}{{ name }}={{ word }};{% endfor %}"
    report = play(
        fleet,
        tmp_path,
        [{"name": "report", "ansible.builtin.debug": {"msg": [shown, "done\tapply"]}}],
        arguments=words,
    )
    assert report.stdout.startswith("note\t" + "".join(f"{name}={word};" for name, word in words.items()))


def test_what_happens_at_a_host_is_noted_while_the_playbook_still_runs(fleet: Fleet, tmp_path: Path) -> None:
    host, seen_early = fleet.hosts[0], []
    written: list[Note] = []

    def write(notes: Sequence[Note]) -> None:
        written.extend(notes)
        if any(note.data["task"] == "Say it" for note in written):
            seen_early.append(not host.exists("/opt/the-end"))
            host.write("/opt/go-on", b"")

    wait = "until [ -e /opt/go-on ]; do sleep 0.2; done; touch /opt/the-end"
    tasks = [
        {"name": "Say it", "ansible.builtin.command": f"echo {SECRET}"},
        {"name": "Fail with it", "ansible.builtin.fail": {"msg": f"no {SECRET} here"}, "ignore_errors": True},
        {"name": "Wait until the note was written", "ansible.builtin.raw": wait},
    ]
    book = [{"name": "Play", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "own.yml").write_text(json.dumps(book))
    redactor = Redactor()
    redactor.add(SECRET)
    pusher = ansible_pusher(
        Settings(), known_hosts=fleet.known_hosts, redactor=redactor, playbooks=tmp_path, write=write
    )
    where = Target(
        HostId("h"), SiteId("s"), TransportName.SSH, host.address, host.port, "root", f"key:{fleet.key_file}"
    )
    (report,) = pusher.execute([Order(where, Step(StepName.APPLY, "", playbook="own.yml"), 60)], stop=Event())
    assert report.ending is Ending.DONE, report
    assert seen_early[0] is True
    assert [note.kind.removeprefix("ansible task ") for note in written] == ["changed", "failed", "changed"]
    assert all(note.host_id == "h" for note in written)
    assert written[1].data["message"] == "no [secret] here"
    assert SECRET not in str(written)


PUSH_BY_PASSWORD_AND_BE_KILLED = """
import sys
from pathlib import Path
from threading import Event
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.ports import Order, Target
from muster.records import Note
from muster.settings import Settings
from muster.steps import Step, StepName
from push.ansible import ansible_pusher
address, port, known_hosts, folder = sys.argv[1:]
where = Target(HostId("h"), SiteId("s"), TransportName.SSH, address, int(port), "root", "env:MUSTER_TEST_WORD")
step = Step(StepName.APPLY, "", playbook="own.yml")
list(ansible_pusher(Settings(), known_hosts=Path(known_hosts), playbooks=Path(folder)).execute(
    [Order(where, step, 60)], stop=Event()))
"""


def test_a_password_is_in_no_file_even_when_we_are_killed_and_the_rest_is_swept(fleet: Fleet, tmp_path: Path) -> None:
    host = fleet.hosts[0]
    tasks = [{"name": "Sleep", "ansible.builtin.raw": "touch /opt/asleep-too; sleep 30"}]
    book = [{"name": "Play", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "own.yml").write_text(json.dumps(book))
    muster = subprocess.Popen(
        [
            *(sys.executable, "-c", PUSH_BY_PASSWORD_AND_BE_KILLED),
            *(host.address, str(host.port), str(fleet.known_hosts), str(tmp_path)),
        ],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MUSTER_TEST_WORD": fleet.password},
    )
    assert _within(60, lambda: host.exists("/opt/asleep-too"))
    muster.send_signal(signal.SIGKILL)
    muster.wait()
    (left,) = Path(tempfile.gettempdir()).glob(f"muster-ansible-{muster.pid}-*")
    files = [path for path in left.rglob("*") if path.is_file()]
    assert "inventory.yml" in {path.name for path in files}
    assert [path for path in files if fleet.password.encode() in path.read_bytes()] == []
    assert play(fleet, tmp_path, [{"name": "Look", "ansible.builtin.raw": "true"}]).ending is Ending.DONE
    assert not left.exists()


@pytest.mark.parametrize(
    "module", ["ansible.builtin.raw", pytest.param("ansible.builtin.shell", marks=pytest.mark.slow)]
)
def test_a_stop_ends_a_playbook_at_once_here_and_at_the_host(fleet: Fleet, tmp_path: Path, module: str) -> None:
    host, stop = fleet.hosts[0], Event()
    host.run("rm -f /opt/stopping")
    sleep = "touch /opt/stopping; sleep 4321"
    tasks = [{"name": "Sleep", module: sleep}]
    book = [{"name": "Play", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "own.yml").write_text(json.dumps(book))
    where = Target(
        HostId("h"), SiteId("s"), TransportName.SSH, host.address, host.port, "root", f"key:{fleet.key_file}"
    )
    pusher = ansible_pusher(Settings(), known_hosts=fleet.known_hosts, playbooks=tmp_path)

    def wait_and_stop() -> None:
        _within(60, lambda: host.exists("/opt/stopping"))
        stop.set()

    threading.Thread(target=wait_and_stop, daemon=True).start()
    (report,) = pusher.execute([Order(where, Step(StepName.APPLY, "", playbook="own.yml"), 120)], stop=stop)
    assert (report.ending, report.cause) == (Ending.UNKNOWN, "stopped in the middle of the step")
    assert _within(20, lambda: not any("sleep 4321" in line for line in host.commands())), host.commands()
    ours = f"muster-ansible-{os.getpid()}-"
    assert [process for process in psutil.process_iter() if ours in " ".join(_cmdline(process))] == []
    assert list(Path(tempfile.gettempdir()).glob(f"{ours}*")) == []
