"""Hours needed against hours at hand, week by week, and where they are short."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta

from muster.plan import Plan
from scheduler.capacity import Capacity, Need
from scheduler.pictures.svg import ALARM, COLOURS, GRID, INK, PALE, box, document, line, shorter, text

LEAST_WIDTH, WEEK_WIDTH = 740, 64
"""So wide, or as wide as its weeks are with their words beside each other."""

CHART, ROW, LEFT = 220, 24, 240
MOST_LETTERS, SHORT_MINUTES = 36, 600
OWN, PARTNER = COLOURS[0], COLOURS[1]


def load(found: Capacity, share: float, plan: Plan | None = None) -> str:
    """Bars of what is at hand in each week with what is used of it; below, each kind of work and what is short.

    Args:
        found: the answer of ``scheduler/capacity.py``.
        share: which of its shares is drawn, such as 0.8.
        plan: where it is given, what it plans in each week (visits and the ways to them) is drawn as used; without
            one, a way to hand the work out as early as it can be.
    """
    planned = None if plan is None else _planned(plan)
    width = max(LEAST_WIDTH, 40 + WEEK_WIDTH * len(found.weeks))
    height = 90 + CHART + ROW * (len(found.needs) + 1) + 20
    title = f"Hours needed and at hand, sure in {share * 100:.0f} % of cases"
    needed, at_hand, short = found.needed_minutes(share), found.at_hand_minutes, found.short_minutes(share)
    words = f"{_hours(needed)} needed, {_hours(at_hand)} at hand, " + (
        f"{_hours(short)} short" if short else "nothing short"
    )
    parts = [
        text(20, 28, title, size=16, bold=True),
        text(20, 48, words, colour=ALARM if short else INK),
        *_legend(width, "used" if plan is None else "planned, with travel"),
        *_weeks(width, found, share, planned),
        *_needs(width, found, share),
    ]
    return document(width, height, title, parts)


def _planned(plan: Plan) -> dict[tuple[int, int], float]:
    """Minutes of visits and the ways to them, by ISO year and week."""
    minutes: Counter[tuple[int, int]] = Counter()
    for made in plan.assignments:
        spent = (made.ends_at - made.starts_at) // timedelta(minutes=1) + made.travel_minutes
        minutes[made.starts_at.isocalendar()[:2]] += spent
    return {week: float(spent) for week, spent in minutes.items()}


def _legend(width: int, used: str) -> Iterator[str]:
    """What the colours of the weeks mean."""
    entries = ((OWN, 0.35, "at hand: own"), (PARTNER, 0.35, "at hand: partners"), (INK, 1.0, used))
    for number, (colour, opacity, words) in enumerate(entries):
        x = width - 390 + number * 125
        yield box(x, 38, 10, 10, colour, opacity=opacity)
        yield text(x + 14, 47, words, size=10, colour=PALE)


def _weeks(width: int, found: Capacity, share: float, planned: Mapping[tuple[int, int], float] | None) -> Iterator[str]:
    top, bottom = 66, 66 + CHART - 40
    most = max([*(week.at_hand_minutes for week in found.weeks), *(planned or {}).values()], default=0) or 1
    step = (width - 40) / max(1, len(found.weeks))
    scale = (bottom - top - 14) / most  # the highest bar has its hours above it
    for number, week in enumerate(found.weeks):
        x, own = 20 + number * step + step * 0.1, week.own_minutes * scale
        spent = week.used[share] if planned is None else planned.get(week.week, 0.0)
        theirs, used = week.partner_minutes * scale, spent * scale
        yield box(x, bottom - own, step * 0.5, own, OWN, title=f"own: {_hours(week.own_minutes)}", opacity=0.35)
        yield box(
            x,
            bottom - own - theirs,
            step * 0.5,
            theirs,
            PARTNER,
            title=f"partners: {_hours(week.partner_minutes)}",
            opacity=0.35,
        )
        yield box(x + step * 0.55, bottom - used, step * 0.25, used, INK, title=f"used: {_hours(spent)}")
        yield text(x + step * 0.25, bottom - own - theirs - 4, _hours(week.at_hand_minutes), size=10, anchor="middle")
        yield text(x + step * 0.675, bottom - used - 4, _hours(spent), size=10, anchor="middle")
        yield text(x + step * 0.4, bottom + 16, f"week {week.week[1]}", size=11, anchor="middle")
        yield text(x + step * 0.4, bottom + 30, f"from {week.monday:%d %b}", size=9, anchor="middle", colour=PALE)
    yield line(20, bottom, width - 20, bottom, PALE)


def _needs(width: int, found: Capacity, share: float) -> Iterator[str]:
    top = 90 + CHART
    most = max((need.needed[share] for need in found.needs), default=0.0) or 1.0
    scale = (LEAST_WIDTH - LEFT - 150) / most
    yield text(20, top, "what", size=11, colour=PALE)
    yield text(LEFT, top, "needed, and of it short", size=11, colour=PALE)
    yield line(20, top + 4, width - 20, top + 4, GRID)
    for number, need in enumerate(found.needs):
        y = top + ROW * (number + 1)
        length, short = need.needed[share] * scale, need.short[share] * scale
        yield text(20, y, _label(need), size=11)
        yield box(LEFT, y - 11, length, 14, OWN, opacity=0.6)
        if short:
            yield box(LEFT + length - short, y - 11, short, 14, ALARM, title=f"short: {_hours(need.short[share])}")
        words = _hours(need.needed[share]) + (f", {_hours(need.short[share])} short" if short else "")
        yield text(LEFT + length + 6, y, words, size=11, colour=ALARM if short else INK)


def _label(need: Need) -> str:
    skills = need.skills_in_words or "any skill"
    return shorter(f"{skills}, {need.region}" if need.region else skills, MOST_LETTERS)


def _hours(minutes: float) -> str:
    """Whole hours; of few also a tenth, so that a little is not nothing."""
    return f"{minutes / 60:,.1f} h" if 0 < minutes < SHORT_MINUTES else f"{minutes / 60:,.0f} h"
