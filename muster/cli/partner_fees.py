"""Commands of fees beside partners' work: a visit that is called off, a client that is introduced."""

from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.changes import go_about
from muster.cli.days import parse_day, today
from muster.cli.output import say, say_json, say_rows
from muster.cli.partner_files import PartnerArgument
from muster.cli.partner_work import VisitArgument
from muster.cli.ways import Way, takes_way
from muster.cli.workspace import me, opened
from muster.ids import ClientId, PartnerId, VisitId
from partners.money import parse_money
from partners.papers import CANCELLATIONS, INTRODUCTIONS


@takes_way
def cancel(
    context: typer.Context,
    visit: VisitArgument,
    reason: Annotated[str, typer.Option(help="Why, for the record; nobody outside reads it.")],
    by_partner: Annotated[bool, typer.Option("--by-partner", help="The partner calls it off, not we.")] = False,
    *,
    way: Way,
) -> None:
    """Call a partner's visit off: what it costs by the agreement, and who does it instead. Binds with --accept.

    Example: muster partner cancel V-acme-hq-onsite-1 --reason "the client wants our own people"
    """
    from flows.calling_off import call_off

    with opened(context) as workspace:
        meant = workspace.campaign(way.campaign)
        edit, made = call_off(workspace.services, meant.id, VisitId(visit), reason=reason, by_partner=by_partner)
        if not way.as_json:
            say(f"{made.partner_id}: fee {made.fee}, owed by {'us' if made.ours else made.partner_id}", style="bold")
        go_about(workspace, meant, edit, way)


def introduction(
    context: typer.Context,
    partner: PartnerArgument,
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    expected: Annotated[str, typer.Option(help="Earnings expected of it in the first year, such as 12000.")],
    ours: Annotated[bool, typer.Option("--ours", help="The partner brought it to us, so we owe the fee.")] = False,
    on: Annotated[str | None, typer.Option(help="When; by default today.")] = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write down that one side brought a client to the other; the agreement says what is owed for it.

    Example: muster partner introduction north acme --expected 12000
    """
    from flows.calling_off import introduce

    with opened(context) as workspace:
        made = introduce(
            workspace.services,
            PartnerId(partner),
            ClientId(client),
            parse_money(expected, workspace.settings.currency),
            owed_to_us=not ours,
            on=parse_day(on) if on else today(workspace),
            by=me(),
            campaign_id=workspace.campaign(campaign).id,
        )
        if as_json:
            say_json({"id": made.id, "fee": str(made.fee), "owed_to_us": made.owed_to_us})
            return
        say(f"{made.id}: {made.fee}, owed by {'us' if ours else partner}")


def fees(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """List the fees of a campaign: visits that were called off, clients that were introduced.

    Example: muster partner fees
    """
    with opened(context) as workspace:
        meant, book = workspace.campaign(campaign), workspace.services.book
        off = [one.value for one in book.papers(CANCELLATIONS, campaign_id=meant.id)]
        brought = [one.value for one in book.papers(INTRODUCTIONS, campaign_id=meant.id)]
        rows: list[tuple[str, ...]] = [
            ("called off", one.visit_id, one.partner_id, str(one.fee), "us" if one.ours else "the partner", one.reason)
            for one in off
        ]
        rows += [
            (
                "introduced",
                made.client_id,
                made.partner_id,
                str(made.fee),
                "the partner" if made.owed_to_us else "us",
                "",
            )
            for made in brought
        ]
        names = ("what", "which", "partner", "fee", "owed by", "why")
        say_rows(names, rows, as_json=as_json, nothing="nothing is owed beside the work", right=(3,))
