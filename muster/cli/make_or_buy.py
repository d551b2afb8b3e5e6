"""The command ``muster money make-or-buy``: which clients we do ourselves, and which go to which partner."""

from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import opened
from muster.ids import ClientId, PartnerId
from muster.plan import Plan
from muster.words import amount, count

if TYPE_CHECKING:  # it brings OR-Tools, which other commands need not wait for
    from flows.make_or_buy import Proposal
    from scheduler.make_or_buy import ClientWork, NextBest

OURSELVES = "ourselves"
NOBODY = "nobody"


def make_or_buy(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    revenue: Annotated[int, typer.Option(min=0, max=100, help="One partner: percent of all revenue.")] = 100,
    clients: Annotated[int, typer.Option(min=0, max=100, help="One partner: percent of all clients.")] = 100,
    hours: Annotated[int, typer.Option(min=0, max=100, help="One partner: percent of all hours of work.")] = 100,
    all_revenue: Annotated[int, typer.Option(min=0, max=100, help="All partners: percent of all revenue.")] = 100,
    all_clients: Annotated[int, typer.Option(min=0, max=100, help="All partners: percent of all clients.")] = 100,
    all_hours: Annotated[int, typer.Option(min=0, max=100, help="All partners: percent of all hours.")] = 100,
    own: Annotated[int, typer.Option(min=0, max=100, help="Percent of machines right in time with our own.")] = 90,
    seconds: Annotated[float, typer.Option(min=0, help="How long to plan the answer; 0: not at all.")] = 3.0,
    world: Annotated[str, typer.Option("--if", help="In another world, as for what-if: 'add partner northside'.")] = "",
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose which clients we do ourselves and which go to which partner, within limits of exposure; writes nothing.

    As many machines as possible first, then the most profit, with what is at risk taken off.

    Example: muster money make-or-buy --revenue 40 --clients 30 --all-hours 60
    """
    from flows.make_or_buy import propose
    from scheduler.make_or_buy import Exposure

    with opened(context) as workspace:
        found = propose(
            workspace.services,
            workspace.campaign(campaign).id,
            each=Exposure(revenue, clients, hours),
            together=Exposure(all_revenue, all_clients, all_hours),
            own_permille=10 * own,
            seconds=seconds,
            world=world,
        )
        if as_json:
            say_json(_document(found, workspace.services.currency))
        else:
            _say(found, workspace.services.currency)


def _say(found: "Proposal", currency: str) -> None:
    from scheduler.make_or_buy import at_risk_cents

    question, answer = found.question, found.answer
    rows = []
    for client in question.clients:
        if client.client_id not in answer.choice:
            rows.append((client.client_id, NOBODY, f"{client.hosts:,}", *[""] * 4, ""))
            continue
        party = question.party(answer.choice[client.client_id])
        cents = _cost(client, party.partner_id)
        rows.append(
            (
                client.client_id,
                _name(party.partner_id),
                f"{client.hosts:,}",
                amount(client.revenue_cents),
                amount(cents),
                amount(client.revenue_cents - cents),
                amount(at_risk_cents(client, party)),
                _next(answer.next_best[client.client_id]),
            )
        )
    heads = ("client", "goes to", "hosts", "revenue", "cost", "profit", "at risk", "next best")
    table(heads, rows, right=(2, 3, 4, 5, 6))
    say()
    _say_exposure(found)
    say(f"\nexpected profit, what is at risk taken off: {amount(_cents(answer.expected))} {currency}", style="bold")
    for line in _remarks(found):
        say(line)


def _say_exposure(found: "Proposal") -> None:
    table(
        ("exposure", "clients", "of all", "revenue", "of all", "hours", "of all", "right in time"),
        [
            (
                str(one["party"]),
                str(one["clients"]),
                f"{one['clients_percent']} %",
                amount(int(str(one["revenue_cents"]))),
                f"{one['revenue_percent']} %",
                f"{int(str(one['effort_minutes'])) / 60:,.1f}",
                f"{one['effort_percent']} %",
                f"{one['reliable_percent']} %",
            )
            for one in _exposure(found)
        ],
        right=tuple(range(1, 8)),
    )


def _remarks(found: "Proposal") -> list[str]:
    answer, question = found.answer, found.question
    lines = []
    if answer.left_out:
        limits = "no party has room for them within the limits: wider limits, more hours, or another partner"
        lines.append(f"{count(len(answer.left_out), 'client')} left out: {limits}")
    if found.plan is not None:
        hosts = sum(one.hosts for one in question.clients if one.client_id in answer.choice)
        lines.append(
            f"planned so: {_placed(found.plan):,} of its {hosts:,} hosts have a place, "
            f"at a cost of {amount(found.plan.cost.total_cents)}"
            + (f" and a margin of {found.margin.profit}" if found.margin else "")
        )
    if not any(one.revenue_cents for one in question.clients):
        lines.append("no quote is signed: profit is cost only; muster money offer, quote and sign make it known")
    if not answer.proved:
        lines.append("the search has reached its limit: there may be a better answer")
    if found.unpriced:
        lines.append(f"given nothing, because their prices are in another currency: {', '.join(found.unpriced)}")
    return lines


def _next(one: "NextBest") -> str:
    who = _name(one.partner_id) if one.given else NOBODY
    if one.fewer_hosts > 0:
        return f"{who}, {count(one.fewer_hosts, 'host')} fewer done"
    return f"{who}, {amount(_cents(one.less_permille_cents))} less"


def _exposure(found: "Proposal") -> list[dict[str, object]]:
    question, choice = found.question, found.answer.choice
    return [
        {
            "party": _name(party.partner_id),
            **_measure(question.clients, {key for key, one in choice.items() if one == party.partner_id}),
            "reliable_percent": party.reliable_permille / 10,
        }
        for party in question.parties
    ]


def _measure(clients: tuple["ClientWork", ...], theirs: set[ClientId]) -> dict[str, object]:
    """Of clients, revenue and effort how much a party is given, and the share of all in percent."""
    chosen = [one for one in clients if one.client_id in theirs]
    revenue, effort = (sum(one.revenue_cents for one in chosen), sum(one.effort_minutes for one in chosen))
    return {
        "clients": len(chosen),
        "clients_percent": _percent(len(chosen), len(clients)),
        "revenue_cents": revenue,
        "revenue_percent": _percent(revenue, sum(one.revenue_cents for one in clients)),
        "effort_minutes": effort,
        "effort_percent": _percent(effort, sum(one.effort_minutes for one in clients)),
    }


def _percent(part: int, of: int) -> float:
    return round(100 * part / of, 1) if of else 0.0


def _document(found: "Proposal", currency: str) -> dict[str, object]:
    from scheduler.make_or_buy import at_risk_cents

    question, answer = found.question, found.answer
    given = []
    for client in question.clients:
        if client.client_id in answer.choice:
            party = question.party(answer.choice[client.client_id])
            other = answer.next_best[client.client_id]
            given.append(
                {
                    "client": client.client_id,
                    "partner": party.partner_id,
                    "hosts": client.hosts,
                    "revenue_cents": client.revenue_cents,
                    "cost_cents": _cost(client, party.partner_id),
                    "at_risk_cents": at_risk_cents(client, party),
                    "next_best": {
                        "given": other.given,
                        "partner": other.partner_id,
                        "less_cents": _cents(other.less_permille_cents),
                        "fewer_hosts": other.fewer_hosts,
                    },
                }
            )
    planned = None
    if found.plan is not None:
        margin = str(found.margin.profit.amount) if found.margin else None
        cents = found.plan.cost.total_cents
        planned = {"hosts_placed": _placed(found.plan), "cost_cents": cents, "margin": margin}
    return {
        "currency": currency,
        "clients": given,
        "left_out": answer.left_out,
        "expected_profit_cents": _cents(answer.expected),
        "proved": answer.proved,
        "exposure": _exposure(found),
        "planned": planned,
        "unpriced_partners": found.unpriced,
    }


def _cents(permille_cents: int) -> int:
    """Whole cents of thousandths, halves rounded up."""
    return (permille_cents + 500) // 1000


def _cost(client: "ClientWork", partner_id: PartnerId | None) -> int:
    return next(one.cents for one in client.options if one.partner_id == partner_id)


def _placed(plan: Plan) -> int:
    return sum(len(plan.visit[visit_id].host_ids) for visit_id in {one.visit_id for one in plan.assignments})


def _name(partner_id: PartnerId | None) -> str:
    return OURSELVES if partner_id is None else str(partner_id)
