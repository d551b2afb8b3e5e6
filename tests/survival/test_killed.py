"""``kill -9`` of ``muster run`` at any moment, and ``muster run`` again: nothing is lost, nothing is pushed blindly.

Twenty moments, spread evenly over everything that the ledger and the hosts write down during an undisturbed run; each
meets a fresh copy of the same campaign. Every fourth of them is part of the usual suite, the others of
``make test-slow``.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue

import pytest

from muster.demo.cast import Kind
from muster.demo.zones import FRESH_VERSION, zoneinfo_folder
from muster.outcomes import HostStatus
from muster.records import AttemptRow
from tests.survival.host_log import Session, of_step, pushed_blindly
from tests.survival.stage import Lanes, Stage
from tests.survival.workplace import Said, kill

MOMENTS = 20
USUAL_MOMENTS = range(0, MOMENTS, 4)
PUSH_S = 0.5
"""A push takes at least so long, so that some of the moments are in the middle of one."""

pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A run that nobody kills: from which progress to which it goes."""

    begins: int
    ends: int

    def at(self, moment: int) -> int:
        """The progress at one of the moments."""
        return self.begins + (self.ends - self.begins) * moment // MOMENTS


@dataclass(frozen=True, slots=True)
class Accident:
    """What was found after a kill, and after the run that followed it."""

    moment: int
    attempts_then: tuple[AttemptRow, ...]
    sessions_then: list[Session]
    said: Said
    expected: Mapping[str, int]
    attempts: tuple[AttemptRow, ...]
    sessions: list[Session]
    held: tuple[str, ...]
    wrong_disks: tuple[str, ...]

    @property
    def open_then(self) -> tuple[AttemptRow, ...]:
        """Attempts that the killed process left open."""
        return tuple(attempt for attempt in self.attempts_then if attempt.outcome is None)

    @property
    def at_work_then(self) -> list[Session]:
        """Steps that hosts were carrying out when the process was killed."""
        return [one for one in self.sessions_then if not one.done]


class Accidents:
    """Plays the accidents that are asked for, some beside each other, each once."""

    def __init__(self, lanes: list[Stage], moments: list[int]) -> None:
        self._free: SimpleQueue[Stage] = SimpleQueue()
        for stage in lanes:
            self._free.put(stage)
        self.undisturbed = _undisturbed(lanes[0])
        self._pool = ThreadPoolExecutor(len(lanes))
        self._played: dict[int, Future[Accident]] = {one: self._pool.submit(self._play, one) for one in moments}

    def at(self, moment: int) -> Accident:
        return self._played[moment].result()

    def all(self) -> list[Accident]:
        return [future.result() for future in self._played.values()]

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _play(self, moment: int) -> Accident:
        stage = self._free.get()
        try:
            return play(stage, moment, self.undisturbed)
        finally:
            self._free.put(stage)


def play(stage: Stage, moment: int, undisturbed: Undisturbed) -> Accident:
    """Kill a run at a moment, look at what it left behind, and run again."""
    stage.again()
    stage.slow_down(PUSH_S)
    _run_and_kill(stage, undisturbed.at(moment))
    attempts_then, sessions_then = stage.attempts(), stage.sessions()
    said = stage.well("run", "--ahead", "--json")
    return Accident(
        moment,
        attempts_then,
        sessions_then,
        said,
        stage.expected(),
        stage.attempts(),
        stage.sessions(),
        tuple(str(state.host_id) for state in stage.hosts() if state.runner_id is not None),
        tuple(_wrong_disks(stage)),
    )


def _run_and_kill(stage: Stage, progress: int) -> None:
    command = stage.start("run", "--ahead")
    assert command.stdout is not None
    command.stdout.readline()  # "would touch ...": nothing is claimed yet
    stage.wait_for(lambda: stage.progress() >= progress, command)
    kill(command)
    command.communicate()


def _undisturbed(stage: Stage) -> Undisturbed:
    stage.again()
    stage.slow_down(PUSH_S)
    begins = stage.progress()
    said = stage.well("run", "--ahead", "--json")
    assert pushed_blindly(stage.sessions()) == []
    assert list(_wrong_disks(stage)) == []
    assert said.summary == stage.expected()
    return Undisturbed(begins, stage.progress())


def _wrong_disks(stage: Stage) -> Iterator[str]:
    """Hosts that could be mended and whose disks do not hold the fresh rules."""
    right = (zoneinfo_folder(FRESH_VERSION) / "America/Vancouver").read_bytes()
    for host in (*stage.fleet.of_kind(Kind.STALE), *stage.fleet.of_kind(Kind.RIGHT)):
        if (host.root / "usr/share/zoneinfo/America/Vancouver").read_bytes() != right:
            yield host.id


@pytest.fixture(scope="module")
def accidents(request: pytest.FixtureRequest, lanes: Lanes) -> Iterator[Accidents]:
    played = Accidents(lanes(2), sorted(_chosen(request)))
    yield played
    played.close()


def _chosen(request: pytest.FixtureRequest) -> set[int]:
    """The moments that this session is to play, so that they can be played beside each other."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    named = {int(str(item.callspec.params["moment"])) for item in items if hasattr(item, "callspec")}
    return named or set(USUAL_MOMENTS)


@pytest.mark.parametrize(
    "moment", [pytest.param(one, marks=() if one in USUAL_MOMENTS else pytest.mark.slow) for one in range(MOMENTS)]
)
def test_a_run_that_is_killed_and_run_again_comes_to_the_same(accidents: Accidents, moment: int) -> None:
    accident = accidents.at(moment)
    assert accident.said.summary == accident.expected, "the summary is that of a run that nobody killed"
    assert pushed_blindly(accident.sessions) == []
    assert told_twice(accident.attempts) == []
    assert accident.held == (), "nobody is left claimed"
    assert accident.wrong_disks == (), "no host is lost"


def test_the_kills_hit_before_during_and_after_pushes(accidents: Accidents) -> None:
    played = accidents.all()
    assert any(not one.attempts_then for one in played), "one is before the first claim"
    assert sum(bool(one.open_then) for one in played) >= 2, "some leave claims behind"
    assert any(of_step(one.at_work_then, "apply") for one in played), "some hit a host in the middle of a push"


def told_twice(attempts: tuple[AttemptRow, ...]) -> list[str]:
    """What is wrong with the ledger's own story: a claim beside an open one, or a push after the host was verified."""
    wrong: list[str] = []
    for host_id in {attempt.host_id for attempt in attempts}:
        its = sorted((one for one in attempts if one.host_id == host_id), key=lambda one: one.id)
        for first, second in pairwise(its):
            if second.fence <= first.fence or first.outcome is None or first.outcome.at > second.begun_at:
                wrong.append(f"{host_id} was claimed again while it was claimed")
            elif first.outcome.status is HostStatus.VERIFIED:
                wrong.append(f"{host_id} was claimed again after it was verified")
        if its[-1].outcome is None:
            wrong.append(f"{host_id} is still claimed")
    return wrong
