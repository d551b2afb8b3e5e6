"""Waves: by which rules they are let loose, how each went, what comes next, and whom gates hold."""

from dataclasses import dataclass
from datetime import datetime

from flows.ahead import Ahead, rules
from flows.approvals import approvals_of, still_waiting
from flows.services import Services
from flows.turns import HeldGroup
from muster.approvals import Act, Approval, who_may
from muster.ids import CampaignId
from muster.records import WaveState
from portal.beside import Sum
from portal.manager.common import Rows, rows_of
from portal.manager.kept import worked_out
from portal.manager.queries_board import WaveLine, wave_lines
from portal.reading import CampaignNow, Reading
from push.budgets import Spent

SHOWN_NEXT = 12
SHOWN_KINDS = 20
SHOWN_HELD = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """Machines of one kind in the wave that comes next."""

    name: str
    hosts: int
    examples: str


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """An error budget of which something is spent."""

    whose: str
    lost: int
    touched: int
    breach: str


@dataclass(frozen=True, slots=True)
class Held:
    """Machines that a gate holds."""

    headline: str
    names: str
    hint: str


@dataclass(frozen=True, slots=True)
class Coming:
    """What a run would do now, worked out at ``at``."""

    at: datetime
    planned: bool
    rules: tuple[str, ...]
    budgets: tuple[BudgetLine, ...]
    sizes: tuple[int, ...]
    hosts: int
    kinds: tuple[Kind, ...]
    later: int
    over_limit: int
    held: tuple[Held, ...]
    more_held: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an approval, and who may decide it."""

    approval: Approval
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waves:
    """The page of waves.

    Attributes:
        coming: what a run would do now; None while it is worked out for the first time.
        halted: whether the last wave did not pass, so that to go on is to let the next one begin in spite of it.
        ramp: what somebody must say yes to before the next wave begins.
    """

    waves: Rows[WaveLine]
    coming: Coming | None
    halted: bool
    open: bool
    ramp: tuple[Asked, ...]


def waves_of(services: Services, reading: Reading, found: CampaignNow, page: int) -> Waves:
    """The waves of one campaign, the newest first."""
    campaign = found.campaign
    shown = rows_of(tuple(reversed(found.waves)), page)
    lines = wave_lines(reading, found, shown.rows)
    last = found.waves[-1].state if found.waves else None
    return Waves(
        Rows(lines, shown.total, shown.page, shown.pages),
        worked_out(services, reading, Sum(_coming, (campaign.id,)), reading.counts(campaign.id).total()),
        last is WaveState.HALTED,
        last is WaveState.OPEN,
        tuple(one for one in waiting(services, found) if one.approval.act is Act.RAMP),
    )


def waiting(services: Services, found: CampaignNow) -> tuple[Asked, ...]:
    """Requests of a campaign that nobody has decided yet, the oldest first."""
    policy = found.campaign.approvals
    return tuple(
        Asked(one, who_may(policy.rule(one.act), services.approvers))
        for one in still_waiting(approvals_of(services.book, found.campaign.id))
    )


def decided(services: Services, campaign_id: CampaignId) -> tuple[Approval, ...]:
    """Requests of a campaign that were decided, the newest first."""
    return tuple(one for one in reversed(approvals_of(services.book, campaign_id)) if one.decision is not None)


def _coming(services: Services, reading: Reading, campaign_id: CampaignId) -> Coming:
    campaign = reading.campaign(campaign_id).campaign
    ahead = Ahead(services, campaign, ahead=False)
    return Coming(
        services.clock.now(),
        ahead.planned,
        tuple(rules(campaign, ahead.scene)),
        tuple(_budget(one) for one in ahead.accounts if one.lost),
        tuple(len(one) for one in ahead.next[:SHOWN_NEXT]),
        sum(len(one) for one in ahead.next),
        tuple(Kind(name or "no kind", len(ids), _examples(ids)) for name, ids in ahead.kinds())[:SHOWN_KINDS],
        ahead.later,
        ahead.over_limit,
        tuple(_held(one) for one in ahead.held[:SHOWN_HELD]),
        max(0, len(ahead.held) - SHOWN_HELD),
    )


def _budget(one: Spent) -> BudgetLine:
    return BudgetLine(one.whose, len(one.lost), one.touched, one.breach() or "")


def _held(group: HeldGroup) -> Held:
    return Held(group.headline, group.names, group.held.hint)


def _examples(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:4]) + (" …" if len(ids) > 4 else "")
