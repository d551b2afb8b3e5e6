"""When the machines of a remote visit may be touched: the gates that go by the clock, as minutes to plan in.

``push.gates`` asks the same rules of one host at one instant. A plan that knew nothing of them would promise hours at
which every push is held back.
"""

from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from functools import reduce

from muster.fleet import Host, Site
from muster.hours import WeekSpan
from muster.safety import GatePolicy
from scheduler.crew_days import Clockwork
from scheduler.hours import local_instant, local_span, spans_until
from scheduler.localtime import zone
from scheduler.problem import Span
from scheduler.spans import common, cut, without


def hours_of(host: Host, site: Site, gates: GatePolicy) -> tuple[WeekSpan, ...]:
    """The hours of the week of a host: of the first rule that is about it, else of its site; empty for any hour."""
    for rule in gates.windows:
        if rule.hosts.takes(host, site):
            return rule.hours
    return site.maintenance


def touch_rules(host: Host, site: Site, gates: GatePolicy) -> Hashable:
    """What is alike for hosts that may be touched at the same times: they can share a visit."""
    blackouts = tuple(one.hosts.takes(host, site) for one in gates.blackouts)
    holds = tuple(one.until is not None and one.hosts.takes(host, site) for one in gates.holds)
    return hours_of(host, site, gates), blackouts, holds


def touch_spans(hosts: Iterable[Host], site: Site, gates: GatePolicy, clockwork: Clockwork) -> tuple[Span, ...]:
    """The minutes between now and the deadline in which all these hosts of a site may be touched.

    A hold that only a person ends closes nothing here: nobody knows when it ends, and the push waits for it.
    """
    whole = Span(0, max(0, clockwork.floor(clockwork.deadline)))
    one_of_each = {touch_rules(host, site, gates): host for host in hosts}
    each = (_spans(host, site, gates, clockwork, whole) for host in one_of_each.values())
    return reduce(common, each, (whole,) if whole.ends else ())


def _spans(host: Host, site: Site, gates: GatePolicy, clockwork: Clockwork, whole: Span) -> tuple[Span, ...]:
    """The minutes in which one host may be touched."""
    hours = hours_of(host, site, gates)
    last = clockwork.deadline.astimezone(zone(site.timezone)).date()
    opened = [whole]
    if hours:
        spans = spans_until(hours, site.timezone, clockwork.epoch, last)
        opened = [Span(clockwork.ceil(one.starts_at), clockwork.floor(one.ends_at)) for one in spans]
    closed = [_closed(clockwork, starts, ends) for starts, ends in _closures(host, site, gates)]
    return common(cut(opened, whole), tuple(without(whole, closed)))


def _closures(host: Host, site: Site, gates: GatePolicy) -> Iterable[tuple[datetime, datetime]]:
    for blackout in gates.blackouts:
        if blackout.hosts.takes(host, site):
            span = local_span(blackout.starts, blackout.ends, site.timezone)
            yield span.starts_at, span.ends_at
    for hold in gates.holds:
        if hold.until is not None and hold.hosts.takes(host, site):
            yield datetime.min.replace(tzinfo=UTC), local_instant(hold.until, site.timezone)


def _closed(clockwork: Clockwork, starts: datetime, ends: datetime) -> Span:
    """Closed minutes are whole ones: a minute that is closed in part is closed."""
    return Span(clockwork.floor(max(starts, clockwork.epoch)), clockwork.ceil(max(ends, clockwork.epoch)))
