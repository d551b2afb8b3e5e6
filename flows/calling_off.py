"""A partner's visit is called off by name, and a client is introduced: what is owed for either, in the book."""

from dataclasses import replace
from datetime import date

from flows.cancelling import cancelled, of_partner
from flows.changes import Edit
from flows.imagined import Imagined
from flows.partner_work import agreement_in_force, binding_plan, next_number
from flows.services import Services
from muster.errors import NotFound
from muster.ids import CampaignId, ClientId, PartnerId, VisitId
from partners.errors import Refused
from partners.fees import Cancellation, Introduction, introduction_fee
from partners.money import Money
from partners.papers import CANCELLATIONS, INTRODUCTIONS, change


def call_off(
    services: Services, campaign_id: CampaignId, visit_id: VisitId, *, reason: str, by_partner: bool
) -> tuple[Edit, Cancellation]:
    """A visit is taken from its partner, by us or by the partner itself; it is planned anew for others.

    Raises:
        NotFound: the plan that binds gives no partner this visit.
        Refused: it has begun, or no reason is given.
    """
    if not reason.strip():
        raise Refused(f"{visit_id} is not called off without a reason", hint='--reason "..."')
    plan, crew, now = binding_plan(services, campaign_id), services.ledger.crew(), services.clock.now()
    theirs = [one for one in plan.assignments if one.visit_id == visit_id and of_partner(crew, one) is not None]
    if not theirs:
        raise NotFound(f"the plan that binds gives no partner {visit_id!r}", hint="muster partner tasks PARTNER")
    if theirs[0].starts_at <= now:
        raise Refused(f"{visit_id} has begun", hint="muster change no-show, where nobody came")
    made = cancelled(services, crew, plan, theirs[0], reason, owed=True)
    if made is None:
        raise Refused(f"no agreement covers {visit_id}", hint="muster partner show PARTNER")
    made = replace(made, ours=not by_partner, excluded=True)
    kept = services.book.find(CANCELLATIONS, made.id)
    who = "the partner" if by_partner else "us"
    edit = Edit(
        "cancel",
        f"{visit_id} is called off by {who}: {reason} (fee {made.fee})",
        "the person who was to come is not available",
        Imagined(papers=(change(CANCELLATIONS, made, "visit called off", kept),)),
        (("visit", visit_id), ("partner", made.partner_id), ("fee", str(made.fee)), ("owed by", who)),
        unheld=frozenset({visit_id}),
    )
    return edit, made


def introduce(
    services: Services,
    partner_id: PartnerId,
    client_id: ClientId,
    expected: Money,
    *,
    owed_to_us: bool,
    on: date,
    by: str,
    campaign_id: CampaignId | None,
) -> Introduction:
    """Write down that one side brought a client to the other, and what is owed for it.

    Raises:
        Refused: the partner is not eligible, so that no agreement says what is owed.
        NotFound: there is no such client.
    """
    if client_id not in services.ledger.fleet().client:
        raise NotFound(f"the fleet has no client {client_id!r}")
    agreement = agreement_in_force(services, partner_id, services.clock.now())
    taken = [kept.value.id for kept in services.book.papers(INTRODUCTIONS)]
    fee = introduction_fee(agreement, expected)
    made = Introduction(
        next_number("introduction", taken), partner_id, client_id, agreement.id, expected, fee, owed_to_us, on, by,
        campaign_id,
    )  # fmt: skip
    services.book.write([change(INTRODUCTIONS, made, "client introduced")], by=by)
    return made
