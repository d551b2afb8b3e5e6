"""The supervisor of muster up, with real children that are cheap: started again, ended together, nothing left."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import psutil
import pytest

from muster.cli import supervising
from muster.cli.supervising import Part, Supervisor, only_one
from muster.cli.up import GREETING
from muster.errors import InputError

PATIENCE_S = 60.0
STAYS = "import time; print('here', flush=True); time.sleep(600)"
STAYS_WITH_CHILD = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    " print('both', flush=True); time.sleep(600)"
)
IGNORES = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


def until(what: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


class Lines(logging.Handler):
    """Keeps every line as ``part: text``."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{vars(record)['part']}: {record.getMessage()}")

    def hold(self, words: str, times: int = 1) -> bool:
        return sum(words in line for line in self.lines) >= times


@pytest.fixture
def said() -> Iterator[Lines]:
    handler, log = Lines(), logging.getLogger("test.up")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "FIRST_PAUSE_S", 0.1)


def python(name: str, code: str, **more: float) -> Part:
    return Part(name, (sys.executable, "-c", code), stop_s=more.get("stop_s", 20.0))


@contextmanager
def running(folder: Path, *parts: Part) -> Iterator[list[psutil.Process]]:
    """A supervisor at work; gives every process that it has started when it has ended."""
    before = set(psutil.Process().children(recursive=True))
    supervisor = Supervisor(parts, folder / "up.json", logging.getLogger("test.up"))
    thread = Thread(target=supervisor.run, args=(lambda: None,), daemon=True)
    thread.start()
    seen: list[psutil.Process] = []
    try:
        yield seen
        seen += [one for one in psutil.Process().children(recursive=True) if one not in before]
    finally:
        supervisor.stop()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def pid_of(folder: Path, name: str) -> int:
    return int(json.loads((folder / "up.json").read_text())[name][0])


def test_a_part_that_is_killed_comes_back_and_the_end_leaves_nobody(tmp_path: Path, said: Lines) -> None:
    with running(tmp_path, python("one", STAYS), python("two", STAYS_WITH_CHILD)) as seen:
        until(lambda: said.hold("one: here") and said.hold("two: both"))
        first = pid_of(tmp_path, "one")
        os.kill(first, signal.SIGKILL)
        until(lambda: said.hold("one: here", times=2))
        assert said.hold("one: died of SIGKILL; it begins again in 0.1 s")
        assert pid_of(tmp_path, "one") != first
        assert said.hold("two: here") is False
    assert len(seen) == 3
    until(lambda: all(gone(one) for one in seen))
    assert not (tmp_path / "up.json").exists()
    assert [line for line in said.lines if line.startswith("up:")] == ["up: ending", "up: ended"]


def test_what_a_child_had_started_goes_with_it_when_it_is_killed(tmp_path: Path, said: Lines) -> None:
    with running(tmp_path, python("two", STAYS_WITH_CHILD)):
        until(lambda: said.hold("two: both"))
        parent = psutil.Process(pid_of(tmp_path, "two"))
        (child,) = parent.children()
        parent.kill()
        until(lambda: gone(child))


def test_a_part_that_dies_again_and_again_pauses_for_longer(tmp_path: Path, said: Lines) -> None:
    with running(tmp_path, python("bad", "raise SystemExit(3)")):
        until(lambda: said.hold("bad: ended with 3", times=3))
    pauses = [float(line.split()[-2]) for line in said.lines if "begins again" in line]
    assert pauses[:3] == [0.1, 0.2, 0.4]


def test_a_part_that_does_not_end_is_killed(tmp_path: Path, said: Lines) -> None:
    with running(tmp_path, python("deaf", IGNORES, stop_s=0.5)) as seen:
        until(lambda: said.hold("deaf: deaf"))
    assert said.hold("did not end within 0.5 s and is killed")
    until(lambda: all(gone(one) for one in seen))


def test_parts_begin_in_order_and_only_when_the_one_before_is_ready(tmp_path: Path, said: Lines) -> None:
    ready = tmp_path / "ready"
    first = Part("first", (sys.executable, "-c", STAYS), is_ready=ready.exists)
    with running(tmp_path, first, python("second", STAYS)):
        until(lambda: said.hold("first: here"))
        time.sleep(0.3)
        assert not said.hold("second:")
        ready.touch()
        until(lambda: said.hold("second: here"))


def test_a_part_that_somebody_else_does_is_begun_when_they_are_gone(tmp_path: Path, said: Lines) -> None:
    theirs = tmp_path / "theirs"
    theirs.touch()
    part = Part("server", (sys.executable, "-c", STAYS), is_elsewhere=theirs.exists)
    with running(tmp_path, part):
        time.sleep(0.5)
        assert not said.hold("server:")
        theirs.unlink()
        until(lambda: said.hold("server: here"))


def test_what_a_killed_supervisor_left_behind_is_ended_by_the_next(tmp_path: Path, said: Lines) -> None:
    left = subprocess.Popen([sys.executable, "-c", STAYS], stdout=subprocess.DEVNULL, start_new_session=True)
    started = psutil.Process(left.pid).create_time()
    (tmp_path / "up.json").write_text(json.dumps({"hand": [left.pid, started], "reused": [os.getpid(), 1.0]}))
    with running(tmp_path, python("one", STAYS)):
        assert left.wait(PATIENCE_S) == -signal.SIGKILL
        until(lambda: said.hold("one: here"))
    assert said.hold("up: ended hand, which an earlier muster up had left behind")
    assert not said.hold("reused"), "a process of the same number that is another one is left alone"


def test_only_one_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    words = rf"runs already \(process {os.getpid()}\)"
    with only_one(lock, "muster up"), pytest.raises(InputError, match=words), only_one(lock, "muster up"):
        pytest.fail("two at once")
    with only_one(lock, "muster up"):
        pass


def test_what_prefects_server_says_when_all_is_well_is_left_out_of_the_log(tmp_path: Path, said: Lines) -> None:
    from prefect.cli._server_utils import generate_welcome_blurb

    words = [
        *(generate_welcome_blurb("http://127.0.0.1:4200", ui_enabled=one) for one in (True, False)),
        "INFO:     Uvicorn running on http://127.0.0.1:4200\nServer stopped!",
        "Port 4200 is already in use. Please specify a different port with the `--port` flag.",
        "12:00:00.000 | WARNING | prefect.server - the disk is full\n| a table |",
    ]
    code = f"print({chr(10).join(words)!r}, flush=True); import time; time.sleep(600)"
    part = Part("prefect", (sys.executable, "-c", code), is_chatter=lambda line: GREETING.search(line) is not None)
    with running(tmp_path, part):
        until(lambda: said.hold("a table"))
    lines = [line for line in said.lines if line.startswith("prefect:") and "process" not in line]
    assert [line.split()[1] for line in lines] == ["Port", "12:00:00.000", "|"], lines
