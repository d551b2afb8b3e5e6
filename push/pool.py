"""The pusher over any transport: some threads, one lane before them, and exactly one report for each order.

::

    orders ──► caller's thread ──► lane (one selector) ──► ready ──► N threads ──► reports ──► caller's thread

The caller's thread takes orders from its iterator only as fast as they can be begun, so ten thousand orders need no
more memory than fifty. The lane's thread also watches over what the others do: it asks the stop ten times a second,
and cuts off whatever has outlived its deadline.
"""

import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from threading import Lock, Thread, current_thread
from typing import Protocol

from muster.errors import PushError, SecretError
from muster.ids import SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, StopSignal, Target
from push.caps import SHARED as SHARED_CAPS
from push.caps import Pace, SiteCaps
from push.failures import ending_of, explain, may_try_again
from push.judging import Judgement, asked, judge
from push.lane import Dialer, Knock, Lane
from push.redact import SHARED, Redactor
from push.transport import STOP_GRACE_S, Guard, RawResult, Stopped, TimeUp, Transport
from push.waiting import Waiting, size_bytes

TICK_S = 0.1
CUT_LEEWAY_S = 1.5
"""A transport that asks its guard ends in time by itself; what has not, this long after, is cut off."""
STALE_S = 10.0
"""A host that answered and then waited this long for one of our threads is knocked at again: it may have hung up."""
MOST_IN_FLIGHT = 2048
"""Orders taken from the caller and not yet reported, at most, on top of those being carried."""
MOST_SILENT = 512
"""Hosts that are knocked at and do not answer, at most, at one time."""
MOST_LENT = 256
"""Threads at one time, at most, that stand in for others which wait for a thin line."""
SECOND_TRY_S = 0.3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at one time.

    Attributes:
        threads: hosts that are carried to at one time; 8 to 64 are equally fast, more are slower.
        connect_timeout_s: the longest wait for a connection and its greeting.
        sites: hosts of one site at one time; sites that are not named have the cap of their targets, or ``per_site``.
        per_site: cap of every site that says nothing; 0 means none.
        site_bytes_per_s: bytes a second sent to every site that says nothing; 0 means no cap.
    """

    threads: int = 32
    connect_timeout_s: float = 8.0
    sites: Mapping[SiteId, int] = field(default_factory=dict)
    per_site: int = 0
    grace_s: float = STOP_GRACE_S
    site_bytes_per_s: int = 0

    def hosts_of_site(self, target: Target) -> int:
        """The cap of the target's site; 0 means none."""
        return self.sites.get(target.site_id, target.site_hosts or self.per_site)

    def rate_of_site(self, target: Target) -> int:
        """Bytes a second sent to the target's site; 0 means no cap."""
        return target.site_bytes_per_s or self.site_bytes_per_s


class PoolPusher:
    """A Pusher (``muster.ports``) over one transport.

    Args:
        transport: carries.
        limits: how much at one time.
        redactor: cleans every report; the one of this process when not given.
        dialer: reaches hosts behind jump hosts; without it they are reported as unreachable.
        caps: who may begin at a site; the ones of this process when not given.
    """

    def __init__(
        self,
        transport: Transport,
        limits: Limits,
        *,
        redactor: Redactor | None = None,
        dialer: Dialer | None = None,
        caps: SiteCaps | None = None,
    ) -> None:
        self._transport = transport
        self._limits = limits
        self._redactor = redactor or SHARED
        self._dialer = dialer
        self._caps = caps or SHARED_CAPS

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        """See ``muster.ports.Pusher``."""
        lane = partial(Lane, timeout_s=self._limits.connect_timeout_s, dialer=self._dialer)
        pool = _Pool(self._transport, self._limits, self._redactor, stop, lane, self._caps)
        try:
            yield from pool.carry_all(iter(orders))
        finally:
            pool.close()


class _Flag:
    """The stop, as it was last seen by the one thread that asks."""

    def __init__(self, signal: StopSignal) -> None:
        self._signal = signal
        self._since: float | None = None

    @property
    def since(self) -> float | None:
        return self._since

    def look(self) -> bool:
        if self._since is None and self._signal.is_set():
            self._since = time.monotonic()
        return self._since is not None


class _MakeLane(Protocol):
    def __call__(
        self, on_answer: Callable[[Knock], None], on_failure: Callable[[Knock, BaseException], None]
    ) -> Lane: ...


class _Pool:
    """One call of ``execute``."""

    def __init__(
        self,
        transport: Transport,
        limits: Limits,
        redactor: Redactor,
        stop: StopSignal,
        make_lane: _MakeLane,
        caps: SiteCaps,
    ) -> None:
        self._transport = transport
        self._limits = limits
        self._redactor = redactor
        self._flag = _Flag(stop)
        self._lane = make_lane(self._answered, self._unanswered)
        self._waiting = Waiting(limits, caps)
        self._inbox: queue.SimpleQueue[Knock] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Knock] = queue.SimpleQueue()
        self._pending: deque[Knock] = deque()
        self._ready: queue.SimpleQueue[Knock | None] = queue.SimpleQueue()
        self._reports: queue.SimpleQueue[StepReport | None] = queue.SimpleQueue()
        self._carried: dict[Knock, None] = {}
        self._idle = 0
        self._lent = 0
        self._lock = Lock()
        self._workers: list[Thread] = []
        self._retired: list[Thread] = []
        self._in_flight = 0
        self._closing = False
        self._failure: BaseException | None = None
        self._flag.look()
        self._driver = Thread(target=self._drive, name="muster-lane", daemon=True)
        self._driver.start()

    # in the caller's thread
    def carry_all(self, orders: Iterator[Order]) -> Iterator[StepReport]:
        """Feed orders in and give reports out until there are no more."""
        more = True
        while True:
            while more and self._wants_more():
                order = next(orders, None)
                more = order is not None
                if order is None:
                    break
                self._in_flight += 1
                self._inbox.put(Knock(order, Guard(order, self._flag, grace_s=self._limits.grace_s)))
                self._lane.ring()
            if not more and not self._in_flight:
                return
            report = self._reports.get()
            if report is not None:
                self._in_flight -= 1
                yield report
            elif self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Begin nothing more, let what has begun end, and join every thread."""
        self._closing = True
        self._lane.ring()
        self._driver.join()
        self._lane.close()

    def _wants_more(self) -> bool:
        """Few are waiting to begin, the caller has taken most reports, and not too many sit at sites with a cap."""
        waiting = self._inbox.qsize() + len(self._pending)
        few = self._limits.threads
        return waiting < few and self._reports.qsize() < few and self._in_flight < MOST_IN_FLIGHT + few

    # in the lane's thread
    def _drive(self) -> None:
        try:
            while not (self._closing and not self._carried):
                self._take_in()
                self._begin()
                self._lane.drive(TICK_S)
                self._watch()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._failure = error
            self._reports.put(None)
        self._waiting.leave_all()
        with self._lock:
            workers = tuple(self._workers)
        for _ in workers:
            self._ready.put(None)
        for worker in (*workers, *self._retired):
            worker.join()

    def _take_in(self) -> None:
        while not self._ended.empty():
            self._waiting.leave(self._ended.get())
        while not self._inbox.empty():
            knock = self._inbox.get()
            if knock.tries:
                self._open_door(knock)
            else:
                self._pending.append(knock)

    def _begin(self) -> None:
        """Knock at as many further doors as threads will be free for."""
        if self._flag.look() or self._closing:
            self._begin_nothing()
            return
        was_full = len(self._pending) >= self._limits.threads
        for knock in self._waiting.now_free():
            self._begin_knock(knock)
        while self._pending and self._has_room():
            knock = self._pending.popleft()
            if self._waiting.enter(knock):
                self._begin_knock(knock)
        if was_full and len(self._pending) < self._limits.threads:
            self._reports.put(None)

    def _begin_knock(self, knock: Knock) -> None:
        knock.guard = Guard(knock.order, self._flag, grace_s=self._limits.grace_s)
        line = self._waiting.line_of(knock)
        if line is not None:
            knock.guard.pace = Pace(line, self._lending)
            knock.guard.extend(knock.guard.pace.seconds_for(size_bytes(knock.order)))
        self._open_door(knock)

    def _has_room(self) -> bool:
        if len(self._lane) >= MOST_SILENT:
            return False
        return self._ready.qsize() + self._lane.young() < self._limits.threads

    def _begin_nothing(self) -> None:
        for knock in (*self._pending, *self._waiting.drop_all()):
            self._report_error(knock, Stopped())
        self._pending.clear()
        for knock in self._lane.drop_all():
            self._end_with_error(knock, Stopped())

    def _open_door(self, knock: Knock) -> None:
        try:
            door = self._transport.door(knock.order.target)
        except Exception as error:  # noqa: BLE001 - a host's trouble is its report
            self._end_with_error(knock, error)
            return
        if door is None:
            knock.tries += 1
            knock.answered_at = time.monotonic()
            self._answered(knock)
        else:
            self._lane.knock(knock, door)

    def _answered(self, knock: Knock) -> None:
        with self._lock:
            self._carried[knock] = None
        self._ready.put(knock)
        self._see_to_workers()

    def _see_to_workers(self) -> None:
        """Start one more thread where somebody waits for one and there may be more."""
        with self._lock:
            needed = self._ready.qsize() > self._idle
            if needed and len(self._workers) < self._limits.threads + min(self._lent, MOST_LENT):
                worker = Thread(target=self._work, name=f"muster-push-{len(self._workers)}", daemon=True)
                self._workers.append(worker)
                worker.start()

    @contextmanager
    def _lending(self) -> Iterator[None]:
        """In a thread that only waits for its site's line: as long as it does, another one may work in its place."""
        with self._lock:
            self._lent += 1
        self._see_to_workers()
        try:
            yield
        finally:
            with self._lock:
                self._lent -= 1

    def _is_one_too_many(self) -> bool:
        """Whether this thread was only a stand-in and those that it stood in for are back."""
        with self._lock:
            over = len(self._workers) - self._lent > self._limits.threads
            if over:
                this = current_thread()
                self._workers.remove(this)
                self._retired.append(this)
            return over

    def _unanswered(self, knock: Knock, error: BaseException) -> None:
        if knock.tries == 1 and may_try_again(error, knock.guard):
            self._lane_again(knock)
        else:
            self._end_with_error(knock, error)

    def _lane_again(self, knock: Knock) -> None:
        """From any thread: knock once more, at once."""
        self._inbox.put(knock)
        self._lane.ring()

    def _watch(self) -> None:
        with self._lock:
            carried = tuple(self._carried)
        for knock in carried:
            if knock.guard.is_over(leeway_s=CUT_LEEWAY_S):
                knock.guard.cut()

    # in the threads
    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            knock = self._ready.get()
            with self._lock:
                self._idle -= 1
            if knock is None:
                return
            self._carry(knock)
            if self._is_one_too_many():
                return

    def _carry(self, knock: Knock) -> None:
        waited_s = time.monotonic() - knock.answered_at
        knock.guard.extend(waited_s)
        connection, knock.connection = knock.connection, None
        if connection is not None and waited_s > STALE_S:
            connection.close()
            self._leave_thread(knock)
            self._lane_again(knock)
            return
        try:
            self._still_wanted(knock)
            raw = self._transport.carry(knock.order, knock.guard, connection)
        except Exception as error:  # noqa: BLE001 - a host's trouble is its report
            self._carry_failed(knock, error)
        else:
            self._leave_thread(knock)
            self._end(knock, self._report(knock, judge(knock.order.step, raw), raw))
        finally:
            if connection is not None:
                connection.close()

    def _still_wanted(self, knock: Knock) -> None:
        knock.guard.check()
        if self._closing:
            raise Stopped

    def _carry_failed(self, knock: Knock, error: Exception) -> None:
        again = knock.tries == 1 and may_try_again(error, knock.guard) and not self._closing
        if again:
            time.sleep(SECOND_TRY_S)
        self._leave_thread(knock)
        if again:
            self._lane_again(knock)
        else:
            self._end_with_error(knock, error)

    def _leave_thread(self, knock: Knock) -> None:
        with self._lock:
            self._carried.pop(knock, None)

    # ends
    def _end_with_error(self, knock: Knock, error: BaseException) -> None:
        self._ended.put(knock)
        self._report_error(knock, error)
        self._lane.ring()

    def _end(self, knock: Knock, report: StepReport) -> None:
        self._ended.put(knock)
        self._reports.put(report)
        self._lane.ring()

    def _report_error(self, knock: Knock, error: BaseException) -> None:
        meant = explain(error, knock.guard)
        guard = knock.guard
        if not isinstance(error, PushError | SecretError):
            log.debug("%s: %s", knock.order.target.host_id, type(error).__name__, exc_info=error)
        cause, hint = meant.message, meant.hint
        question = asked(guard.stdout, guard.stderr) if guard.touched else None
        if question is not None:
            cause, hint = f"{cause}: {question.cause}", question.hint
        if knock.line is not None and knock.line.broken_by and not isinstance(error, TimeUp | Stopped):
            cause = f"{cause}: jump host {knock.line.broken_by} was lost"
        judgement = Judgement(ending_of(meant), guard.stage, cause, hint)
        self._reports.put(self._report(knock, judgement, RawResult(None, guard.stdout, guard.stderr)))

    def _report(self, knock: Knock, judgement: Judgement, raw: RawResult) -> StepReport:
        now = datetime.now(UTC)
        begun = judgement.ending is not Ending.NOT_STARTED or judgement.stage is not Stage.NOT_STARTED
        # The time that passed is read first: whoever is interrupted between the two clocks must not seem to have begun
        # before the host that made room for it had ended.
        lasted_s = time.monotonic() - knock.guard.began_at
        started = datetime.fromtimestamp(time.time() - lasted_s, UTC) if begun else now
        clean = self._redactor.clean
        return StepReport(
            host_id=knock.order.target.host_id,
            step=knock.order.step.name,
            ending=judgement.ending,
            stage=judgement.stage,
            cause=clean(judgement.cause),
            hint=clean(judgement.hint),
            exit_code=raw.exit_code,
            stdout=clean(raw.stdout),
            stderr=clean(raw.stderr),
            started_at=min(started, now),
            ended_at=now,
        )
