"""What happened, as its form says it, and the plan that answers it: worked out, shown, and kept until it is decided.

Nothing is written before somebody accepts (``flows.changes``). What was worked out lies in the memory of this process;
after a restart it is worked out anew from what the record of the search says.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from muster.errors import InputError, NotFound
from muster.ids import CampaignId, PersonId, VisitId
from muster.plan import Assignment
from muster.wiring import Wired
from portal.manager.search_record import Search

if TYPE_CHECKING:  # they bring the solver, which most pages need not wait for
    from flows.changes import Edit, Proposal

AWAY, DECLINED, NO_SHOW, REPLAN = "away", "declined", "no-show", "replan"
HAPPENED = (
    (AWAY, "Somebody cannot come"),
    (NO_SHOW, "Nobody came to a visit"),
    (DECLINED, "A partner gives a visit back"),
    (REPLAN, "Go on from how things stand now"),
)
"""What may have happened, in the order of the form."""
DAY, SPAN, UNTIL = "day", "visit", "until"
SPANS = ((DAY, "all of that day"), (SPAN, "only at that hour"), (UNTIL, "until a date"))
"""How long somebody cannot come."""
SECONDS = 5.0
MOST = 8

_FOUND: "OrderedDict[tuple[Path, str], Proposal]" = OrderedDict()
_LOCK = Lock()


def work_out(services: Wired, search: Search, told: Callable[[str], None] | None = None) -> None:
    """Work out what a change would do, and keep that for whoever looks.

    Raises:
        MusterError: it cannot be so, such as a visit that the plan does not have.
    """
    from flows.changes import propose

    edit = edit_of(services, search.campaign_id, search.about, by=search.by)
    found = propose(services, search.campaign_id, edit, seconds=search.seconds, told=told)
    with _LOCK:
        _FOUND[services.settings.workspace, search.id] = found
        while len(_FOUND) > MOST:
            _FOUND.popitem(last=False)


def proposal_of(services: Wired, search: Search) -> "Proposal | None":
    """What was worked out; None where this process does not have it."""
    with _LOCK:
        return _FOUND.get((services.settings.workspace, search.id))


def forget(services: Wired, search: Search) -> None:
    """It was decided, or is out of date."""
    with _LOCK:
        _FOUND.pop((services.settings.workspace, search.id), None)


def edit_of(services: Wired, campaign_id: CampaignId, about: Mapping[str, str], *, by: str) -> "Edit":
    """What happened, from the fields of its form.

    Raises:
        InputError: a field is missing or cannot be read.
        NotFound: the plan that binds has no such visit, or the crew no such person.
    """
    from flows.calling_off import call_off
    from flows.change_kinds import no_show
    from flows.changes import Edit

    happened, visit_id, reason = about.get("happened", ""), VisitId(about.get("visit", "")), about.get("reason", "")
    match happened:
        case "away":
            return _away(services, campaign_id, about, by)
        case "declined":
            said = reason or "the partner cannot come"
            return call_off(services, campaign_id, visit_id, reason=said, by_partner=True)[0]
        case "no-show":
            return no_show(services, campaign_id, visit_id, until=None, reason=reason, by=by)
        case "replan":
            return Edit(
                "replan", "The plan is gone on with from how things stand now", reason or "the plan has changed"
            )
        case _:
            raise InputError("what happened?", hint="choose one of what may have happened")


def _away(services: Wired, campaign_id: CampaignId, about: Mapping[str, str], by: str) -> "Edit":
    from flows.change_kinds import sick

    person_id, visit_id = PersonId(about.get("person", "")), VisitId(about.get("visit", ""))
    person = services.ledger.crew().engineer.get(person_id)
    if person is None:
        raise NotFound("there is nobody of that id", hint="choose somebody of the crew")
    visit = _theirs(services, campaign_id, person_id, visit_id) if visit_id else None
    since, until = _span(about, visit, ZoneInfo(person.timezone), services.clock.now())
    edit = sick(services, person_id, since, until, reason=about.get("reason", "") or "cannot come", by=by)
    return replace(edit, unheld=frozenset({visit.visit_id})) if visit is not None else edit


def _theirs(services: Wired, campaign_id: CampaignId, person_id: PersonId, visit_id: VisitId) -> Assignment:
    from flows.partner_work import binding_plan

    plan = binding_plan(services, campaign_id)
    for one in plan.assignments:
        if (one.visit_id, one.person_id) == (visit_id, person_id):
            return one
    raise NotFound(f"the plan that binds does not give {person_id} the visit {visit_id}", hint="look again")


def _span(
    about: Mapping[str, str], visit: Assignment | None, zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime]:
    """From when to when: of a visit's hour or day, else from now on until the end of a day."""
    span = about.get("span", DAY)
    if span == SPAN and visit is not None:
        return visit.starts_at - timedelta(minutes=visit.travel_minutes), visit.ends_at
    first = max(now, _midnight(visit.starts_at.astimezone(zone).date(), zone)) if visit is not None else now
    last = first.astimezone(zone).date()
    if span == UNTIL:
        try:
            last = date.fromisoformat(about.get("until", ""))
        except ValueError:
            raise InputError("until when? The date cannot be read", hint="such as 2026-10-28") from None
    return first, _midnight(last + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
