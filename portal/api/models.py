"""What the API answers with. Times are aware and in UTC unless a field says otherwise."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from muster.outcomes import HostStatus
from muster.plan import VisitMode
from muster.records import WaveState
from portal.access import Role

NO_NUL = r"^[^\x00]*$"
"""No database keeps one in a text."""
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=NO_NUL)]


class Model(BaseModel):
    """Every answer: exactly these fields."""

    model_config = ConfigDict(extra="forbid")


class Trouble(Model):
    """Why something was not done."""

    error: str
    what_to_do: str = ""
    details: list[str] = Field(default_factory=list)


TROUBLES: dict[int | str, dict[str, Any]] = {
    401: {"model": Trouble, "description": "There is no token, or it is no good any more."},
    403: {"model": Trouble, "description": "The token has not the scope."},
    404: {"model": Trouble, "description": "It is not there, or not the account's to see."},
    422: {"model": Trouble, "description": "A parameter is wrong."},
    503: {"model": Trouble, "description": "The ledger cannot be reached just now."},
}
ACT_TROUBLES: dict[int | str, dict[str, Any]] = {
    400: {"model": Trouble, "description": "It does not fit."},
    409: {"model": Trouble, "description": "It does not hold any more."},
}


class Me(Model):
    """Whom the token acts for."""

    account: str
    name: str
    role: Role


class CampaignLine(Model):
    """A campaign that the account may know of."""

    id: str
    name: str
    deadline: datetime
    timezone: str


class Campaigns(Model):
    """All of them."""

    campaigns: list[CampaignLine]


class StopNow(Model):
    """The stop that is in force."""

    by: str
    reason: str
    at: datetime
    gentle: bool


class Wave(Model):
    """One wave and how it went."""

    number: int
    state: WaveState
    hosts: int
    protected: int
    lost: int
    verdict: str
    opened_at: datetime
    closed_at: datetime | None


class Waves(Model):
    """All waves so far."""

    waves: list[Wave]


class Status(Model):
    """How a campaign stands; ``hosts`` counts machines by where they stand."""

    id: str
    name: str
    fix: str
    deadline: datetime
    timezone: str
    now: datetime
    hosts: dict[HostStatus, int]
    total: int
    protected: int
    stop: StopNow | None
    wave: Wave | None
    plan_id: str | None
    revision: int


class HostNow(Model):
    """One machine of a campaign."""

    id: str
    name: str
    site_id: str
    client_id: str
    os: str
    role: str
    status: HostStatus
    cause: str
    what_to_do: str
    attempts: int
    wave: int
    visit_id: str | None
    person_id: str | None
    changed_at: datetime


class Hosts(Model):
    """A page of machines by their ids; ``next`` is what to ask for after, None on the last page."""

    hosts: list[HostNow]
    next: str | None


class Failure(Model):
    """Machines that failed for one cause."""

    key: str
    status: HostStatus
    cause: str
    what_to_do: str
    hosts: int
    names: str


class Failures(Model):
    """Failures by cause, the largest first."""

    failures: list[Failure]


class PlanLine(Model):
    """A plan, without its visits."""

    id: str
    binding: bool


class Plans(Model):
    """The plans of a campaign, the newest last."""

    plans: list[PlanLine]


class LeftOut(Model):
    """A visit that nobody was given."""

    visit_id: str
    client_id: str
    site_id: str
    hosts: int
    why: list[str]


class PlanSummary(Model):
    """One plan; money in cents of ``currency``, ``gap`` is how far it may be from the best one (None: not known)."""

    id: str
    created_at: datetime
    visits: int
    placed: int
    left_out: int
    first_left_out: list[LeftOut]
    currency: str
    total_cents: int
    labour_cents: int
    travel_cents: int
    overtime_cents: int
    partner_cents: int
    gap: float | None


class Odds(Model):
    """The newest forecast: how likely all is done in time (0 to 1), and what limits it."""

    at: datetime
    all_done: float
    done_share: float
    least_odds: float
    worst: list[str]


class ForecastNow(Model):
    """None where nobody has made a forecast yet."""

    forecast: Odds | None


class VisitLine(Model):
    """A visit that the account may see."""

    campaign_id: str
    visit_id: str
    client_id: str
    client: str
    site_id: str
    site: str
    timezone: str
    mode: VisitMode
    person: str
    starts_at: datetime
    ends_at: datetime
    hosts: int


class Visits(Model):
    """A page of visits by when they begin; ``next`` is the ``skip`` of the next page, None on the last."""

    visits: list[VisitLine]
    total: int
    next: int | None


class VisitHost(Model):
    """A machine of a visit; nothing that would help anybody to log in to it."""

    name: str
    os: str
    role: str
    status: HostStatus | None


class VisitNow(Model):
    """One visit with its machines."""

    visit: VisitLine
    hosts: list[VisitHost]


class StopOrder(Model):
    """Stop a campaign: nothing new starts until a person lets it go on."""

    reason: Sentence
    gentle: bool = False


class GoOnOrder(Model):
    """Let a stopped campaign go on."""

    reason: Sentence


class Decision(Model):
    """A yes or a no to what waits for a person, such as the next wave."""

    approve: bool
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=NO_NUL)] = ""


class Waiting(Model):
    """Something that waits for a person's yes."""

    id: str
    act: str
    asked_by: str
    sentence: str


class Approvals(Model):
    """What waits."""

    waiting: list[Waiting]


class Done(Model):
    """What was done, in a sentence."""

    done: str
