"""Commands of money: offer, quote, sign, quotes, profit."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.days import parse_day, today
from muster.cli.output import say, say_json, table
from muster.cli.partner_files import pair
from muster.cli.workspace import me, opened
from muster.errors import InputError, NotFound
from muster.files import write_whole
from muster.ids import ClientId
from muster.words import count
from partners.money import parse_money, total
from partners.offers import ContractPrice, Offer, Quote, QuoteState, VolumeDiscount, declined, signed
from partners.papers import OFFERS, QUOTES, change

if TYPE_CHECKING:
    from partners.profit import Comparison

VALID_DAYS = 30


def offer(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    offer_id: Annotated[str, typer.Argument(help="Id of the price list.")],
    host: Annotated[str, typer.Option(help="Price of a machine, such as 12.50.")],
    site: Annotated[str, typer.Option(help="Price of a site.")] = "0",
    minimum: Annotated[str, typer.Option(help="No client pays less.")] = "0",
    discount: Annotated[list[str] | None, typer.Option(help="MACHINES=PERCENT off from so many on.")] = None,
    contract: Annotated[list[str] | None, typer.Option(help="CLIENT=PERCENT that its contract leaves to pay.")] = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a campaign's price list: per machine, per site, a minimum, discounts, and clients with a contract.

    Example: muster money offer list --host 12.50 --site 40 --minimum 150 --discount 200=10 --contract acme=50
    """
    with opened(context) as workspace:
        currency, book = workspace.settings.currency, workspace.services.book
        made = Offer(
            offer_id,
            workspace.campaign(campaign).id,
            offer_id,
            parse_money(host, currency),
            parse_money(site, currency),
            parse_money(minimum, currency),
            tuple(VolumeDiscount(int(_percent(left)), _percent(right)) for left, right in _pairs(discount)),
            tuple(ContractPrice(ClientId(left), _percent(right)) for left, right in _pairs(contract)),
        )
        book.write([change(OFFERS, made, "offer made", book.find(OFFERS, offer_id))], by=me())
        if as_json:
            say_json({"offer": made.id, "host": str(made.per_host), "site": str(made.per_site)})
            return
        say(f"{made.id}: {made.per_host} a machine, {made.per_site} a site; next: muster money quote {made.id}")


def quote(
    context: typer.Context,
    offer_id: Annotated[str, typer.Argument(help="Id of the price list.")],
    until: Annotated[str | None, typer.Option(help="Last day to sign; by default a month from today.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Quote for every client of the campaign that has not answered yet.

    Example: muster money quote list --until 2026-10-20
    """
    from flows.profit import quote_clients

    with opened(context) as workspace:
        last = parse_day(until) if until else today(workspace) + timedelta(days=VALID_DAYS)
        made = quote_clients(workspace.services, offer_id, last, by=me())
        _say_quotes(list(made), as_json=as_json)


def sign(
    context: typer.Context,
    client: Annotated[list[str], typer.Argument(help="Ids of clients.")],
    by: Annotated[str, typer.Option("--by", help="Who of the client signed.")] = "",
    no: Annotated[bool, typer.Option("--no", help="The client has declined.")] = False,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record that clients have signed their quotes, or declined. Revenue is counted for signed clients only.

    Example: muster money sign acme --by "Bo Acme"
    """
    with opened(context) as workspace:
        meant, book = workspace.campaign(campaign), workspace.services.book
        changes, answered = [], []
        for name in client:
            before = book.find(QUOTES, f"{meant.id}/{name}")
            if before is None:
                raise NotFound(f"client {name!r} has no quote in {meant.id}", hint="muster money quote")
            after = declined(before.value) if no else signed(before.value, by=by, on=today(workspace))
            changes.append(change(QUOTES, after, f"quote {after.state}", before))
            answered.append(after)
        book.write(changes, by=me())
        _say_quotes(answered, as_json=as_json)


def quotes(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """List the quotes of a campaign and how they were answered.

    Example: muster money quotes
    """
    with opened(context) as workspace:
        kept = workspace.services.book.papers(QUOTES, campaign_id=workspace.campaign(campaign).id)
        _say_quotes([one.value for one in kept], as_json=as_json)


def profit(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Option(help="Where the files go; by default reports/.")] = None,
    plan_id: Annotated[str | None, typer.Option("--plan", help="By this plan; by default the one that binds.")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long to search for the plan without partners.")] = 5.0,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the campaign earns: planned, forecast, actual, and without partners; write workbook and page.

    Example: muster money profit --folder board
    """
    from flows.profit import profit_of
    from muster.ids import PlanId

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        chosen = PlanId(plan_id) if plan_id else None
        found = profit_of(workspace.services, meant.id, seconds=seconds, plan_id=chosen)
        written = _written(found, folder or workspace.folder / "reports", str(meant.id))
        if as_json:
            say_json(_document(found, written))
        else:
            _say_profit(found, written)


def _written(found: "Comparison", folder: Path, name: str) -> tuple[Path, Path]:
    from reports.profit_page import profit_html
    from reports.profit_workbook import profit_xlsx

    page, book = folder / f"{name}-profit.html", folder / f"{name}-profit.xlsx"
    try:
        write_whole(page, profit_html(found).encode())
        write_whole(book, profit_xlsx(found))
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot be written: {error.strerror or error}") from None
    return page, book


def _say_profit(found: "Comparison", written: tuple[Path, Path]) -> None:
    from partners.profit import LineKind

    rows = [
        (kind.value, *(f"{one.total(kind).amount:,.2f}" for one in found.statements))
        for kind in LineKind
        if any(one.total(kind).amount for one in found.statements)
    ]
    rows.append(("profit", *(f"{one.profit.amount:,.2f}" for one in found.statements)))
    table((found.planned.currency, *(one.name for one in found.statements)), rows, right=(1, 2, 3, 4))
    say(
        f"\nwith partners {found.protected_with:,} of {found.hosts:,} machines are right in time, without them "
        f"{found.protected_without:,}; the gain is {found.gain}",
        style="bold",
    )
    for path in written:
        say(f"wrote {path}")


def _document(found: "Comparison", written: tuple[Path, Path]) -> dict[str, object]:
    from partners.profit import LineKind

    return {
        "currency": found.planned.currency,
        "statements": [
            {
                "name": one.name,
                "profit": str(one.profit.amount),
                **{kind.value: str(one.total(kind).amount) for kind in LineKind},
            }
            for one in found.statements
        ],
        "gain": str(found.gain.amount),
        "hosts": found.hosts,
        "protected_with_partners": found.protected_with,
        "protected_without_partners": found.protected_without,
        "missed_without_partners": dict(found.missed),
        "files": [str(path) for path in written],
    }


def _say_quotes(found: list[Quote], *, as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {"client": one.client_id, "state": one.state, "total": str(one.total), "hosts": one.hosts,
                 "lines": [[line.text, str(line.sum)] for line in one.lines]}
                for one in found
            ]
        )  # fmt: skip
        return
    rows = [(one.client_id, f"{one.hosts:,}", str(one.total), one.state.value, one.signed_by) for one in found]
    table(("client", "machines", "total", "state", "signed by"), rows, right=(1, 2))
    agreed = total(one.total for one in found if one.state is QuoteState.SIGNED)
    together = ", ".join(str(one) for one in total(one.total for one in found)) or "nothing"
    say(f"{count(len(found), 'quote')}: {together}; signed: {', '.join(str(one) for one in agreed) or 'nothing'}")


def _pairs(texts: list[str] | None) -> list[tuple[str, str]]:
    return [pair(text, "LEFT=PERCENT, such as 200=10") for text in texts or ()]


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise InputError(f"{text!r} is not a number") from None
