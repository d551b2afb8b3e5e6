"""The pool with a transport that needs no host: order, memory, threads, retries, and what a transport may do wrong."""

import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event

import pytest

from muster.ids import SiteId
from muster.outcomes import Ending, Stage
from muster.ports import Order, Target
from push.pool import Limits, PoolPusher
from push.redact import Redactor
from push.transport import Door, Guard, RawResult
from tests.push.orders import an_order

DONE = RawResult(0, "done\tapply\n", "")
GO_ON = Event()


@dataclass
class Stub:
    """A transport that does what it is told to, in this process."""

    act: Callable[[Order, Guard], RawResult] = lambda _order, _guard: DONE
    a_door: Door | None = None
    at_once: int = 0
    most_at_once: int = 0
    carried: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def door(self, target: Target) -> Door | None:
        del target
        return self.a_door

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        del connection
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.carried.append(order.target.host_id)
        try:
            return self.act(order, guard)
        finally:
            with self.lock:
                self.at_once -= 1


def _pusher(stub: Stub, **limits: object) -> PoolPusher:
    return PoolPusher(stub, Limits(**limits), redactor=Redactor())  # type: ignore[arg-type]


def _nap(_order: Order, _guard: Guard) -> RawResult:
    time.sleep(0.02)
    return DONE


def test_no_more_threads_than_allowed() -> None:
    stub = Stub(_nap)
    reports = list(_pusher(stub, threads=5).execute((an_order(str(n)) for n in range(40)), stop=GO_ON))
    assert len(reports) == 40
    assert stub.most_at_once == 5


def test_few_hosts_need_few_threads() -> None:
    names: set[str] = set()

    def note_thread(_order: Order, _guard: Guard) -> RawResult:
        names.add(threading.current_thread().name)
        return DONE

    list(_pusher(Stub(note_thread), threads=32).execute([an_order()], stop=GO_ON))
    assert len(names) == 1


def test_a_slow_site_with_a_cap_does_not_hold_up_the_others() -> None:
    def slow_at_small(order: Order, _guard: Guard) -> RawResult:
        time.sleep(0.3 if order.target.site_id == "small" else 0.001)
        return DONE

    orders = [an_order(f"s{n}", site="small") for n in range(6)] + [an_order(f"b{n}", site="big") for n in range(30)]
    pusher = _pusher(Stub(slow_at_small), threads=4, sites={SiteId("small"): 1})
    ended = [str(report.host_id) for report in pusher.execute(orders, stop=GO_ON)]
    assert sorted(ended) == sorted(order.target.host_id for order in orders)
    assert max(ended.index(f"b{n}") for n in range(30)) < ended.index("s2")


def test_an_exception_of_a_transport_is_that_hosts_report_and_no_traceback() -> None:
    def fail(order: Order, guard: Guard) -> RawResult:
        guard.reached(Stage.TRANSFER)
        if order.target.host_id == "bad":
            raise ZeroDivisionError("oops")
        return DONE

    reports = {r.host_id: r for r in _pusher(Stub(fail)).execute([an_order("bad"), an_order("good")], stop=GO_ON)}
    assert reports["good"].ending is Ending.DONE  # type: ignore[index]
    bad = reports["bad"]  # type: ignore[index]
    assert bad.ending is Ending.FAILED
    assert "unexpected ZeroDivisionError: oops" in bad.cause


def test_a_transport_that_forgets_its_guard_is_cut_off() -> None:
    here, there = socket.socketpair()

    def hang(_order: Order, guard: Guard) -> RawResult:
        guard.on_cut(lambda: here.shutdown(socket.SHUT_RDWR))
        guard.reached(Stage.COMMAND)
        guard.begin()
        if not here.recv(1):
            raise EOFError
        return DONE

    begun = time.monotonic()
    (report,) = _pusher(Stub(hang)).execute([an_order(deadline_s=0.3)], stop=GO_ON)
    here.close()
    there.close()
    assert time.monotonic() - begun < 3
    assert report.ending is Ending.UNKNOWN
    assert "within 0.3 s" in report.cause


def test_a_connection_lost_before_the_login_is_tried_once_more_and_no_oftener() -> None:
    tries: list[str] = []

    def lose(order: Order, guard: Guard) -> RawResult:
        guard.reached(Stage.HOST_KEY)
        tries.append(order.target.host_id)
        if order.target.host_id == "always" or tries.count(order.target.host_id) == 1:
            raise ConnectionResetError
        return DONE

    orders = [an_order("once"), an_order("always")]
    endings = {r.host_id: r.ending for r in _pusher(Stub(lose)).execute(orders, stop=GO_ON)}
    assert endings == {"once": Ending.DONE, "always": Ending.UNREACHABLE}
    assert sorted(tries) == ["always", "always", "once", "once"]


def test_time_spent_waiting_for_our_threads_is_not_the_hosts() -> None:
    def slow(_order: Order, guard: Guard) -> RawResult:
        time.sleep(0.5)
        guard.check()
        return DONE

    with socket.create_server(("127.0.0.1", 0)) as server:
        stub = Stub(slow, Door("127.0.0.1", server.getsockname()[1], greets=False))
        orders = [an_order(str(n), deadline_s=1.2) for n in range(8)]
        reports = list(_pusher(stub, threads=2).execute(orders, stop=GO_ON))
    assert [report.ending for report in reports] == [Ending.DONE] * 8


def test_a_greeting_in_pieces_is_waited_for_and_garbage_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_dribble, args=(server,), daemon=True).start()
        door = Door("127.0.0.1", server.getsockname()[1], greets=True)
        (report,) = _pusher(Stub(a_door=door), connect_timeout_s=3).execute([an_order()], stop=GO_ON)
    assert report.ending is Ending.DONE, report


def _dribble(server: socket.socket) -> None:
    caller, _ = server.accept()
    with caller, contextlib.suppress(ConnectionError):
        for part in (b"Hel", b"lo\r\n", b"SS", b"H-2.0", b"-x\r\n"):
            caller.sendall(part)
            time.sleep(0.1)
        caller.recv(1)


def test_ten_thousand_orders_need_no_more_memory_than_a_thousand() -> None:
    def loud(_order: Order, _guard: Guard) -> RawResult:
        return RawResult(0, "x" * 10_000 + "\n" + DONE.stdout, "")

    def peak(count: int) -> int:
        tracemalloc.start()
        orders = (an_order(str(n)) for n in range(count))
        for report in _pusher(Stub(loud)).execute(orders, stop=GO_ON):
            assert report.ending is Ending.DONE
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    small = peak(1_000)
    assert peak(10_000) < small * 2 + 1_000_000


def test_a_caller_that_is_slow_holds_up_the_taking_of_orders() -> None:
    taken = 0

    def orders() -> Iterator[Order]:
        nonlocal taken
        for number in range(5_000):
            taken += 1
            yield an_order(str(number))

    reports = _pusher(Stub(), threads=8).execute(orders(), stop=GO_ON)
    next(reports)
    time.sleep(0.3)
    assert taken < 100
    reports.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("threads", [1, 16])
def test_a_stop_that_comes_late_still_reports_every_order(threads: int) -> None:
    stop = Event()
    endings = []
    for report in _pusher(Stub(_nap), threads=threads).execute((an_order(str(n)) for n in range(200)), stop=stop):
        endings.append(report.ending)
        if len(endings) == 10:
            stop.set()
    assert len(endings) == 200
    assert set(endings) == {Ending.DONE, Ending.NOT_STARTED}
