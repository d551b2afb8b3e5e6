"""Money of a campaign: the price list, quotes, and the profit with and without partners."""

from datetime import date
from decimal import Decimal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from flows.profit import quote_clients
from muster.errors import InputError, NotFound
from muster.words import count
from partners.money import parse_money
from partners.offers import Offer, declined, signed
from partners.papers import OFFERS, QUOTES, change
from portal.access import nothing_there
from portal.forms import Form, Posted, audited
from portal.manager.common import Changer, Looker, PageNumber, back, campaign_now, head_of, path_of
from portal.manager.queries_money import money_page, work_out
from portal.manager.searches import SOLVING
from portal.render import page
from portal.services import reading_of, services_of

router = APIRouter()
PROFIT_SECONDS = 2.0


@router.get("/manager/{campaign_id}/money")
def money(request: Request, viewer: Looker, campaign_id: str, page_number: PageNumber = 1) -> Response:
    """Quotes and profit."""
    reading = reading_of(request)
    found = campaign_now(reading, campaign_id)
    return page(
        request,
        viewer,
        "manager/money.html",
        head=head_of(found, reading.now, viewer, "Money"),
        shown=money_page(services_of(request), reading, found.campaign.id, page_number),
        dispatched=found.dispatched is not None,
        address=f"{path_of(found.campaign.id)}/money",
    )


@router.post("/manager/{campaign_id}/money/profit")
def profit(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Work the profit out, with a search for the plan that our own people could have made alone."""
    del form
    services, reading = services_of(request), reading_of(request)
    campaign = campaign_now(reading, campaign_id).campaign
    if not SOLVING.acquire(blocking=False):
        raise InputError("something else is being searched for at this moment", hint="try again in some seconds")
    try:
        work_out(services, reading, campaign.id, seconds=PROFIT_SECONDS, by=viewer.by)
    except NotFound as error:
        raise InputError(error.message, hint="dispatch a plan first") from None
    finally:
        SOLVING.release()
    return back(request, f"{path_of(campaign.id)}/money", say="worked out anew")


@router.post("/manager/{campaign_id}/money/offer")
def offer(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Make or change the price list, and quote every client that has not answered yet."""
    services = services_of(request)
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    name, currency = form.text("name", "") or f"{campaign.id}-prices", services.currency
    before = services.book.find(OFFERS, name)
    if before is not None and before.value.campaign_id != campaign.id:
        raise InputError(f"{name} is the price list of another campaign", hint="give this one another name")
    made = Offer(
        name,
        campaign.id,
        name,
        parse_money(form.text("host"), currency),
        parse_money(form.text("site", "0"), currency),
        parse_money(form.text("minimum", "0"), currency),
        before.value.volume if before else (),
        before.value.contracts if before else (),
    )
    if made.per_host.amount < Decimal(0):
        raise InputError("a price is not below nothing")
    services.book.write([change(OFFERS, made, "offer made", before)], by=viewer.by)
    quotes = quote_clients(services, made.id, _day(form), by=viewer.by)
    audited(request, viewer, "clients quoted", campaign_id=campaign.id, offer=made.id, quotes=len(quotes))
    return back(request, f"{path_of(campaign.id)}/money", say=f"{count(len(quotes), 'quote')} made")


@router.post("/manager/{campaign_id}/money/quotes/{client_id}")
def answer(request: Request, viewer: Changer, campaign_id: str, client_id: str, form: Form) -> Response:
    """Record that a client has signed its quote, or declined."""
    reading, services = reading_of(request), services_of(request)
    campaign = campaign_now(reading, campaign_id).campaign
    before = services.book.find(QUOTES, f"{campaign.id}/{client_id}")
    if before is None:
        raise nothing_there()
    if form.text("do", "sign") == "decline":
        after = declined(before.value)
    else:
        after = signed(before.value, by=form.text("by"), on=reading.now.date())
    services.book.write([change(QUOTES, after, f"quote {after.state}", before)], by=viewer.by)
    audited(request, viewer, f"quote {after.state}", campaign_id=campaign.id, client=client_id)
    return back(request, f"{path_of(campaign.id)}/money", say=f"quote of {client_id}: {after.state}")


def _day(form: Posted) -> date:
    try:
        return date.fromisoformat(form.text("until"))
    except ValueError:
        raise InputError("the last day to sign cannot be read", hint="such as 2026-10-31") from None
