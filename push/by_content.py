"""Who carries a step: Muster's own transports, or Ansible, where a step is a playbook only or the company wants it."""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from muster.fleet import TransportName
from muster.outcomes import StepReport
from muster.ports import Order, Pusher, StopSignal

Maker = Callable[[], Pusher]


def only_a_playbook(order: Order) -> bool:
    """Whether nobody but Ansible can carry this."""
    return bool(order.step.playbook) and not order.step.script


class ByContent:
    """A pusher that gives each order to who can carry it.

    With ``prefer_ansible`` Ansible gets every order for a host that is reached by SSH; Windows hosts stay with Muster's
    own WinRM, which keeps accounts from being locked (``push/ansible.py`` says how). A pusher is made when its first
    order comes.
    """

    def __init__(self, own: Maker, ansible: Maker, *, prefer_ansible: bool = False) -> None:
        self._makers = {False: own, True: ansible}
        self._made: dict[bool, Pusher] = {}
        self._prefer_ansible = prefer_ansible
        self._lock = Lock()

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        """Carry out every order; see the port. Ansible's come last: it takes all of them before it begins."""
        for_ansible: list[Order] = []

        def others() -> Iterator[Order]:
            for order in orders:
                if self._is_for_ansible(order):
                    for_ansible.append(order)
                else:
                    yield order

        waiting = others()
        first = next(waiting, None)
        if first is not None:
            yield from self._pusher(ansible=False).execute(_with_first(first, waiting), stop=stop)
        if for_ansible:
            yield from self._pusher(ansible=True).execute(for_ansible, stop=stop)

    def _is_for_ansible(self, order: Order) -> bool:
        return only_a_playbook(order) or (self._prefer_ansible and order.target.transport is not TransportName.WINRM)

    def _pusher(self, *, ansible: bool) -> Pusher:
        with self._lock:
            if ansible not in self._made:
                self._made[ansible] = self._makers[ansible]()
            return self._made[ansible]


def _with_first(first: Order, rest: Iterator[Order]) -> Iterator[Order]:
    yield first
    yield from rest
