"""Every rule put to a campaign, and what people decided to live with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from muster.errors import NotFound
from muster.ids import CampaignId
from muster.ports import Ledger
from reports.notes import notes_of, text_of
from reports.premortem import rules_hosts, rules_people, rules_visits
from reports.premortem.case import Case
from reports.premortem.worry import Rule, Severity, Worry, name_of, reason_and_cure

IGNORED, HEEDED = "premortem ignored", "premortem heeded"

RULES: tuple[Rule, ...] = (
    rules_visits.no_reason_for_clients,
    rules_visits.no_contact,
    rules_visits.not_told,
    rules_visits.language_unknown,
    rules_visits.visited_twice,
    rules_visits.idle_in_office_hours,
    rules_visits.no_slack,
    rules_visits.clock_change,
    rules_visits.rival_partner,
    rules_hosts.no_backup,
    rules_hosts.no_rollback,
    rules_hosts.canary_misses_kind,
    rules_hosts.never_tried,
    rules_people.one_knows,
    rules_people.idle_people,
    rules_people.everybody_away,
)
NAMES = {name_of(rule): rule for rule in RULES}
_ORDER = list(Severity)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Somebody decided to live with a worry; it holds until more are concerned than then."""

    rule: str
    by: str
    reason: str
    concerned: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """A worry, and what a person said to it."""

    worry: Worry
    ignored: Ignored | None

    @property
    def blocks(self) -> bool:
        """Whether something severe is left unanswered."""
        return self.worry.severity is Severity.SEVERE and self.ignored is None


def worries(case: Case, rules: Iterable[Rule] = RULES) -> tuple[Worry, ...]:
    """What does not hold, the worst first."""
    found = []
    for rule in rules:
        said = rule(case)
        if said is not None:
            reason, cure = reason_and_cure(rule)
            found.append(replace(said, reason=reason, cure=cure))
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.severity), -one.concerned)))


def answered(found: Iterable[Worry], ignored: Mapping[str, Ignored]) -> tuple[Answered, ...]:
    """Worries beside the answers that still hold: one is void when more are concerned than when it was given."""
    return tuple(Answered(one, _holding(one, ignored.get(one.rule))) for one in found)


def read_ignored(ledger: Ledger, campaign_id: CampaignId) -> dict[str, Ignored]:
    """What was ignored and not taken back, by rule; the newest word counts."""
    found: dict[str, Ignored] = {}
    for event in notes_of(ledger, campaign_id, frozenset({IGNORED, HEEDED})):
        rule = text_of(event, "rule")
        found.pop(rule, None)
        if event.kind == IGNORED:
            concerned = int(text_of(event, "concerned") or 0)
            found[rule] = Ignored(rule, event.by, text_of(event, "reason"), concerned, event.at)
    return found


def ignore(ledger: Ledger, case: Case, rule: str, *, by: str, reason: str) -> Worry:
    """Write down that somebody lives with what a rule says.

    Raises:
        NotFound: there is no such rule, or it has nothing to say.
    """
    if rule not in NAMES:
        raise NotFound(f"there is no rule {rule!r}", hint=f"there are {', '.join(NAMES)}")
    said = NAMES[rule](case)
    if said is None:
        raise NotFound(f"rule {rule} holds: there is nothing to ignore")
    data = {"rule": rule, "reason": reason, "concerned": said.concerned}
    ledger.note(IGNORED, by=by, campaign_id=case.campaign.id, data=data)
    return said


def heed(ledger: Ledger, campaign_id: CampaignId, rule: str, *, by: str) -> None:
    """Take it back.

    Raises:
        NotFound: it is not ignored.
    """
    if rule not in read_ignored(ledger, campaign_id):
        raise NotFound(f"rule {rule!r} is not ignored")
    ledger.note(HEEDED, by=by, campaign_id=campaign_id, data={"rule": rule})


def _holding(worry: Worry, ignored: Ignored | None) -> Ignored | None:
    return ignored if ignored is not None and worry.concerned <= ignored.concerned else None
