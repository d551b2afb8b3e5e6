"""From where hosts can be reached: which queue of the work pool a worker takes, and what it must leave alone.

A site may name a reach: the network from which alone its machines are pushed. A worker that stands there takes the
queue of that name and nothing else, over connections that it opens itself; it touches no host of another reach and
resolves no credential reference that is not on its list.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import ClassVar

from muster.errors import SecretError, SettingsError
from muster.ids import SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Pusher, StopSignal
from muster.settings import Settings
from push.credentials import ANY_USE, Credentials, Login, Use, Wait

HOME = "home"
"""The queue, and the name in settings, of hosts that can be reached from the company's own network."""
CAMPAIGNS = "campaigns"
"""The queue of the flows that lead: they hand hosts out and touch none themselves."""


def queue_of(reach: str) -> str:
    """The queue whose workers push the hosts of a reach."""
    return reach or HOME


def queues_for(reach: str) -> tuple[str, ...]:
    """The queues that a worker takes: at home also the flows that lead, elsewhere only its own hosts."""
    return (reach,) if reach else (CAMPAIGNS, HOME)


def allowed_references(settings: Settings) -> tuple[str, ...] | None:
    """The patterns of credential references that this machine may use; None where it may use any.

    Raises:
        SettingsError: it stands in a reach, and nobody said what it may use there.
    """
    reach = settings.reach
    given = settings.reach_credentials.get(queue_of(reach))
    if given is None and reach:
        raise SettingsError(
            f"nobody said which credentials may be used in the reach {reach!r}",
            hint=f"in muster.yml: reach_credentials: {{{reach}: ['key:/etc/muster/{reach}-*']}}",
        )
    return None if given is None else tuple(given)


def limited(settings: Settings) -> type[Credentials]:
    """The class of this machine's credentials: where it may use some references only, it refuses all others.

    Raises:
        SettingsError: see ``allowed_references``.
    """
    patterns = allowed_references(settings)
    if patterns is None:
        return Credentials

    class Here(LimitedCredentials):
        """Those of this machine."""

    Here.patterns, Here.reach = patterns, settings.reach
    return Here


class LimitedCredentials(Credentials):
    """Credentials of a machine that may use some references only, those that a reference leads to among them."""

    patterns: ClassVar[tuple[str, ...]] = ()
    reach: ClassVar[str] = ""

    def resolve(self, reference: str, use: Use = ANY_USE, *, wait: Wait | None = None) -> Login:
        """What the reference stands for.

        Raises:
            SecretError: it is not on the list, or cannot be resolved.
        """
        self._must_be_allowed(reference)
        return super().resolve(reference, use, wait=wait)

    def text(self, reference: str, *, wait: Wait | None = None) -> str:
        """The password or the text of the key that a reference stands for.

        Raises:
            SecretError: it is not on the list, cannot be resolved, or has no text of its own.
        """
        self._must_be_allowed(reference)
        return super().text(reference, wait=wait)

    def _must_be_allowed(self, reference: str) -> None:
        if not any(fnmatchcase(reference, pattern) for pattern in self.patterns):
            shown = reference if ":" in reference else "a credential without a scheme"
            raise SecretError(
                f"{shown} may not be used in the reach {queue_of(self.reach)!r}",
                hint="use one of its own for these hosts, or add it on that machine: reach_credentials in muster.yml",
            )


class OnlyWithinReach:
    """A Pusher that touches the hosts of one reach, and reports all others as not started."""

    def __init__(self, inner: Pusher, reaches: Mapping[SiteId, str], here: str) -> None:
        self._inner = inner
        self._reaches = reaches
        self._here = here

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        """See ``muster.ports.Pusher``."""
        refused: list[StepReport] = []
        mine = self._mine(orders, refused)
        yield from self._inner.execute(mine, stop=stop)
        yield from refused

    def _mine(self, orders: Iterable[Order], refused: list[StepReport]) -> Iterator[Order]:
        for order in orders:
            reach = self._reaches.get(order.target.site_id, "")
            if reach == self._here:
                yield order
            else:
                refused.append(_left_alone(order, reach, self._here))


def _left_alone(order: Order, reach: str, here: str) -> StepReport:
    now = datetime.now(UTC)
    return StepReport(
        order.target.host_id,
        order.step.name,
        Ending.NOT_STARTED,
        Stage.NOT_STARTED,
        f"it is reached from {queue_of(reach)!r} alone, and this is {queue_of(here)!r}",
        f"start a worker there: muster worker{f' --reach {reach}' if reach else ''}",
        None,
        "",
        "",
        now,
        now,
    )
