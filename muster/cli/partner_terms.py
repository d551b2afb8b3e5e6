"""Commands of what was agreed: agree, sign, client, rules."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.days import parse_day, today
from muster.cli.output import say, say_json, table
from muster.cli.partner_files import PartnerArgument, edited, file_of, number, pair, rules_of
from muster.cli.workspace import me, opened
from muster.errors import InputError, NotFound
from muster.ids import ClientId, PartnerId
from muster.words import count
from partners.agreement import BoardApproval, Clauses, Rate, RateUnit, Signature, SignedAgreement
from partners.file import ClientTerms, HouseRules, PartnerFile, signed, terminated, with_agreement
from partners.money import parse_money
from partners.papers import RULES, TERMS, change
from partners.sla import parse_term
from partners.vetting import Criterion


def agree(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    partner: PartnerArgument,
    agreement: Annotated[str, typer.Argument(help="Id of the agreement, such as A-2026-1.")],
    rate: Annotated[str, typer.Option(help="UNIT=PRICE: host, visit or hour, such as hour=70.")],
    until: Annotated[str, typer.Option(help="Last day it covers work.")],
    since: Annotated[str | None, typer.Option("--from", help="First day; by default today.")] = None,
    hours: Annotated[float | None, typer.Option(help="The most work it covers; by default no limit.")] = None,
    client: Annotated[list[str] | None, typer.Option(help="Only this client; may be repeated.")] = None,
    sla: Annotated[list[str] | None, typer.Option(help="TERM=VALUE, such as response_minutes=60.")] = None,
    rework: Annotated[float, typer.Option(help="Percent of the price that wrong machines cost the partner.")] = 0.0,
    pay_days: Annotated[int, typer.Option(help="Days after verification on which payment is due.")] = 14,
    as_json: JsonOption = False,
) -> None:
    """Draft an agreement; it covers no work before both sides have signed and the board has approved.

    Example: muster partner agree north A-2026-1 --rate hour=70 --until 2027-08-31 --sla response_minutes=60
    """
    with opened(context) as workspace:
        plain = Clauses()
        clauses = replace(
            plain,
            rate=_rate(rate, workspace.settings.currency),
            payment=replace(plain.payment, days_after_verified=pay_days),
            rework_percent=Decimal(str(rework)),
            sla=tuple(parse_term(one) for one in sla or ()),
        )
        file = file_of(workspace, partner)
        made = SignedAgreement(
            id=agreement,
            our_party=workspace.settings.company,
            their_party=file.legal_name or file.name,
            valid_from=parse_day(since) if since else today(workspace),
            valid_until=parse_day(until),
            capacity_minutes=None if hours is None else round(hours * 60),
            clients=tuple(ClientId(one) for one in client or ()),
            clauses=clauses,
        )
        edited(workspace, partner, "agreement drafted", lambda one: with_agreement(one, made), as_json=as_json)


def sign(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    partner: PartnerArgument,
    agreement: Annotated[str, typer.Argument(help="Id of the agreement.")],
    ours: Annotated[str | None, typer.Option(help="Who signed for us.")] = None,
    theirs: Annotated[str | None, typer.Option(help="Who signed for the partner.")] = None,
    board: Annotated[str | None, typer.Option(help="Where the board's approval is written.")] = None,
    on: Annotated[str | None, typer.Option(help="When; by default today.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End the agreement: from that day it covers no work.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Record who signed an agreement and when, and the board's approval; or that it was ended.

    Example: muster partner sign north A-2026-1 --ours "Ada Low" --theirs "Nils Berg" --board "minutes of 3 September"
    """
    with opened(context) as workspace:
        day = parse_day(on) if on else today(workspace)
        if not (ours or theirs or board or end):
            raise InputError("nobody signed", hint="--ours NAME, --theirs NAME, --board REFERENCE, or --end")

        def signing(file: PartnerFile) -> PartnerFile:
            if end:
                return terminated(file, agreement, day)
            return signed(
                file,
                agreement,
                ours=Signature(ours, day) if ours else None,
                theirs=Signature(theirs, day) if theirs else None,
                board=BoardApproval("the board", day, board) if board else None,
            )

        edited(workspace, partner, "agreement ended" if end else "agreement signed", signing, as_json=as_json)


def client_terms(
    context: typer.Context,
    client: Annotated[str, typer.Argument(help="Id of a client.")],
    owner: Annotated[str, typer.Option(help="Who of us answers for the client.")] = "",
    unwanted: Annotated[list[str] | None, typer.Option(help="A partner it does not want; may be repeated.")] = None,
    sla: Annotated[list[str] | None, typer.Option(help="TERM=VALUE that the client was promised.")] = None,
    penalty: Annotated[str | None, typer.Option(help="What a machine that is not right in time costs us.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a client was promised, whom it does not want, and who of us owns it; replaces what was said before.

    Example: muster partner client acme --owner ada --unwanted south --sla response_minutes=60
    """
    with opened(context) as workspace:
        if ClientId(client) not in workspace.ledger.fleet().client:
            raise NotFound(f"the fleet has no client {client!r}")
        terms = ClientTerms(
            ClientId(client),
            owner,
            tuple(PartnerId(one) for one in unwanted or ()),
            tuple(parse_term(one) for one in sla or ()),
            parse_money(penalty, workspace.settings.currency) if penalty else None,
        )
        book = workspace.services.book
        book.write([change(TERMS, terms, "client terms written", book.find(TERMS, client))], by=me())
        if as_json:
            say_json({"client": client, "owner": owner, "promised": len(terms.promised), "unwanted": terms.unwanted})
            return
        say(f"the terms of {client} are written down: {count(len(terms.promised), 'promise')}")


def house_rules(
    context: typer.Context,
    criterion: Annotated[list[str] | None, typer.Option(help="NAME=LEAST of one's own; may be repeated.")] = None,
    overall: Annotated[float | None, typer.Option(help="The least mean of all criteria.")] = None,
    named: Annotated[bool | None, typer.Option("--named/--anybody", help="Only people authorised by name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is asked of every partner, or change it: criteria of one's own, the least mean, named people.

    Example: muster partner rules --criterion "speaks French=4" --overall 3.8 --named
    """
    with opened(context) as workspace:
        book = workspace.services.book
        house = rules_of(workspace)
        own = tuple(_criterion(one) for one in criterion or ())
        new = replace(
            house,
            criteria=(*(c for c in house.criteria if c.name not in {o.name for o in own}), *own),
            least_overall=house.least_overall if overall is None else Decimal(str(overall)),
            named_technicians=house.named_technicians if named is None else named,
        )
        if new != house:
            book.write([change(RULES, new, "house rules changed", book.find(RULES, "house"))], by=me())
        if as_json:
            from ledger.codec import Codec

            say_json(Codec(HouseRules).to_plain(new))
            return
        table(
            ("criterion", "least", "weight"),
            [(c.name, str(c.least), str(c.weight)) for c in new.criteria],
            right=(1, 2),
        )
        who = "only people authorised by name" if new.named_technicians else "anybody of a partner"
        say(f"in all at least {new.least_overall}; {who}")
        for one in new.required:
            say(f"needed: {one.name} ({one.kind}{', of each person' if one.each_person else ''})")


def _criterion(text: str) -> Criterion:
    name, least = pair(text, "NAME=LEAST, such as 'speaks French=4'")
    return Criterion(name, number(least, f"the least points for {name}"))


def _rate(text: str, currency: str) -> Rate:
    unit, price = pair(text, "UNIT=PRICE, such as hour=70")
    if unit not in set(RateUnit):
        raise InputError(f"{unit!r} is not what is paid for", hint=f"write one of: {', '.join(RateUnit)}")
    return Rate(RateUnit(unit), parse_money(price, currency))
