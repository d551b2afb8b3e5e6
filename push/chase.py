"""A second thread that follows the first: it takes what has been added since it last looked, in one go."""

from collections.abc import Callable, Sequence
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from muster.ids import HostId


class Chase:
    """Hands the hosts that are added to ``handle``, in groups, in a thread of its own, until it is left.

    Leaving waits until every host has been handled, and raises what ``handle`` raised.
    """

    def __init__(self, handle: Callable[[Sequence[HostId]], None]) -> None:
        self._handle = handle
        self._waiting: list[HostId] = []
        self._closed = False
        self._error: BaseException | None = None
        self._changed = Condition()
        self._thread = Thread(target=self._follow, name="muster-verify", daemon=True)

    def add(self, host_id: HostId) -> None:
        """One more host to handle."""
        with self._changed:
            self._waiting.append(host_id)
            self._changed.notify()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _follow(self) -> None:
        while group := self._next_group():
            try:
                self._handle(group)
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that leaves
                self._error = error
                return

    def _next_group(self) -> list[HostId]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group, self._waiting = self._waiting, []
            return group
