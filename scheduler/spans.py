"""Sums over spans of minutes: join, cut, take away."""

from collections.abc import Iterable, Sequence

from scheduler.problem import Span


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, joined where they touch or overlap; empty ones left out."""
    found: list[Span] = []
    for span in sorted(spans):
        if span.starts >= span.ends:
            continue
        if found and span.starts <= found[-1].ends:
            found[-1] = Span(found[-1].starts, max(found[-1].ends, span.ends))
        else:
            found.append(span)
    return found


def cut(spans: Iterable[Span], whole: Span) -> tuple[Span, ...]:
    """The parts of spans that lie inside another one, in order and joined."""
    return tuple(joined(Span(max(s.starts, whole.starts), min(s.ends, whole.ends)) for s in spans))


def without(whole: Span, taken: Iterable[Span]) -> list[Span]:
    """What is left of a span when others are taken out of it, in order."""
    left, reached = [], whole.starts
    for span in joined(taken):
        if span.starts > reached:
            left.append(Span(reached, min(span.starts, whole.ends)))
        reached = max(reached, span.ends)
        if reached >= whole.ends:
            break
    left.append(Span(reached, whole.ends))
    return [span for span in left if span.starts < span.ends]


def common(some: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """The minutes that lie in spans of both; each is in order and apart."""
    return tuple(joined(part for span in others for part in cut(some, span)))
