"""Threads that follow the first: they take what has been added since they last looked, in one go."""

from collections.abc import Callable, Sequence
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from muster.ids import HostId

PATIENCE_S = 1.0
"""A group that takes longer does not hold up those that came after it: they are handled beside it."""
MOST_GROUPS = 8
"""Groups handled at one time, however long they take."""


class Chase:
    """Hands the hosts that are added to ``handle``, in groups, in threads of its own, until it is left.

    Groups are handled one after another as long as they are quick, so that what comes in meanwhile goes together; a
    group with a host that hangs is overtaken. Leaving waits until every host has been handled, and raises the first
    error that ``handle`` raised; after one, nothing more is begun.
    """

    def __init__(self, handle: Callable[[Sequence[HostId]], None], *, patience_s: float = PATIENCE_S) -> None:
        self._handle = handle
        self._patience_s = patience_s
        self._waiting: list[HostId] = []
        self._at_work = 0
        self._closed = False
        self._error: BaseException | None = None
        self._changed = Condition()
        self._leader = Thread(target=self._lead, name="muster-chase", daemon=True)

    def add(self, *host_ids: HostId) -> None:
        """Further hosts to handle."""
        with self._changed:
            self._waiting += host_ids
            self._changed.notify_all()

    def __enter__(self) -> Self:
        self._leader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._leader.join()
        if self._error is not None and error is None:
            raise self._error

    def _lead(self) -> None:
        while group := self._next_group():
            follower = Thread(target=self._follow, args=(group,), name="muster-follow", daemon=True)
            follower.start()
            follower.join(self._patience_s)
            with self._changed:
                self._changed.wait_for(lambda: self._at_work < MOST_GROUPS)
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work)

    def _next_group(self) -> list[HostId]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed or self._error)
            if self._error is not None:
                return []
            group, self._waiting = self._waiting, []
            self._at_work += bool(group)
            return group

    def _follow(self, group: Sequence[HostId]) -> None:
        try:
            self._handle(group)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that leaves
            self._error = self._error or error
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()
